#include "targets/target.h"

#include "base/error.h"
#include "base/text.h"

#include <fmt/format.h>

namespace thimble {

#define THIMBLE_TARGET(file) extern const Target target_##file;
#include "targets/targets.def"
#undef THIMBLE_TARGET

namespace {

// The family `avr` alone means the chip of the Uno, the most common one.
constexpr const char* kDefaultAvrMcu = "atmega328p";
constexpr int64_t kDefaultAvrClockHz = 16'000'000;

const Target* find_family(std::string_view name)
{
    for (const Target* target : all_targets()) {
        if (name == target->name) return target;
    }
    return nullptr;
}

const Board* find_board(std::string_view name)
{
    for (const Board& board : all_boards()) {
        if (name == board.name) return &board;
    }
    return nullptr;
}

[[noreturn]] void fail_unknown(std::string_view name)
{
    std::vector<std::string> known;
    for (const Target* target : all_targets()) known.push_back(target->name);
    for (const Board& board : all_boards()) known.push_back(board.name);
    const std::string suggestion = nearest(name, known);
    fail(ErrorCode::T0002,
         {fmt::format("--target {}", name), "no family or board has this name",
          suggestion.empty() ? "a name that `thimble targets` or `thimble boards` lists"
                             : fmt::format("a known name; the nearest is '{}'", suggestion),
          suggestion.empty() ? "thimble targets" : fmt::format("--target {}", suggestion)});
}

}  // namespace

const std::vector<const Target*>& all_targets()
{
    static const std::vector<const Target*> targets = {
#define THIMBLE_TARGET(file) &target_##file,
#include "targets/targets.def"
#undef THIMBLE_TARGET
    };
    return targets;
}

ResolvedTarget find_target(std::string_view name)
{
    ResolvedTarget resolved;
    resolved.name = std::string(name);
    resolved.board = find_board(name);
    resolved.family = find_family(resolved.board ? resolved.board->family : name);
    if (!resolved.family) fail_unknown(name);
    resolved.facts = resolved.family->facts;
    if (resolved.board) {
        resolved.clock_hz = resolved.board->clock_hz;
        resolved.mcu = resolved.board->mcu;
    } else if (resolved.family->emulator == Emulator::simavr) {
        resolved.clock_hz = kDefaultAvrClockHz;
        resolved.mcu = kDefaultAvrMcu;
    }
    // Only a chip with more flash than LPM reaches has a near part at all.
    if (resolved.board && resolved.board->flash_bytes <= resolved.facts.near_flash_bytes) {
        resolved.facts.near_flash_bytes = 0;
    } else if (!resolved.board) {
        resolved.facts.near_flash_bytes = 0;
    }
    return resolved;
}

std::vector<std::string> ResolvedTarget::compile_flags() const
{
    std::vector<std::string> flags = family->compile_flags;
    if (family->emulator == Emulator::simavr) {
        flags.push_back("-mmcu=" + mcu);
        flags.push_back(fmt::format("-DF_CPU={}UL", clock_hz));
    }
    return flags;
}

std::vector<std::string> ResolvedTarget::link_flags() const
{
    return family->link_flags;
}

}  // namespace thimble
