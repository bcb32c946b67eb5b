// quantize: a float model and recordings to a quantised .tflite file, with what it costs.
#include "quantize/quantize.h"

#include "base/file.h"
#include "cli/calibration.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "compile.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct QuantizeCommandOptions {
    ModelOptions model;
    CalibrationOptions data;
    std::string output;
    std::string scheme = "int8";
    std::string ranges = "auto";
    std::string subtract = "0", divide = "1", rate = "0", max_drop;
    bool float_interface = false;
    bool per_tensor_dense = false;
    bool force = false;
    int64_t runs = 300;
};

double number(const std::string& option, const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc() && end == text.data() + text.size() && std::isfinite(value),
            ErrorCode::T0004, {option + " " + text, "is no number", "a number", option + " 1"});
    return value;
}

std::optional<RangeMethod> method_of(const std::string& name)
{
    for (const RangeMethod method :
         {RangeMethod::min_max, RangeMethod::percentile, RangeMethod::mse})
        if (range_method_name(method) == name) return method;
    return std::nullopt;
}

// A file that this tool wrote says so in its description.
void require_replaceable(const fs::path& path, bool force)
{
    if (force || !fs::exists(path)) return;
    bool ours = false;
    try {
        ours = read_tflite_file(path).description == "thimble";
    } catch (const Error&) {
    }
    require(ours, ErrorCode::T0005,
            {path.string(), "was not written by thimble", "a new file, or one of its own",
             "-o " + (path.parent_path() / ("quantised_" + path.filename().string())).string() +
                 ", or --force"});
}

json report_json(const QuantizeCommandOptions& options, const Quantized& result,
                 const std::vector<std::string>& warnings, int64_t runs)
{
    json layers = json::array();
    for (const LayerError& layer : result.layers)
        layers.push_back({{"name", layer.name},
                          {"op", layer.op},
                          {"dtype", layer.type},
                          {"sqnr_db", std::isfinite(layer.sqnr_db) ? json(layer.sqnr_db) : json()},
                          {"mean_error", layer.mean_error},
                          {"max_error", layer.max_error},
                          {"range", {layer.least, layer.most}}});
    json object = {
        {"files", {options.output}},
        {"warnings", warnings},
        {"scheme", options.scheme},
        {"bytes_before", fs::file_size(options.model.path)},
        {"bytes_after", fs::file_size(options.output)},
        {"runs", runs},
        {"ranges", range_method_name(result.method)},
        {"equalized", result.equalized},
        {"bias_corrected", result.bias_corrected},
        {"output_error", {{"mean", result.output_error}, {"max", result.output_error_max}}},
        {"layers", layers}};
    if (result.accuracy >= 0) {
        object["float_accuracy"] = result.float_accuracy;
        object["accuracy"] = result.accuracy;
    }
    if (!result.worst_layer.empty()) object["worst_layer"] = result.worst_layer;
    return object;
}

void say_report(const QuantizeCommandOptions& options, const Quantized& result, int64_t runs)
{
    TextTable table({"layer", "op", "type", ">SQNR dB", ">mean error", ">max error", ">range"});
    for (const LayerError& layer : result.layers)
        table.row({layer.name, layer.op, layer.type,
                   std::isfinite(layer.sqnr_db) ? fmt::format("{:.1f}", layer.sqnr_db) : "equal",
                   fmt::format("{:.3g}", layer.mean_error), fmt::format("{:.3g}", layer.max_error),
                   fmt::format("{:.3g} .. {:.3g}", layer.least, layer.most)});
    say(table.text() + "\n");
    const auto before = static_cast<int64_t>(fs::file_size(options.model.path));
    const auto after = static_cast<int64_t>(fs::file_size(options.output));
    say(fmt::format("{}: {} before, {} after ({:.0f} %)\n", options.output, bytes_text(before),
                    bytes_text(after),
                    100.0 * static_cast<double>(after) / static_cast<double>(before)));
    say(fmt::format("{} ranges{}{}, chosen by {} on {} runs\n", range_method_name(result.method),
                    result.equalized ? ", layers equalised" : "",
                    result.bias_corrected ? ", biases corrected" : "",
                    result.accuracy >= 0 ? "the labels" : "the error of the outputs", runs));
    say(fmt::format("outputs differ from float by {:.3g} on average, {:.3g} at most\n",
                    result.output_error, result.output_error_max));
    if (result.accuracy >= 0)
        say(fmt::format("accuracy {:.2f} % in float, {:.2f} % quantised\n",
                        100 * result.float_accuracy, 100 * result.accuracy));
}

