#include "verify/fit.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace thimble {

namespace {

// Estimates for what is not measured, from images of the demonstration models on each family.
constexpr int64_t kInstanceBytesAvr = 700;
constexpr int64_t kInstanceBytes = 450;
constexpr int64_t kSoftFloatBytes = 3000;  // float arithmetic and expf of libgcc and libm
constexpr int64_t kStackBytesAvr = 100;
constexpr int64_t kStackBytes = 300;

// Cycles per multiply-accumulate of a typical layer, data movement included.
double cycles_per_mac(const TargetFacts& facts, bool is_float)
{
    if (is_float && !facts.has_float_unit) return facts.int_bits == 16 ? 280 : 60;
    if (facts.int_bits == 16) return 15;
    if (facts.has("dsp")) return is_float ? 5 : 2.5;
    return facts.has_wide_multiply ? 6 : 8;
}

// Each output element costs its requantisation or activation.
double cycles_per_element(const TargetFacts& facts)
{
    return facts.int_bits == 16 ? 120 : 25;
}

std::set<int> tables_of(const Step& step)
{
    std::set<int> tables;
    for (const KernelCall& call : step.calls)
        for (const Arg& arg : call.args)
            if (arg.kind == Arg::Kind::table) tables.insert(arg.index);
    return tables;
}

int64_t table_bytes(const Program& program, const std::set<int>& tables)
{
    int64_t bytes = 0;
    for (const int index : tables)
        bytes += static_cast<int64_t>(program.tables[static_cast<size_t>(index)].bytes.size());
    return bytes;
}

// Distinct (kernel, keys), as the emitter makes instances.
size_t instance_count(const Program& program)
{
    std::set<std::string> instances;
    for (const Step& step : program.steps) {
        for (const KernelCall& call : step.calls) {
            std::string key = call.kernel;
            for (const Arg& arg : call.args)
                if (arg.kind == Arg::Kind::key) key += "|" + arg.text;
            instances.insert(key);
        }
    }
    return instances.size();
}

bool is_float_step(const Step& step)
{
    return std::ranges::any_of(step.calls, [](const KernelCall& call) {
        return call.kernel.find("f32") != std::string::npos;
    });
}

// How often a step runs, as far as the loops around it say.
int64_t turns_of(const Program& program, const Step& step)
{
    int64_t turns = 1;
    for (int at = step.region; at >= 0; at = program.steps[static_cast<size_t>(at)].region)
        turns *= std::max<int64_t>(1, program.steps[static_cast<size_t>(at)].trip_count);
    return turns;
}

int64_t live_bytes(const Program& program, int step)
{
    int64_t bytes = 0;
    for (const Buffer& buffer : program.buffers)
        if (buffer.place == Place::work && buffer.first_step <= step && step <= buffer.last_step)
            bytes += buffer.bytes;
    return bytes;
}

std::string advice_for(const Fit& fit, const Program& program)
{
    std::string advice;
    if (fit.ram_free < 0)
        advice = fmt::format("{} bytes of RAM too few, largest layer {}", -fit.ram_free,
                             largest_in_ram(program));
    if (fit.flash_free < 0)
        advice += fmt::format("{}{} bytes of flash too few, largest layer {}",
                              advice.empty() ? "" : "; ", -fit.flash_free,
                              largest_in_flash(program));
    const bool float_weights = std::ranges::any_of(program.tables, [](const Table& table) {
        return table.is_weight && table.c_type == "float";
    });
    if (fit.flash_free < 0 && float_weights) advice += "; int8 weights take a quarter of float32";
    return advice;
}

}  // namespace

int64_t outer_bytes(const Program& program)
{
    const bool by_steps = program.sequence_loop && !program.sequence_loop->holds_input;
    return by_steps ? program.sequence_loop->row_bytes : 0;
}

