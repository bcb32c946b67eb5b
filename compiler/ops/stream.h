// Operators that collect rows of a stream in a state: trigger and slide.
//
// Their window is a state tensor that the nodes behind them read in place: nothing is copied. It
// holds a whole window in the runs in which `valid` is true, and is written again in the next one.
#pragma once

#include "ir/graph.h"

#include <cstdint>

namespace thimble {

// Collects `samples` rows once the motion starts (trigger.cc).
//
//   inputs:   row [channels], window [samples, channels] and progress int16 [3], both states
//   outputs:  valid bool [1]
struct TriggerAttributes {
    double threshold = 0;  // of the sum of absolute values
    int64_t before = 0;    // rows of the window that came before the one that started it
    int64_t rearm = 0;     // weak rows in a row that must pass before the next window
    bool operator==(const TriggerAttributes&) const = default;
};

// Slides a window over rows (slide.cc).
//
//   inputs:   rows [r, ...] or one row, window of `length` rows and missing int16 [1], both states;
//             `missing` says at first with which row the first window ends: a multiple of r
//   outputs:  valid bool [1]
struct SlideAttributes {
    int64_t hop = 1;  // rows by which a window begins behind the one before; a multiple of r
    // What reads the window may keep what it computed of earlier rows (passes/slide_networks.cc).
    bool sliding = false;
    int64_t length = 0;  // rows of the window, the oldest first; 0: the size of its first axis
    bool operator==(const SlideAttributes&) const = default;
};

// For import hooks: splits outputs (valid, window) of `node` into a node for valid and a copy of
// the state `window`. Only text cases and models that others write need the copy.
void give_window(Graph& graph, Node& node, TensorId window);

// Appends a state tensor to the node's inputs.
TensorId add_stream_state(Graph& graph, Node& node, const std::string& what, DType type,
                          Shape shape, Quantization quant, std::vector<uint8_t> initial);

}  // namespace thimble
