#include "cli/quantize_report.h"

#include "cli/output.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json layers_json(const Quantized& result)
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
    return layers;
}

json part_json(const QuantizedPart& part)
{
    const Quantized& result = part.result;
    json object = {
        {"bytes_before", fs::file_size(part.source)},
        {"bytes_after", fs::file_size(part.file)},
        {"runs", part.runs},
        {"ranges", range_method_name(result.method)},
        {"equalized", result.equalized},
        {"bias_corrected", result.bias_corrected},
        {"rounded_together", result.rounded_together},
        {"output_error", {{"mean", result.output_error}, {"max", result.output_error_max}}},
        {"layers", layers_json(result)}};
    if (result.accuracy >= 0) {
        object["float_accuracy"] = result.float_accuracy;
        object["accuracy"] = result.accuracy;
    }
    if (!result.worst_layer.empty()) object["worst_layer"] = result.worst_layer;
    return object;
}

// The keys of a single model stand at the top, those of encoder and decoder in `models`.
void print_as_json(const QuantizeReport& report)
{
    const std::vector<QuantizedPart>& parts = report.models.parts;
    json object = json::object();
    if (parts.size() == 1) object = part_json(parts[0]);
    for (const QuantizedPart& part : parts) {
        object["files"].push_back(part.file.string());
        if (parts.size() > 1) object["models"].push_back(part_json(part));
    }
    object["warnings"] = report.warnings;
    object["scheme"] = report.scheme;
    if (report.models.in_float) {
        const char* const score = report.models.shares ? "accuracy" : "mean_square_error";
        const double sign = report.models.shares ? 1 : -1;
        object["test"] = {
            {"samples", report.models.in_float->samples},
            {fmt::format("float_{}", score), sign * report.models.in_float->share_right()},
            {score, sign * report.models.in_integers->share_right()}};
    }
    print_json(object);
}

void say_part(const QuantizedPart& part)
{
    const Quantized& result = part.result;
    TextTable table({"layer", "op", "type", ">SQNR dB", ">mean error", ">max error", ">range"});
    for (const LayerError& layer : result.layers)
        table.row({shortened(layer.name), layer.op, layer.type,
                   std::isfinite(layer.sqnr_db) ? fmt::format("{:.1f}", layer.sqnr_db) : "equal",
                   fmt::format("{:.3g}", layer.mean_error), fmt::format("{:.3g}", layer.max_error),
                   fmt::format("{:.3g} .. {:.3g}", layer.least, layer.most)});
    say(table.text() + "\n");
    const auto before = static_cast<int64_t>(fs::file_size(part.source));
    const auto after = static_cast<int64_t>(fs::file_size(part.file));
    say(fmt::format("{}: {} before, {} after ({:.0f} %)\n", part.file.string(), bytes_text(before),
                    bytes_text(after),
                    100.0 * static_cast<double>(after) / static_cast<double>(before)));
    if (part.runs > 0)
        say(fmt::format("{} ranges{}{}{}, chosen by {} on {} run{}\n",
                        range_method_name(result.method),
                        result.equalized ? ", layers equalised" : "",
                        result.rounded_together ? ", weights rounded together" : "",
                        result.bias_corrected ? ", biases corrected" : "",
                        result.accuracy >= 0 ? "the labels" : "the error of the outputs",
                        grouped(part.runs), part.runs == 1 ? "" : "s"));
    if (part.runs > 0)
        say(fmt::format("outputs differ from float by {:.3g} on average, {:.3g} at most\n",
                        result.output_error, result.output_error_max));
    if (result.accuracy >= 0)
        say(fmt::format("accuracy on these runs {:.2f} % in float, {:.2f} % quantised\n",
                        100 * result.float_accuracy, 100 * result.accuracy));
}

void say_test(const QuantizedProject& models)
{
    if (!models.in_float) return;
    const Score &real = *models.in_float, &whole = *models.in_integers;
    const std::string samples = grouped(static_cast<int64_t>(real.samples));
    if (models.shares)
        say(
            fmt::format("{} samples held out to test: {:.2f} % right in float, {:.2f} % "
                        "quantised\n",
                        samples, 100 * real.share_right(), 100 * whole.share_right()));
    else
        say(fmt::format("{} samples held out to test: error {:.4g} in float, {:.4g} quantised\n",
                        samples, std::sqrt(std::max(0.0, -real.share_right())),
                        std::sqrt(std::max(0.0, -whole.share_right()))));
}

}  // namespace

void print_report(const QuantizeReport& report, bool as_json)
{
    if (as_json) return print_as_json(report);
    for (const QuantizedPart& part : report.models.parts) say_part(part);
    say_test(report.models);
    for (const std::string& warning : report.warnings) say("note: " + warning + "\n");
    say_next(report.next);
}

}  // namespace thimble
