// profile: cycles or instructions, flash, RAM and stack, measured on the emulated chip.
#include "verify/profile.h"

#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/pipeline_run.h"
#include "cli/recordings.h"
#include "verify/fit.h"
#include "verify/verify.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

constexpr int kBarWidth = 24;

struct ProfileCommandOptions {
    ModelOptions model;
    std::string target;
    int64_t seed = 1;
    std::vector<std::string> inputs;
};

std::string bar(uint64_t part, uint64_t largest)
{
    const auto width = largest == 0 ? 0 : (part * kBarWidth + largest / 2) / largest;
    return std::string(static_cast<size_t>(width), '#');
}

double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Nanojoule per cycle times cycles; 0 when the board's is unknown.
double energy_uj(const Profile& result, const ResolvedTarget& target)
{
    return target.board ? target.board->nj_per_cycle * static_cast<double>(result.total) / 1000 : 0;
}

double latency_ms(const Profile& result, const ResolvedTarget& target)
{
    return target.clock_hz == 0
               ? 0
               : static_cast<double>(result.total) * 1000 / static_cast<double>(target.clock_hz);
}

void say_layers(const Profile& result)
{
    TextTable table({"layer", "operator", "kernel", ">MACs", ">" + result.unit, ">%", ""});
    uint64_t largest = 0;
    for (const LayerCost& layer : result.layers) largest = std::max(largest, layer.total);
    for (const LayerCost& layer : result.layers)
        table.row({shortened(layer.name), layer.op, layer.kernel, grouped(layer.macs),
                   grouped(static_cast<int64_t>(layer.total)),
                   fmt::format("{:.1f}", percent(layer.total, result.total)),
                   bar(layer.total, largest)});
    say(table.text() + "\n");
}

// Of a pipeline: what each stage takes of the longest tick, in the order of the chain.
std::vector<std::pair<std::string, uint64_t>> stage_totals(const Profile& result)
{
    std::vector<std::pair<std::string, uint64_t>> stages;
    for (const LayerCost& layer : result.layers) {
        const std::string stage = stage_of(layer.name);
        const auto known =
            std::ranges::find(stages, stage, &std::pair<std::string, uint64_t>::first);
        if (known == stages.end())
            stages.emplace_back(stage, layer.total);
        else
            known->second += layer.total;
    }
    return stages;
}

void say_stages(const Profile& result)
{
    TextTable table({"stage", ">" + result.unit, ">%", ""});
    uint64_t largest = 0;
    for (const auto& [stage, total] : stage_totals(result)) largest = std::max(largest, total);
    for (const auto& [stage, total] : stage_totals(result))
        table.row({stage, grouped(static_cast<int64_t>(total)),
                   fmt::format("{:.1f}", percent(total, result.total)), bar(total, largest)});
    say(table.text() + "\n");
}

void say_pipeline(const Profile& result, const ResolvedTarget& target,
                  const PipelineInterface& interface)
{
    const PipelineCost& cost = *result.pipeline;
    say(fmt::format("longest of {} ticks: {}; mean {:.0f} {}\n", grouped(cost.ticks), cost.longest,
                    cost.mean, result.unit));
    if (interface.streamed())
        say(fmt::format(
            "push: {} {} for one sample, {:.1f} for each further one; poll: {} around a "
            "tick\n",
            grouped(static_cast<int64_t>(cost.push_one)), result.unit, cost.push_more,
            grouped(static_cast<int64_t>(cost.poll))));
    const double period = tick_period_ms(interface), ms = latency_ms(result, target);
    const double longest = static_cast<double>(std::max<uint64_t>(1, result.total));
    const double mean_ms = ms * cost.mean / longest;
    if (period > 0 && ms > 0)
        say(fmt::format("a tick takes {:.4g} ms of the {:.4g} ms between ticks at {:.4g} MHz{}{}\n",
                        ms, period, static_cast<double>(target.clock_hz) / 1e6,
                        result.unit == "cycles" ? "" : " (an estimate: one cycle per instruction)",
                        mean_ms > period ? ": TOO SLOW" : ""));
    else if (period > 0)
        say(fmt::format("{:.4g} ms between ticks; {} has no clock: name a board to compare\n",
                        period, target.name));
    // While a tick runs samples go on coming.
    const auto arrive = static_cast<int64_t>(std::ceil(ms * interface.rate_hz / 1000));
    const int64_t needed = interface.window + std::max(interface.hop, arrive);
    if (period > 0 && ms > 0 && mean_ms <= period && needed > interface.buffer)
        say(fmt::format("the ring is too short for the samples of the longest tick: buffer = {}\n",
                        needed));
}

void say_totals(const Profile& result, const ResolvedTarget& target)
{
    TextTable table({"total", ">" + grouped(static_cast<int64_t>(result.total)), result.unit});
    const double ms = latency_ms(result, target);
    const bool cycles = result.unit == "cycles";
    if (ms > 0)
        table.row({"time", fmt::format("{:.4g}", ms),
                   fmt::format("ms at {:.4g} MHz{}", static_cast<double>(target.clock_hz) / 1e6,
                               cycles ? "" : ", an estimate: one cycle per instruction")});
    const double energy = energy_uj(result, target);
    if (energy > 0)
        table.row({"energy", fmt::format("{:.4g}", energy), "uJ, an estimate: core only"});
    table.row({"flash", grouped(result.flash_total()),
               fmt::format("bytes: {} code, {} weights", grouped(result.flash_code),
                           grouped(result.flash_weights))});
    table.row({"RAM", grouped(result.ram_total()),
               fmt::format("bytes: {} state, {} work, {} io", grouped(result.ram_state),
                           grouped(result.ram_work), grouped(result.ram_io))});
    table.row({"stack", grouped(result.stack), "bytes"});
    say(table.text());
}

