// What the inputs and outputs of a tick graph mean to those who push samples and poll decisions.
//
// A pipeline is compiled as a graph like any other, the tick graph. One run of it, a tick, sees
// `window` samples, which begin `hop` samples behind those of the tick before:
//
//   inputs:   samples [window, row...]; with `takes_end` a bool [1]
//   outputs:  valid bool [1], then what `Decision` says, which mean something only if valid is true
//
// All states of the graph that are not per_sequence live from tick to tick until the recording
// ends. Ticks are due as long as `window` samples of the recording are there. With `takes_end`
// (texts) one more follows behind the last one, in which the second input is true and the samples
// are zeros; in all others it is false.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

enum class InputKind : uint8_t { motion, audio, text, image, tensor };

// What output 1 and those behind it are.
enum class Decision : uint8_t {
    values,  // all that the last stage gives
    label,   // int32 [k]: indices into `labels`; then, where there are scores, those [k]
};

struct PipelineInterface {
    InputKind kind = InputKind::tensor;
    std::vector<std::string> channels;  // names of the elements of a row; may be empty
    int64_t row = 1;                    // elements of one sample
    int64_t window = 1, hop = 1;        // samples
    int64_t buffer = 0;                 // samples that wait for their tick at most
    double rate_hz = 0;                 // samples a second; 0: not known
    std::string unit;                   // of an element; may be empty
    bool takes_end = false;
    Decision decision = Decision::values;
    std::vector<std::string> labels;

    // Samples come one after another, through NAME_push. Else one input is a whole, written in
    // place, and each is decided by itself.
    bool streamed() const { return kind != InputKind::image && kind != InputKind::tensor; }
};

}  // namespace thimble
