#include "torch/train_report.h"

#include "cli/output.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

using nlohmann::json;

namespace {

json model_json(const ModelRow& row, bool shares)
{
    json model = {{"scheme", row.scheme}, {"bytes", row.bytes()}, {"samples", row.score.samples}};
    for (const auto& file : row.files) model["files"].push_back(file.string());
    if (shares)
        model["accuracy"] = row.score.share_right();
    else
        model["mean_square_error"] = -row.score.share_right();
    if (row.confusion)
        model["confusion"] = {{"labels", row.confusion->labels()},
                              {"counts", row.confusion->counts()}};
    return model;
}

void print(const TrainReport& report)
{
    json files = json::array(), models = json::array();
    for (const ModelRow& row : report.models) {
        for (const auto& file : row.files) files.push_back(file.string());
        models.push_back(model_json(row, report.shares));
    }
    json layers = json::array();
    for (const LayerError& layer : report.layers)
        layers.push_back({{"name", layer.name},
                          {"type", layer.type},
                          {"sqnr_db", std::isfinite(layer.sqnr_db) ? json(layer.sqnr_db) : json()},
                          {"mean_error", layer.mean_error},
                          {"max_error", layer.max_error}});
    json result = {{"files", files},
                   {"layers", layers},
                   {"warnings", report.warnings},
                   {"models", models},
                   {"epochs", report.history.epochs.size()},
                   {"best_epoch", report.history.best},
                   {"history", report.history_file.string()}};
    if (report.qat) {
        result["qat_best_epoch"] = report.qat->best;
        result["qat_history"] = report.qat_history_file.string();
    }
    print_json(result);
}

// Signal to error of each layer: where integers cost most stands the smallest number.
void say_layers(const std::vector<LayerError>& layers)
{
    if (layers.empty()) return;
    TextTable table({"layer", "type", ">signal to error", ">mean error", ">largest"});
    for (const LayerError& layer : layers)
        table.row({layer.name, layer.type,
                   std::isfinite(layer.sqnr_db) ? fmt::format("{:.1f} dB", layer.sqnr_db) : "exact",
                   fmt::format("{:.4g}", layer.mean_error),
                   fmt::format("{:.4g}", layer.max_error)});
    say("\n" + table.text());
}

std::string score_cell(const Score& score, bool shares)
{
    if (score.samples == 0) return "-";
    return shares ? fmt::format("{:.2f} %", 100 * score.share_right())
                  : fmt::format("{:.4g}", std::sqrt(std::max(0.0, -score.share_right())));
}

}  // namespace

int64_t ModelRow::bytes() const
{
    int64_t sum = 0;
    for (const auto& file : files) sum += static_cast<int64_t>(std::filesystem::file_size(file));
    return sum;
}

void warn_of_drop(TrainReport& report, const TrainOptions& options, const std::string& finer,
                  const std::string& worst_layer)
{
    const Score &real = report.models.front().score, &whole = report.models.back().score;
    const double drop = 100 * (real.share_right() - whole.share_right());
    if (!report.shares || drop <= options.max_drop) return;
    std::string remedies = "a wider layer";
    if (options.qat_epochs == 0) remedies = "qat_epochs = 10";
    if (report.models.back().scheme != finer)
        remedies = fmt::format("scheme = \"{}\" or {}", finer, remedies);
    report.warnings.push_back(
        fmt::format("{} costs {:.2f} points of accuracy ({:.0f} of {:.0f} samples){}; try {}",
                    report.models.back().scheme, drop, real.right - whole.right, real.samples,
                    worst_layer.empty() ? "" : ", most of it in " + worst_layer, remedies));
}

void print_report(const TrainReport& report, bool as_json)
{
    if (as_json) return print(report);
    say(fmt::format("best epoch: {} of {}\n\n", report.history.best, report.history.epochs.size()));
    TextTable table({"held out to test", report.shares ? ">right" : ">error", ">bytes", "file"});
    for (const ModelRow& row : report.models) {
        std::string files;
        for (const auto& file : row.files) files += (files.empty() ? "" : " ") + file.string();
        table.row({row.scheme, score_cell(row.score, report.shares),
                   files.empty() ? "" : grouped(row.bytes()), files});
    }
    say(table.text());
    if (report.models.back().confusion) say("\n" + report.models.back().confusion->text());
    say_layers(report.layers);
    for (const std::string& warning : report.warnings) say("warning: " + warning + "\n");
    say_next(report.next);
}

}  // namespace thimble
