#include "cli/board_table.h"

#include "cli/output.h"
#include "compile.h"
#include "verify/helpers.h"
#include "verify/profile.h"
#include "verify/verify.h"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

struct Compiled {
    Program program;
    Footprint footprint;
    std::string refused;
};

// Boards of one family share the program, apart from how far their flash reads reach.
std::string program_key(const ResolvedTarget& target)
{
    return fmt::format("{} {}", target.family->name, target.facts.near_flash_bytes);
}

Profile measured(const Graph& imported, const Program& program, const ModelOptions& options,
                 const ResolvedTarget& target)
{
    if (!imported.interface) return profile(program, target);
    return profile_pipeline(program, target, make_recordings(imported, options.match_rule(), 1, 1));
}

Compiled compile_and_size(const Graph& imported, const Graph& graph, const ModelOptions& options,
                          const ResolvedTarget& target, bool measure)
{
    Compiled result;
    bool estimated = false;
    try {
        result.program = compile_recognised_for(graph, options, target);
        result.footprint = estimate_footprint(result.program, target.facts);
        estimated = true;
        if (!measure || !can_measure(target)) return result;
        const Progress progress(fmt::format("measuring on {}", target.name));
        result.footprint = measured_footprint(measured(imported, result.program, options, target));
    } catch (const Error& error) {
        if (estimated && error.code() == ErrorCode::T0301)
            return result;  // too large to link: the estimate stands
        result.refused = error.text().found;
    }
    return result;
}

std::string free_text(const BoardRow& row, int64_t bytes)
{
    if (!row.refused.empty() || !row.fit.limited) return "-";
    const bool exact = row.footprint.measured;
    return (exact ? "" : "~") + grouped(bytes);
}

}  // namespace

std::vector<BoardRow> fit_all_boards(const Graph& graph, const ModelOptions& options, bool measure)
{
    std::map<std::string, Compiled> programs;
    std::vector<BoardRow> rows;
    Graph recognised;
    std::string refused;  // for all boards
    try {
        recognised = recognise(graph, options.keep_state());
    } catch (const Error& error) {
        refused = error.text().found;
    }
    for (const Board& board : all_boards()) {
        const ResolvedTarget target = find_target(board.name);
        const std::string key = program_key(target);
        if (!programs.count(key)) {
            programs.emplace(
                key, refused.empty() ? compile_and_size(graph, recognised, options, target, measure)
                                     : Compiled{{}, {}, refused});
        }
        const Compiled& compiled = programs.at(key);
        BoardRow row;
        row.board = &board;
        row.footprint = compiled.footprint;
        row.refused = compiled.refused;
        row.basis = compiled.footprint.measured ? "measured" : "estimated";
        if (row.refused.empty()) row.fit = fit_board(board, compiled.footprint, compiled.program);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string board_table_text(const std::vector<BoardRow>& rows)
{
    TextTable table(
        {"board", "chip", "fits", ">flash free", ">RAM free", ">latency", "what to change"});
    bool estimated = false;
    for (const BoardRow& row : rows) {
        const bool refused = !row.refused.empty();
        estimated |= !refused && row.fit.limited && !row.footprint.measured;
        const std::string latency =
            refused || row.fit.latency_ms == 0 ? "-" : "~" + duration_text(row.fit.latency_ms);
        table.row({row.board->name, row.board->mcu,
                   refused        ? "no"
                   : row.fit.fits ? "yes"
                                  : "NO",
                   free_text(row, row.fit.flash_free), free_text(row, row.fit.ram_free), latency,
                   refused ? row.refused : row.fit.advice});
    }
    std::string text = table.text();
    if (estimated)
        text +=
            "~ is an estimate: constants and RAM are exact, code, stack and time are guessed from "
            "layers and multiply-accumulates.\n";
    text += "Latency is an estimate: cycles or instructions divided by the board's clock.\n";
    return text;
}

std::string suggested_target(const std::vector<BoardRow>& rows)
{
    for (const BoardRow& row : rows)
        if (row.fit.limited && row.fit.fits && row.refused.empty()) return row.board->name;
    return "host";
}

nlohmann::json board_table_json(const std::vector<BoardRow>& rows)
{
    nlohmann::json list = nlohmann::json::array();
    for (const BoardRow& row : rows) {
        const bool refused = !row.refused.empty();
        nlohmann::json item = {{"board", row.board->name},
                               {"fits", row.fit.fits && !refused},
                               {"basis", row.basis},
                               {"reason", refused ? row.refused : row.fit.advice}};
        const bool known = !refused && row.fit.limited;
        item["flash_free"] = known ? nlohmann::json(row.fit.flash_free) : nlohmann::json();
        item["ram_free"] = known ? nlohmann::json(row.fit.ram_free) : nlohmann::json();
        item["latency_estimate_ms"] = !refused && row.fit.latency_ms > 0
                                          ? nlohmann::json(row.fit.latency_ms)
                                          : nlohmann::json();
        list.push_back(std::move(item));
    }
    return list;
}

}  // namespace thimble
