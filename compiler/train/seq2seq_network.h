// Encoder and decoder of a seq2seq stage as float graphs with weights to train.
//
// The encoder is a network of layers: ids [1, places] to memory [1, places, width], and through a
// bridge the decoder's first state [1, width]. The decoder is a cell (docs/seq2seq.md): from the
// last symbol, its states and the memory it makes logits and the next states. Its operators are
// plain ones, so that it has an integer form, and h has as many units as the memory is wide:
//
//   x = [embedding(symbol); context]                     context of the step before, zeros at first
//   lstm:  i, f, o = sigmoid(W [x; h] + b)   g = tanh(W [x; h] + b)
//          c' = f c + i g   h' = o tanh c'
//   gru:   z, r = sigmoid(W [x; h] + b)   g = tanh(W [x; r h] + b)   h' = g + z (h - g)
//   attention (Luong, Pham, Manning 2015, dot): a = softmax(memory h')   context' = a memory
//   masked: memory has a column more, -30 for pads, and [h'; 1] stands for h'
//   logits = W [h'; context'] + b
//
// Tested by tests/train/seq2seq_task_test.cc.
#pragma once

#include "train/layers.h"

#include <cstdint>
#include <string>

namespace thimble {

struct Seq2seqSpec {
    NetworkSpec encoder;    // its bridge has `units`
    std::string cell;       // "lstm", "gru"
    int64_t units = 0;      // of the decoder: the width of the memory
    int64_t embedding = 0;  // width of the target symbols' rows
    int64_t symbols = 0;    // of the target
    bool attention = true;
    bool mask = false;   // attention does not see pads
    double dropout = 0;  // of what the logits are made from
    int64_t places = 0;  // symbols of the source
    int64_t begin = 0, end = 0, pad = 0, max_target = 0;

    // Elements of a row of the memory, and of the context.
    int64_t width() const { return units + (mask ? 1 : 0); }
};

// What a stage `seq2seq` with layers says, its vocabularies giving the numbers of symbols. Throws
// T0106 for a stage without layers, without vocabularies, or with sizes that do not fit.
Seq2seqSpec seq2seq_spec(const Settings& stage);

// Inputs x (int32 [1]), h, with lstm c, with attention context and memory; outputs logits, then the
// states under the same names.
TrainableNetwork build_decoder(const Seq2seqSpec& spec, uint64_t seed);

}  // namespace thimble
