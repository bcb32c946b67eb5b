// boards: every board, or where a model fits and what to change.
#include "cli/board_table.h"
#include "cli/output.h"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

struct BoardsCommandOptions {
    ModelOptions model;
    bool measure = false;
};

std::string size_text(int64_t bytes)
{
    if (bytes == 0) return "-";
    if (bytes % (1024 * 1024) == 0) return fmt::format("{} MB", bytes / (1024 * 1024));
    return bytes % 1024 == 0 ? fmt::format("{} KB", bytes / 1024) : fmt::format("{} B", bytes);
}

Exit list_boards(bool as_json)
{
    json list = json::array();
    TextTable table(
        {"board", "", "family", "chip", ">flash", ">RAM", ">taken by core", ">clock", "notes"});
    for (const Board& board : all_boards()) {
        table.row({board.name, board.description, board.family, board.mcu,
                   size_text(board.flash_bytes), size_text(board.ram_bytes),
                   board.flash_reserved_bytes == 0 && board.ram_reserved_bytes == 0
                       ? "-"
                       : fmt::format("{} B, {} B", grouped(board.flash_reserved_bytes),
                                     grouped(board.ram_reserved_bytes)),
                   board.clock_hz == 0 ? "-" : fmt::format("{} MHz", board.clock_hz / 1000000),
                   board.notes});
        list.push_back({{"board", board.name}, {"description", board.description},
                        {"family", board.family}, {"chip", board.mcu}, {"flash", board.flash_bytes},
                        {"ram", board.ram_bytes}, {"flash_reserved", board.flash_reserved_bytes},
                        {"ram_reserved", board.ram_reserved_bytes}, {"clock_hz", board.clock_hz},
                        {"notes", board.notes}});
    }
    if (as_json) {
        print_json({{"boards", list}});
        return Exit::ok;
    }
    say(table.text());
    say_next("thimble boards MODEL");
    return Exit::ok;
}

Exit boards(const BoardsCommandOptions& options, bool as_json)
{
    if (options.model.path.empty()) return list_boards(as_json);
    const Graph graph = load_graph(options.model);
    const std::vector<BoardRow> rows = fit_all_boards(graph, options.model, options.measure);
    if (as_json) {
        print_json({{"boards", board_table_json(rows)}});
        return Exit::ok;
    }
    say(board_table_text(rows));
    if (!options.measure) say_next(command_text("boards", options.model) + " --measure");
    else say_next(command_text("build", options.model) + " --target " + suggested_target(rows));
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<BoardsCommandOptions>();
    reader.argument("MODEL", options->model.path, "a TensorFlow Lite model (.tflite)", false);
    reader.text("--signature", "KEY", options->model.signature,
                "compile this signature (default: the first subgraph)");
    reader.flag("--measure", options->measure,
                "build and run on the emulators that are installed instead of estimating");
    declare_compilation(reader, options->model);
    options->model.stand_ins = true;
    return [options](bool as_json) { return boards(*options, as_json); };
}

}  // namespace

extern const Command command_boards;
const Command command_boards = {
    .name = "boards",
    .summary = "List boards, or where a model fits, by how much, and what to change",
    .examples = {"thimble boards", "thimble boards examples/gesture/gesture.tflite"},
    .declare = declare,
};

}  // namespace thimble