Footprint least_footprint(const Program& program)
{
    std::set<int> tables;
    for (const Step& step : program.steps) tables.merge(tables_of(step));
    return {.flash = table_bytes(program, tables),
            .ram = program.state_bytes + program.work_bytes + outer_bytes(program)};
}

Footprint estimate_footprint(const Program& program, const TargetFacts& facts)
{
    const bool avr = facts.int_bits == 16;
    std::set<int> tables;
    double elements = 0;
    Footprint result;
    for (const Step& step : program.steps) {
        tables.merge(tables_of(step));
        if (step.calls.empty() || step.kind != StepKind::layer) continue;
        result.cycles +=
            static_cast<double>(step.macs) * cycles_per_mac(facts, is_float_step(step));
        for (const TensorId id : program.graph.nodes[static_cast<size_t>(step.node)].outputs)
            elements += static_cast<double>(program.graph.tensor(id).count()) *
                        static_cast<double>(turns_of(program, step));
    }
    const auto instances = static_cast<int64_t>(instance_count(program));
    result.flash =
        table_bytes(program, tables) + instances * (avr ? kInstanceBytesAvr : kInstanceBytes);
    if (std::ranges::any_of(program.steps, is_float_step) && !facts.has_float_unit)
        result.flash += kSoftFloatBytes;
    result.ram = program.state_bytes + program.work_bytes + outer_bytes(program);
    result.stack = avr ? kStackBytesAvr : kStackBytes;
    result.cycles += elements * cycles_per_element(facts);
    return result;
}

Footprint measured_footprint(const Profile& profile)
{
    return {.flash = profile.flash_total(),
            .ram = profile.ram_total(),
            .stack = profile.stack,
            .cycles = static_cast<double>(profile.total),
            .measured = true};
}

Fit fit_board(const Board& board, const Footprint& footprint, const Program& program)
{
    Fit fit;
    fit.limited = board.flash_bytes > 0;
    if (board.clock_hz > 0)
        fit.latency_ms = footprint.cycles * 1000 / static_cast<double>(board.clock_hz);
    fit.fits = !fit.limited;
    if (!fit.limited) return fit;
    fit.flash_free = board.flash_bytes - board.flash_reserved_bytes - footprint.flash;
    fit.ram_free = board.ram_bytes - board.ram_reserved_bytes - footprint.ram - footprint.stack;
    if (board.constants_in_ram) fit.ram_free -= least_footprint(program).flash;
    fit.fits = fit.flash_free >= 0 && fit.ram_free >= 0;
    fit.advice = advice_for(fit, program);
    return fit;
}

std::string largest_in_ram(const Program& program)
{
    int64_t most = -1;
    std::string layer = "no layer";
    for (size_t s = 0; s < program.steps.size(); ++s) {
        const int64_t bytes = live_bytes(program, static_cast<int>(s));
        if (bytes <= most) continue;
        most = bytes;
        layer = fmt::format("'{}' ({} bytes)", program.steps[s].layer, bytes);
    }
    return layer;
}

std::string largest_in_flash(const Program& program)
{
    int64_t most = -1;
    std::string layer = "no layer";
    for (const Step& step : program.steps) {
        const int64_t bytes = table_bytes(program, tables_of(step));
        if (bytes <= most) continue;
        most = bytes;
        layer = fmt::format("'{}' ({} bytes)", step.layer, bytes);
    }
    return layer;
}

void require_fit(const Board& board, const Footprint& footprint, const Program& program)
{
    const Fit fit = fit_board(board, footprint, program);
    if (fit.fits) return;
    const int64_t ram = board.ram_bytes - board.ram_reserved_bytes;
    const int64_t flash = board.flash_bytes - board.flash_reserved_bytes;
    fail(ErrorCode::T0301,
         {board.name, fit.advice,
          fmt::format("at most {} bytes of RAM with the stack and {} bytes of flash", ram, flash),
          "thimble boards MODEL shows where it fits; --force writes the C anyway"});
}

}  // namespace thimble
