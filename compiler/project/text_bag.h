// Networks that average the embeddings of a text's words, as a table of sums (ops/bag_add).
//
//   ids -> GATHER from E -> [DEQUANTIZE] -> MEAN -> [FULLY_CONNECTED W, b] -> the rest
//
// The average comes before anything that is not linear, so W (mean E[id]) + b = mean (W E[id]) + b:
// the products W E[v] are a table [ids, outputs] that is known now, and what is left of this part
// is to add up rows as the words come. With more outputs than W has inputs the table is E itself
// and W stays in the rest. Pads are ids like any other: their rows are added by their number.
//
// A network of int8 keeps its numbers: the rows are summed up in int32, and bag_mean makes of them
// what MEAN makes of the list, bit for bit. The table is E, and all behind MEAN stays.
//
// A float graph is only searched for this form; that the table gives the same is measured on random
// ids, so that no attribute of a layer can be overlooked.
//
// Tested by tests/unit/project/text_bag_test.cc.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct TextBag {
    int64_t words = 0;            // ids that are averaged
    int64_t rows = 0, width = 0;  // of the table
    std::vector<double> table;    // [rows][width]
    std::vector<double> offset;   // [width]
    // Of an int8 network, in place of `table` and `offset`: rows as stored, and what they mean.
    std::vector<int8_t> stored;
    Quantization stored_quant, mean_quant;  // of a row, of their mean
    Graph rest;        // one input: the sums, float32, or the int8 mean; one output
    double error = 0;  // greatest difference to the network that was seen
};

// Empty when `network`, a graph with one input, does not begin with such a part; `reason` says why.
std::optional<TextBag> find_text_bag(const Graph& network, size_t output, std::string& reason);

// Rows of the table that the ids choose from; 0 when the network does not begin with one.
int64_t embedding_rows(const Graph& network);

// The same with rounded numbers: real = scale * stored.
struct RoundedBag {
    float scale = 1;
    std::vector<int8_t> table;
    std::vector<int32_t> offset;  // counts scale / words
    double error = 0;             // greatest difference of a sum over random texts
    double same_decision = 0;  // share of those texts with the same greatest sum, or the same sign
};
constexpr int kRandomTexts = 20'000;
RoundedBag rounded_bag(const TextBag& bag);

}  // namespace thimble
