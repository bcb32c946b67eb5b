// Fits of one model on all boards, as `inspect` and `boards` show them.
#pragma once

#include "cli/model_options.h"
#include "verify/fit.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace thimble {

struct BoardRow {
    const Board* board = nullptr;
    Fit fit;
    Footprint footprint;
    std::string basis;   // "estimated", "measured"
    std::string refused; // why nothing could be compiled for it; empty: compiled
};

// Compiles for every board. `measure`: flash, stack and cycles from real builds on emulators, where
// compiler and emulator are installed; elsewhere, and without it, they are estimated.
std::vector<BoardRow> fit_all_boards(const Graph& graph, const ModelOptions& options, bool measure);

// The first board that the model fits, for "next:" lines; "host" when there is none.
std::string suggested_target(const std::vector<BoardRow>& rows);

std::string board_table_text(const std::vector<BoardRow>& rows);
nlohmann::json board_table_json(const std::vector<BoardRow>& rows);

}  // namespace thimble
