// A recording: what the device would have been given between two decisions, with its label.
//
// Tested by tests/unit/data/table_test.cc.
#pragma once

#include "ir/dtype.h"
#include "ir/graph.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

constexpr int64_t kWholeFile = -1;

struct Recording {
    DType type = DType::f32;     // u8, i16, i32 or f32: the first that holds every value
    std::vector<uint8_t> bytes;  // elements, little-endian, the last axis fastest
    Shape shape;                 // [rows, channels], image [height, width, channels], text [bytes]
    std::string label;           // empty: none
    std::vector<float> targets;  // what the network shall give at the end; empty: not known
    std::string answer;          // of a text: the text it shall be turned into
    std::string file;            // as it was found, relative to the project where possible
    // Line of the first row (from 1), or number of the item (from 0); or kWholeFile.
    int64_t first = 0;
    bool has_lines = false;   // which of both `first` is; row r then stands on line first + r
    bool test = false;        // held out from training
    bool validation = false;  // not learnt from, but there to choose the best epoch by

    int64_t rows() const { return shape.empty() ? 1 : shape[0]; }
    int64_t count() const { return element_count(shape); }
    double value(int64_t index) const;
    // "data/punch.csv:53", "images.npy: item 7" or "yes/17.wav".
    std::string place() const;
    std::string place_of_row(int64_t row) const;
};

// "train", "validation" or "test".
const char* part_of(const Recording& recording);

// Packs values into the first of u8 (only where `bytes_allowed`), i16, i32, f32 that holds them
// all.
void pack_values(const std::vector<double>& values, bool bytes_allowed, Recording& recording);

// The elements as `type` (i8, u8, i16, i32 or f32), in the same order. Throws T0105, with the line,
// when a value is not a whole number or does not fit; `remedy` says what to try then.
std::vector<uint8_t> values_as(
    const Recording& recording, DType type,
    const char* remedy = "scale the recordings, or let them enter at another stage (`at`)");

}  // namespace thimble
