// quantize: a float model and recordings, or a project with its own, to a quantised .tflite file,
// with what it costs.
#include "quantize/quantize.h"

#include "base/file.h"
#include "cli/calibration.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/quantize_project.h"
#include "cli/quantize_report.h"
#include "compile.h"
#include "evaluate/other_data.h"
#include "export/tflite.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "train/train_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace thimble {

namespace {

namespace fs = std::filesystem;

struct QuantizeCommandOptions {
    ModelOptions model;
    CalibrationOptions data;
    std::string output;
    std::string scheme;        // empty: what the project says, or int8
    std::string project_data;  // keys of [data]
    std::string ranges = "auto";
    std::string subtract = "0", divide = "1", rate = "0", max_drop;
    bool float_interface = false;
    bool per_tensor_dense = false;
    bool force = false;
    int64_t runs = 0;  // 0: kRunsUsual, or what the project says
};

constexpr int64_t kRunsUsual = 300;

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
    require(!fs::is_directory(path), ErrorCode::T0004,
            {"-o " + path.string(), "is a folder", "a file to write",
             "-o " + (path / "quantised.tflite").string()});
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

// What both kinds of models are quantised with.
QuantizeOptions quantize_options(const QuantizeCommandOptions& options, Scheme scheme)
{
    QuantizeOptions wanted;
    wanted.scheme = scheme;
    wanted.assemble.float_interface = options.float_interface;
    wanted.assemble.per_channel_dense = !options.per_tensor_dense;
    wanted.method = method_of(options.ranges);
    if (!options.max_drop.empty()) wanted.drop_max = number("--max-drop", options.max_drop);
    return wanted;
}

void warn_of_drop(const Quantized& result, const QuantizeOptions& wanted, QuantizeReport& report)
{
    if (result.worst_layer.empty()) return;
    report.warnings.push_back(fmt::format(
        "the accuracy drops by {:.2f} points, more than {}: layer '{}' costs the most; try "
        "--scheme {}",
        100 * (result.float_accuracy - result.accuracy), wanted.drop_max, result.worst_layer,
        wanted.scheme == Scheme::int4 ? "int8" : "mixed"));
}

void add_warnings(const QuantizeOptions& wanted, const std::vector<std::string>& notes,
                  QuantizeReport& report)
{
    report.scheme = scheme_name(wanted.scheme);
    report.warnings = notes;
    for (const QuantizedPart& part : report.models.parts) {
        report.warnings.insert(report.warnings.end(), part.result.notes.begin(),
                               part.result.notes.end());
        warn_of_drop(part.result, wanted, report);
    }
    report.next =
        fmt::format("thimble verify {} --target host", report.models.parts[0].file.string());
}

// ---- a model ----

QuantizeReport quantize_model(const QuantizeCommandOptions& options)
{
    CalibrationOptions data = options.data;
    data.subtract = number("--subtract", options.subtract);
    data.divide = number("--divide", options.divide);
    data.rate_hz = number("--rate", options.rate);
    data.runs_max = options.runs > 0 ? options.runs : kRunsUsual;
    require(data.divide != 0, ErrorCode::T0004,
            {"--divide 0", "leads nowhere", "another number", "--divide 255"});
    require(options.project_data.empty(), ErrorCode::T0004,
            {"--data", "does not apply to a single model", "a project, a folder with thimble.toml",
             "--calibration FILE"});
    require_replaceable(options.output, options.force);
    const Graph graph = recognise(load_graph(options.model), false);
    const Scheme scheme = scheme_from(options.scheme).value_or(Scheme::int8);
    Calibration calibration;
    if (!data.files.empty() || scheme != Scheme::float16)
        calibration = read_calibration(graph, data);
    QuantizeOptions wanted = quantize_options(options, scheme);
    wanted.labels = calibration.labels;
    Progress progress;
    wanted.progress = [&](const std::string& what) { progress.text(what); };
    QuantizeReport report;
    report.models.parts.push_back({options.model.path, options.output,
                                   quantize(graph, calibration.runs, wanted),
                                   static_cast<int64_t>(calibration.runs.size())});
    const QuantizedPart& part = report.models.parts[0];
    const std::vector<uint8_t> bytes = export_tflite(part.result.graph());
    make_folders_for(part.file);
    write_file(part.file, bytes);
    add_warnings(wanted, calibration.notes, report);
    return report;
}

// ---- a project ----

// The project with the recordings of the command line in place of its own, none of them held out.
ProjectFile with_recordings(const ProjectFile& file, const QuantizeCommandOptions& options)
{
    const std::vector<std::string>& files = options.data.files;
    require(files.empty() || options.project_data.empty(), ErrorCode::T0004,
            {"--data", "together with --calibration", "one of both",
             "--data 'files = \"more/*.csv\"'"});
    if (!options.project_data.empty()) return with_data(file, options.project_data);
    return files.empty() ? file : with_files(file, files, options.data.labels, "--calibration");
}

// What stages of a project do is not done once more.
void require_for_models(const QuantizeCommandOptions& options)
{
    const auto refuse = [](const char* option, bool given) {
        require(
            !given, ErrorCode::T0004,
            {option, "does not apply to a project",
             "the stages of thimble.toml, which prepare what the network gets", "leave it out"});
    };
    refuse("--subtract", options.subtract != "0");
    refuse("--divide", options.divide != "1");
    refuse("--rate", options.rate != "0");
    refuse("--classes", !options.data.classes.empty());
    refuse("--signature", !options.model.signature.empty());
    require(options.data.labels.empty() || !options.data.files.empty(), ErrorCode::T0004,
            {"--labels", "without --calibration", "the labels that [data] of thimble.toml says",
             "leave it out"});
}

QuantizeReport quantize_project_of(const QuantizeCommandOptions& options)
{
    require_for_models(options);
    const ProjectFile file = read_project_file(options.model.path);
    for (const fs::path& path : quantized_files(file, options.output))
        require_replaceable(path, options.force);
    ProjectQuantization wanted;
    wanted.how = quantize_options(options, scheme_from(options.scheme).value_or(scheme_of(file)));
    if (options.max_drop.empty()) wanted.how.drop_max = train_options(file).max_drop;
    wanted.runs = options.runs;
    wanted.output = options.output;
    Progress progress;
    wanted.progress = [&](const std::string& what) { progress.text(what); };
    QuantizeReport report;
    report.models = quantize_project(with_recordings(file, options), wanted);
    add_warnings(wanted.how, report.models.notes, report);
    return report;
}

Exit quantize_command(const QuantizeCommandOptions& options, bool as_json)
{
    print_report(
        is_project(options.model.path) ? quantize_project_of(options) : quantize_model(options),
        as_json);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<QuantizeCommandOptions>();
    declare_model(reader, options->model);
    reader.list("--calibration", "[NAME=]FILE", options->data.files,
                "recordings of the inputs: .csv .txt .wav .npy .png, IDX; for a project as its "
                "[data], which is taken without it");
    reader.text("--data", "KEYS", options->project_data,
                "recordings for a project, keys as in [data]: 'files = \"clips/*.wav\", labels = "
                "\"folder\"'");
    reader.choice("--scheme", options->scheme, {"int8", "int16x8", "float16", "int4", "mixed"},
                  "what weights and activations become (default int8, or as the project says)");
    reader.required_text("-o,--output", "OUT", options->output,
                         "the .tflite file to write; for a project also a folder");
    reader.text("--labels", "PLACE", options->data.labels,
                "where labels of --calibration stand: beside, file, folder, column:NAME");
    reader.text("--classes", "A,B,C", options->data.classes,
                "labels in the order of the network's outputs");
    reader.text("--subtract", "X", options->subtract, "(x - X) / Y of the recorded values");
    reader.text("--divide", "Y", options->divide, "(x - X) / Y of the recorded values");
    reader.text("--rate", "HZ", options->rate, "sounds are brought to this rate");
    reader.whole("--runs", options->runs, 0, 1000000,
                 "at most so many runs, evenly spread; 0: 300, or as the project says");
    reader.choice("--ranges", options->ranges, {"auto", "min-max", "percentile", "squared-error"},
                  "how ranges are chosen; auto: by the loss");
    reader.text("--max-drop", "POINTS", options->max_drop,
                "a larger drop of the accuracy names the layer that causes it");
    reader.flag("--float-io", options->float_interface, "inputs and outputs stay float32");
    reader.flag("--per-tensor-dense", options->per_tensor_dense,
                "one scale for a dense layer, for runtimes that know no other");
    reader.flag("--force", options->force, "replace a file that thimble did not write");
    return [options](bool as_json) { return quantize_command(*options, as_json); };
}

}  // namespace

extern const Command command_quantize;
const Command command_quantize = {
    .name = "quantize",
    .summary = "Turn a float model or project into int8 and other forms, with recordings",
    .examples = {"thimble quantize examples/sine/sine.float.tflite --calibration "
                 "templates/sine/angles.csv -o out/sine_int8.tflite",
                 "thimble quantize examples/gesture --scheme int4 -o out/motion_int4.tflite"},
    .declare = declare,
};

}  // namespace thimble
