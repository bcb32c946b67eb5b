// verify: the generated C on a chip against the oracle.
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/pipeline_run.h"
#include "cli/recordings.h"
#include "cli/text_runs.h"
#include "import/import.h"
#include "verify/verify.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

constexpr int64_t kRunsMax = 10000;  // of given inputs: an emulated run takes up to seconds

struct VerifyCommandOptions {
    ModelOptions model;
    std::string target;
    std::vector<std::string> inputs;
    int64_t runs = 1;
    int64_t cases = 10;
    int64_t seed = 1;
    bool layers = false;
};

std::string value_text(double value)
{
    return value == std::floor(value) && std::fabs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                                 : fmt::format("{:.9g}", value);
}

const TensorReport* first_difference(const VerifyReport& report)
{
    for (const TensorReport& tensor : report.tensors)
        if (tensor.mismatches > 0) return &tensor;
    return nullptr;
}

std::string verdict(const TensorReport& tensor)
{
    if (!tensor.compared) return "not compared: " + tensor.note;
    if (tensor.mismatches == 0) return tensor.max_abs_error == 0 ? "equal" : "within tolerance";
    return fmt::format("DIFFERS: {} values", tensor.mismatches);
}

void say_tensors(const VerifyReport& report)
{
    TextTable table({"layer", "tensor", ">values", ">largest difference", "result"});
    for (const TensorReport& tensor : report.tensors)
        table.row({shortened(tensor.layer), shortened(tensor.name), grouped(tensor.elements),
                   tensor.compared ? value_text(tensor.max_abs_error) : "-", verdict(tensor)});
    say(table.text());
}

// A line for each stage: what stands before the first '/' of a layer's name.
void say_stages(const VerifyReport& report)
{
    struct Line {
        int64_t tensors = 0, values = 0, mismatches = 0;
        double error = 0;
    };
    std::vector<std::string> order;
    std::map<std::string, Line> lines;
    for (const TensorReport& tensor : report.tensors) {
        if (!tensor.compared) continue;
        const std::string stage = stage_of(tensor.layer);
        if (!lines.count(stage)) order.push_back(stage);
        Line& line = lines[stage];
        ++line.tensors;
        line.values += tensor.elements;
        line.mismatches += tensor.mismatches;
        line.error = std::max(line.error, tensor.max_abs_error);
    }
    TextTable table({"stage", ">tensors", ">values", ">largest difference", "result"});
    for (const std::string& stage : order) {
        const Line& line = lines[stage];
        table.row({stage, grouped(line.tensors), grouped(line.values), value_text(line.error),
                   line.mismatches > 0 ? fmt::format("DIFFERS: {} values", line.mismatches)
                   : line.error == 0   ? "equal"
                                       : "within tolerance"});
    }
    say(table.text());
}

std::string cases_text(const VerifyReport& report)
{
    if (report.ticks == 0) return fmt::format("{} cases", report.cases);
    return fmt::format("{} recordings, {} ticks, {} decisions", report.cases, grouped(report.ticks),
                       grouped(report.decisions));
}

void say_report(const VerifyCommandOptions& options, const VerifyReport& report)
{
    if (report.ticks > 0 && !options.layers)
        say_stages(report);
    else
        say_tensors(report);
    const ResolvedTarget target = find_target(options.target);
    const std::string& missing = target.family->not_emulated;
    if (!missing.empty()) say(fmt::format("not emulated: {}\n", missing));
    if (report.mismatches > 0) return;
    say(fmt::format("{}: {} on {}, {}, {} values compared\n", options.model.path,
                    report.bit_exact ? "bit-exact" : "equal within the tolerance for floats",
                    report.target, cases_text(report), grouped(report.outputs_compared)));
    const bool counted = *target.family->unit != '\0';
    say_next(command_text(counted ? "profile" : "build", options.model) + " --target " +
             options.target);
}

json report_json(const VerifyReport& report)
{
    json object = {{"target", report.target},
                   {"cases", report.cases},
                   {"ticks", report.ticks},
                   {"decisions", report.decisions},
                   {"outputs_compared", report.outputs_compared},
                   {"mismatches", report.mismatches},
                   {"max_abs_error", report.max_abs_error},
                   {"bit_exact", report.bit_exact},
                   {"tensors", json::array()}};
    for (const TensorReport& tensor : report.tensors) {
        json item = {{"name", tensor.name},
                     {"layer", tensor.layer},
                     {"compared", tensor.compared},
                     {"note", tensor.note},
                     {"elements", tensor.elements},
                     {"mismatches", tensor.mismatches},
                     {"max_abs_error", tensor.max_abs_error}};
        if (tensor.mismatches > 0)
            item["first"] = {{"case", tensor.first_case}, {"index", tensor.first_index},
                             {"expected", tensor.first_expected}, {"found", tensor.first_found}};
        object["tensors"].push_back(std::move(item));
    }
    return object;
}

