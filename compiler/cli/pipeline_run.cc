#include "cli/pipeline_run.h"

#include "cli/output.h"
#include "cli/recordings.h"
#include "evaluate/decide.h"
#include "evaluate/values.h"
#include "formats/npy.h"
#include "verify/input_files.h"

#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kLinesShown = 200;  // for people
constexpr int64_t kValuesShown = 16;

std::vector<PipelineDecision> execute(const PipelineRun& run,
                                      const std::vector<RawRecording>& recordings)
{
    const EngineChoice engine{.engine = run.engine,
                              .target = run.target,
                              .match = run.model.match_rule(),
                              .compile = [&](const Graph& graph, const ResolvedTarget& target) {
                                  return compile_for(graph, run.model, target);
                              }};
    Progress progress("running on " + engine.name());
    return decide(run.graph, recordings, engine,
                  [&](size_t done, size_t all) { progress.count(done, all); });
}

int32_t label_at(const PipelineDecision& decision, size_t index)
{
    int32_t label;
    std::memcpy(&label, decision.values[0].data() + index * sizeof label, sizeof label);
    return label;
}

std::string label_name(const PipelineInterface& interface, int32_t label)
{
    const bool known = label >= 0 && label < static_cast<int32_t>(interface.labels.size());
    return known ? interface.labels[static_cast<size_t>(label)] : "-";
}

// Behind the newest sample that the decision saw; negative: the rate is not known.
double time_ms(const PipelineInterface& interface, const PipelineDecision& decision)
{
    if (!interface.streamed() || interface.rate_hz <= 0) return -1;
    return 1000.0 * decision.samples / interface.rate_hz;
}

std::string values_text(const Graph& graph, const PipelineDecision& decision)
{
    const Tensor& tensor = graph.tensor(graph.outputs[1]);
    std::string text;
    for (int64_t i = 0; i < std::min(tensor.count(), kValuesShown); ++i)
        text += fmt::format("{}{:.6g}", i ? " " : "", real_value(tensor, decision.values[0], i));
    return text + (tensor.count() > kValuesShown ? " ..." : "");
}

void say_decisions(const Graph& graph, const std::vector<RawRecording>& recordings,
                   const std::vector<PipelineDecision>& decisions)
{
    const PipelineInterface& interface = *graph.interface;
    const bool labels = interface.decision == Decision::label;
    const bool timed = interface.streamed() && interface.kind != InputKind::text;
    std::vector<std::string> heads = {"recording"};
    if (timed) heads.push_back(interface.rate_hz > 0 ? ">ms" : ">samples");
    heads.push_back(labels ? "label" : "values");
    const bool scores = labels && graph.outputs.size() > 2;
    if (scores) heads.push_back(">score");
    TextTable table(heads);
    for (size_t i = 0; i < std::min(decisions.size(), kLinesShown); ++i) {
        const PipelineDecision& decision = decisions[i];
        const int64_t count = labels ? graph.tensor(graph.outputs[1]).count() : 1;
        for (int64_t k = 0; k < count; ++k) {
            std::vector<std::string> row = {recordings[decision.recording].name};
            const double ms = time_ms(interface, decision);
            if (timed)
                row.push_back(ms >= 0 ? fmt::format("{:.6g}", ms)
                                      : fmt::format("{}", decision.samples));
            row.push_back(labels ? label_name(interface, label_at(decision, static_cast<size_t>(k)))
                                 : values_text(graph, decision));
            if (scores)
                row.push_back(fmt::format(
                    "{:.4g}", real_value(graph.tensor(graph.outputs[2]), decision.values[1], k)));
            table.row(row);
        }
    }
    say(table.text());
    if (decisions.size() > kLinesShown)
        say(fmt::format("... {} more\n", decisions.size() - kLinesShown));
    say(fmt::format("{} recording{}, {} decision{}\n", recordings.size(),
                    recordings.size() == 1 ? "" : "s", decisions.size(),
                    decisions.size() == 1 ? "" : "s"));
}

