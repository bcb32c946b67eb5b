// Which layers behind a sliding window compute the same rows again in the next window
// (slide_networks.cc).
//
// A tensor has rows in time when its memory is n rows, the oldest first: all sizes in front of
// their axis are 1. Windows overlap: the last `fresh` of its rows are new, the others are those
// that the window before gave further down. That holds behind a layer without padding in time whose
// stride divides `fresh`, and behind layers that treat every row by itself.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct TimeRows {
    size_t axis = 0;
    int64_t count = 0;  // at least 2; sizes in front of the axis are 1
    int64_t fresh = 0;  // less than count
};

// A layer that needs no more than new rows and some older ones.
struct SlidingLayer {
    size_t node = 0;
    int64_t rows = 0;  // of its first input: the last `rows` ones; equal to fresh: only new ones
};

struct WhyWhole {
    std::string layer, reason, remedy;
};

struct SlidingRows {
    std::map<TensorId, TimeRows> rows;  // of the body's tensors
    std::vector<SlidingLayer> layers;   // in order
    std::vector<TensorId> whole;        // tensors with rows that the other layers read
    std::optional<WhyWhole> why;        // the first layer that reads all rows; nothing: none does
};

// `window` is an input of the body: windows of `count` rows, `fresh` of them new.
SlidingRows find_sliding_rows(const Graph& body, TensorId window, int64_t count, int64_t fresh);

// The same tensor with another number of rows.
Shape with_rows(const Tensor& tensor, const TimeRows& rows, int64_t count);

}  // namespace thimble