json profile_json(const Profile& result, const ResolvedTarget& target, double period_ms)
{
    json object = {{"target", result.target},
                   {"board", result.board.empty() ? json() : json(result.board)},
                   {"emulator", result.emulator},
                   {"unit", result.unit},
                   {"total", result.total},
                   {"marker_overhead", result.marker_overhead},
                   {"layers", json::array()},
                   {"flash",
                    {{"code", result.flash_code},
                     {"weights", result.flash_weights},
                     {"total", result.flash_total()}}},
                   {"ram",
                    {{"state", result.ram_state},
                     {"work", result.ram_work},
                     {"io", result.ram_io},
                     {"total", result.ram_total()}}},
                   {"stack", result.stack}};
    for (const LayerCost& layer : result.layers)
        object["layers"].push_back({{"name", layer.name},
                                    {"op", layer.op},
                                    {"kernel", layer.kernel},
                                    {"macs", layer.macs},
                                    {"total", layer.total}});
    if (latency_ms(result, target) > 0) object["latency_estimate_ms"] = latency_ms(result, target);
    if (energy_uj(result, target) > 0) object["energy_estimate_uj"] = energy_uj(result, target);
    if (!result.pipeline) return object;
    const PipelineCost& cost = *result.pipeline;
    object["ticks"] = cost.ticks;
    object["longest"] = cost.longest;
    object["mean"] = cost.mean;
    object["push"] = {{"one", cost.push_one}, {"more", cost.push_more}};
    object["poll"] = cost.poll;
    object["stages"] = json::array();
    for (const auto& [stage, total] : stage_totals(result))
        object["stages"].push_back({{"name", stage}, {"total", total}});
    if (period_ms > 0) object["tick_period_ms"] = period_ms;
    return object;
}

// The given recordings; else one of noise, so long that every branch runs.
Profile profile_recordings(const ProfileCommandOptions& options, const Graph& graph,
                           const Program& program, const ResolvedTarget& target)
{
    std::vector<std::string> notes;
    const std::vector<RawRecording> recordings =
        options.inputs.empty() ? make_recordings(graph, options.model.match_rule(), 1,
                                                 static_cast<uint64_t>(options.seed))
                               : read_recordings(graph, options.inputs, notes);
    return profile_pipeline(program, target, recordings);
}

Exit profile_model(ProfileCommandOptions options, bool as_json)
{
    options.target = required_target(options.model, options.target, "profile");
    apply_deploy(options.model);
    const ResolvedTarget target = find_target(options.target);
    require(*target.family->unit != '\0', ErrorCode::T0003,
            {"--target " + options.target, "nothing is counted on this target",
             "a target that `thimble targets` lists with a unit", "--target cortex-m4"});
    const Graph graph = load_graph(options.model);
    const Program program = compile_for(graph, options.model, target);
    Profile result;
    {
        const Progress progress("measuring on " + target.name);
        result = graph.interface ? profile_recordings(options, graph, program, target)
                                 : profile(program, target, static_cast<uint64_t>(options.seed));
    }
    if (as_json) {
        print_json(
            profile_json(result, target, graph.interface ? tick_period_ms(*graph.interface) : 0));
        return Exit::ok;
    }
    say(fmt::format("{} on {} ({}, {})\n\n", options.model.path, target.name, target.family->name,
                    result.emulator));
    say_layers(result);
    if (result.pipeline) say_stages(result);
    say_totals(result, target);
    if (result.pipeline) say_pipeline(result, target, *graph.interface);
    if (!target.family->not_emulated.empty())
        say(fmt::format("not emulated: {}\n", target.family->not_emulated));
    if (target.board) {
        const Fit fit = fit_board(*target.board, measured_footprint(result), program);
        say(fmt::format("{} {}: {} bytes of flash and {} bytes of RAM stay free\n", target.name,
                        fit.fits ? "has room" : "is TOO SMALL", grouped(fit.flash_free),
                        grouped(fit.ram_free)));
    }
    say_next(is_trained(options.model)
                 ? command_text("build", options.model) + " --target " + options.target
                 : "thimble train " + options.model.path);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<ProfileCommandOptions>();
    declare_model(reader, options->model);
    options->model.stand_ins = true;
    reader.text("-t,--target", "T", options->target,
                "family or board with an emulator (default: the project's)");
    reader.whole("--seed", options->seed, 0, INT64_MAX, "seed of the input that is run");
    reader.list("-i,--input", "FILE", options->inputs,
                "of a project: recordings in place of generated ones");
    declare_compilation(reader, options->model);
    declare_feed(reader, options->model);
    return [options](bool as_json) { return profile_model(*options, as_json); };
}

}  // namespace

extern const Command command_profile;
const Command command_profile = {
    .name = "profile",
    .summary = "Measure cycles or instructions, flash, RAM and stack, in total and per layer",
    .examples = {"thimble profile examples/gesture/gesture.tflite --target uno",
                 "thimble profile examples/gesture/gesture.tflite --target cortex-m4 --json"},
    .declare = declare,
};

}  // namespace thimble