Quantized run_quantizer(const QuantizeCommandOptions& options, const Graph& graph,
                        const Calibration& calibration)
{
    QuantizeOptions wanted;
    wanted.scheme = *scheme_from(options.scheme);
    wanted.assemble.float_interface = options.float_interface;
    wanted.assemble.per_channel_dense = !options.per_tensor_dense;
    wanted.labels = calibration.labels;
    wanted.method = method_of(options.ranges);
    if (!options.max_drop.empty()) wanted.drop_max = number("--max-drop", options.max_drop);
    Progress progress;
    wanted.progress = [&](const std::string& what) { progress.text(what); };
    return quantize(graph, calibration.runs, wanted);
}

Exit quantize_model(QuantizeCommandOptions options, bool as_json)
{
    options.data.subtract = number("--subtract", options.subtract);
    options.data.divide = number("--divide", options.divide);
    options.data.rate_hz = number("--rate", options.rate);
    options.data.runs_max = options.runs;
    require(options.data.divide != 0, ErrorCode::T0004,
            {"--divide 0", "leads nowhere", "another number", "--divide 255"});
    require_replaceable(options.output, options.force);
    const Graph graph = recognise(load_graph(options.model), false);
    Calibration calibration;
    if (!options.data.files.empty() || options.scheme != "float16")
        calibration = read_calibration(graph, options.data);
    const Quantized result = run_quantizer(options, graph, calibration);
    const std::vector<uint8_t> bytes = export_tflite(result.graph());
    write_file(options.output, bytes);
    std::vector<std::string> warnings = calibration.notes;
    warnings.insert(warnings.end(), result.notes.begin(), result.notes.end());
    const auto runs = static_cast<int64_t>(calibration.runs.size());
    if (!result.worst_layer.empty())
        warnings.push_back(fmt::format(
            "the accuracy drops by {:.2f} points, more than {}: layer '{}' costs the most; try "
            "--scheme {}",
            100 * (result.float_accuracy - result.accuracy), options.max_drop, result.worst_layer,
            options.scheme == "int4" ? "int8" : "mixed"));
    if (as_json) {
        print_json(report_json(options, result, warnings, runs));
    } else {
        say_report(options, result, runs);
        for (const std::string& warning : warnings) say("note: " + warning + "\n");
        say_next("thimble verify " + options.output + " --target host");
    }
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<QuantizeCommandOptions>();
    declare_model(reader, options->model);
    reader.list("--calibration", "[NAME=]FILE", options->data.files,
                "recordings of the inputs: .csv .txt .wav .npy .png, IDX");
    reader.choice("--scheme", options->scheme, {"int8", "int16x8", "float16", "int4", "mixed"},
                  "what weights and activations become");
    reader.required_text("-o,--output", "OUT.tflite", options->output, "the file to write");
    reader.text("--labels", "PLACE", options->data.labels,
                "where labels stand: beside, file, folder, column:NAME");
    reader.text("--classes", "A,B,C", options->data.classes,
                "labels in the order of the network's outputs");
    reader.text("--subtract", "X", options->subtract, "(x - X) / Y of the recorded values");
    reader.text("--divide", "Y", options->divide, "(x - X) / Y of the recorded values");
    reader.text("--rate", "HZ", options->rate, "sounds are brought to this rate");
    reader.whole("--runs", options->runs, 1, 1000000, "at most so many runs, evenly spread");
    reader.choice("--ranges", options->ranges, {"auto", "min-max", "percentile", "squared-error"},
                  "how ranges are chosen; auto: by the loss");
    reader.text("--max-drop", "POINTS", options->max_drop,
                "a larger drop of the accuracy names the layer that causes it");
    reader.flag("--float-io", options->float_interface, "inputs and outputs stay float32");
    reader.flag("--per-tensor-dense", options->per_tensor_dense,
                "one scale for a dense layer, for runtimes that know no other");
    reader.flag("--force", options->force, "replace a file that thimble did not write");
    return [options](bool as_json) { return quantize_model(*options, as_json); };
}

}  // namespace

extern const Command command_quantize;
const Command command_quantize = {
    .name = "quantize",
    .summary = "Turn a float model into int8 and other integer forms, with recordings",
    .examples = {"thimble quantize examples/sine/sine.float.tflite --calibration "
                 "templates/sine/angles.csv -o out/sine_int8.tflite",
                 "thimble quantize examples/sine/sine.float.tflite --scheme float16 -o "
                 "out/sine_half.tflite"},
    .declare = declare,
};

}  // namespace thimble