std::vector<Case> cases_for(const VerifyCommandOptions& options, const Graph& graph)
{
    std::vector<Case> cases =
        make_cases(graph, static_cast<int>(options.cases), static_cast<uint64_t>(options.seed));
    if (options.inputs.empty()) return cases;
    const auto text = load_text(options.model);
    int64_t runs = options.runs;
    for (TensorBytes& given :
         read_given_inputs(graph, text.get(), options.inputs, runs, kRunsMax))
        cases.push_back({"given", std::move(given)});
    return cases;
}

VerifyReport judge_model(const VerifyCommandOptions& options, const Graph& graph,
                         const Program& program, const ResolvedTarget& target,
                         std::vector<std::string>& kinds)
{
    const std::vector<Case> cases = cases_for(options, graph);
    for (const Case& one : cases) kinds.push_back(one.kind);
    const Progress progress(fmt::format("{} cases on {}", cases.size(), target.name));
    return verify(graph, program, target, options.model.match_rule(), cases,
                  {.keep_state = options.model.keep_state(), .all_layers = options.layers});
}

// The given recordings, or else generated ones.
VerifyReport judge_pipeline(const VerifyCommandOptions& options, const Graph& graph,
                            const Program& program, const ResolvedTarget& target,
                            std::vector<std::string>& kinds, bool as_json)
{
    std::vector<std::string> notes;
    const Match match = options.model.match_rule();
    const std::vector<RawRecording> recordings =
        options.inputs.empty() ? make_recordings(graph, match, static_cast<int>(options.cases),
                                                 static_cast<uint64_t>(options.seed))
                               : read_recordings(graph, options.inputs, notes);
    for (const std::string& note : notes)
        if (!as_json) say("note: " + note + "\n");
    for (const Tick& tick : cut_ticks(graph, recordings))
        kinds.push_back(fmt::format("{}, at sample {}", recordings[tick.recording].name,
                                    tick.samples));
    const Progress progress(fmt::format("{} recordings on {}", recordings.size(), target.name));
    return verify_pipeline(graph, program, target, match, recordings);
}

Exit verify_model(VerifyCommandOptions options, bool as_json)
{
    options.target = deploy_target(options.model, options.target);
    if (options.target.empty()) options.target = "host";
    apply_deploy(options.model);
    const ResolvedTarget target = find_target(options.target);
    require(target.family->emulator != Emulator::none, ErrorCode::T0003,
            {"--target " + options.target, "this target has no emulator",
             "a target that `thimble targets` lists with an emulator", "--target host"});
    const Graph graph = load_graph(options.model);
    const Program program = compile_for(graph, options.model, target);
    if (!as_json) say_notes(graph, program);
    std::vector<std::string> kinds;  // of the cases
    const VerifyReport report =
        graph.interface ? judge_pipeline(options, graph, program, target, kinds, as_json)
                        : judge_model(options, graph, program, target, kinds);
    if (as_json) print_json(report_json(report));
    else say_report(options, report);
    const TensorReport* wrong = first_difference(report);
    if (!wrong) return Exit::ok;
    const std::string where =
        !wrong->note.empty() ? wrong->note
                             : fmt::format("{} {} ({})", report.ticks > 0 ? "tick" : "case",
                                           wrong->first_case,
                                           kinds.at(static_cast<size_t>(wrong->first_case)));
    fail(ErrorCode::T0501,
         {fmt::format("{}: layer '{}', tensor '{}'", options.model.path, wrong->layer, wrong->name),
          fmt::format("{}, index {} is {} on {}; {} of {} values differ", where,
                      wrong->first_index, value_text(wrong->first_found), target.name,
                      report.mismatches, report.outputs_compared),
          value_text(wrong->first_expected),
          command_text("verify", options.model) +
              fmt::format(" --target {} --layers", options.target)});
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<VerifyCommandOptions>();
    declare_model(reader, options->model);
    reader.text("-t,--target", "T", options->target,
                "family or board (default: the project's, else host)");
    reader.whole("--cases", options->cases, 0, 65535,
                 "generated inputs: uniform, extremes, sparse");
    reader.whole("--seed", options->seed, 0, INT64_MAX, "another seed makes other cases");
    reader.list(
        "-i,--input", "[NAME=]FILE", options->inputs,
        "a further case from .npy or .bin; for a project recordings, in place of generated ones");
    reader.whole("--runs", options->runs, 1, kRunsMax, "cases in the arrays of --input");
    reader.flag("--layers", options->layers, "compare every layer, not the outputs alone");
    declare_compilation(reader, options->model);
    declare_feed(reader, options->model);
    return [options](bool as_json) { return verify_model(*options, as_json); };
}

}  // namespace

extern const Command command_verify;
const Command command_verify = {
    .name = "verify",
    .summary = "Compile, run on the emulated chip and compare every output with the oracle",
    .examples = {"thimble verify examples/gesture/gesture.tflite --target uno --layers",
                 "thimble verify examples/gesture/gesture.tflite --target cortex-m4 --input "
                 "examples/gesture/data/punch.npy --runs 20"},
    .declare = declare,
};

}  // namespace thimble