json decision_json(const Graph& graph, const std::vector<RawRecording>& recordings,
                   const PipelineDecision& decision)
{
    const PipelineInterface& interface = *graph.interface;
    const double ms = time_ms(interface, decision);
    json item = {{"recording", recordings[decision.recording].name},
                 {"time_ms", ms < 0 ? json() : json(ms)}};
    if (interface.streamed()) item["samples"] = decision.samples;
    if (interface.decision == Decision::values) {
        const Tensor& tensor = graph.tensor(graph.outputs[1]);
        item["values"] = json::array();
        for (int64_t i = 0; i < tensor.count(); ++i)
            item["values"].push_back(real_value(tensor, decision.values[0], i));
        return item;
    }
    const auto label = [&](size_t i) {
        const int32_t index = label_at(decision, i);
        return index < 0 ? json() : json(label_name(interface, index));
    };
    item["label"] = label(0);
    if (graph.outputs.size() < 3) return item;
    const Tensor& score = graph.tensor(graph.outputs[2]);
    item["score"] = real_value(score, decision.values[1], 0);
    for (int64_t i = 0; score.count() > 1 && i < score.count(); ++i)
        item["best"].push_back({{"label", label(static_cast<size_t>(i))},
                                {"score", real_value(score, decision.values[1], i)}});
    return item;
}

// The last decision of every text, as NAME_text gives it.
json texts_json(const Graph& graph, size_t recordings,
                const std::vector<PipelineDecision>& decisions)
{
    std::vector<json> texts(recordings);
    for (const PipelineDecision& decision : decisions)
        texts[decision.recording] = label_name(*graph.interface, label_at(decision, 0));
    return texts;
}

// Each output with an axis in front that counts the decisions; the paths.
std::vector<std::string> write_decisions(const PipelineRun& run,
                                         const std::vector<PipelineDecision>& decisions)
{
    std::vector<std::string> files;
    if (run.output.empty()) return files;
    std::error_code problem;
    fs::create_directories(run.output, problem);
    require(!problem, ErrorCode::T0102,
            {run.output, problem.message(), "a folder that can be made", "--output out/run"});
    for (size_t i = 1; i < run.graph.outputs.size(); ++i) {
        const Tensor& tensor = run.graph.tensor(run.graph.outputs[i]);
        NpyArray array{npy_type_of(tensor.type), tensor.shape, {}};
        array.shape.insert(array.shape.begin(), static_cast<int64_t>(decisions.size()));
        for (const PipelineDecision& decision : decisions)
            array.bytes.insert(array.bytes.end(), decision.values[i - 1].begin(),
                               decision.values[i - 1].end());
        files.push_back((fs::path(run.output) / (file_stem(tensor.name) + ".npy")).string());
        write_npy(files.back(), array);
    }
    return files;
}

}  // namespace

std::string stage_of(const std::string& layer)
{
    const size_t inner = layer.rfind(" / ");
    const std::string name = inner == std::string::npos ? layer : layer.substr(inner + 3);
    // What the tick as a whole needs: its outputs' own memory.
    if (name.starts_with("output_")) return "tick";
    return name.substr(0, name.find('/'));
}

double tick_period_ms(const PipelineInterface& interface)
{
    if (!interface.streamed() || interface.rate_hz <= 0) return 0;
    return 1000.0 * static_cast<double>(interface.hop) / interface.rate_hz;
}

Exit run_pipeline(const PipelineRun& run, bool as_json)
{
    std::vector<std::string> notes;
    const std::vector<RawRecording> recordings = read_recordings(run.graph, run.inputs, notes);
    const std::vector<PipelineDecision> decisions = execute(run, recordings);
    const std::vector<std::string> files = write_decisions(run, decisions);
    if (!as_json) {
        for (const std::string& note : notes) say("note: " + note + "\n");
        say_decisions(run.graph, recordings, decisions);
        say_next(verify_command(run.model, run.target));
        return Exit::ok;
    }
    json object = {{"engine", run.target.empty() ? run.engine : run.target},
                   {"recordings", recordings.size()},
                   {"decisions", json::array()},
                   {"files", files},
                   {"notes", notes}};
    for (const PipelineDecision& decision : decisions)
        object["decisions"].push_back(decision_json(run.graph, recordings, decision));
    if (run.graph.interface->kind == InputKind::text &&
        run.graph.interface->decision == Decision::label)
        object["text"] = texts_json(run.graph, recordings.size(), decisions);
    print_json(object);
    return Exit::ok;
}

}  // namespace thimble
