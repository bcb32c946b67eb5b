// Recurrent networks as converters write them, made with write_tflite: the loop over time written
// out, or as a WHILE.
#pragma once

#include "formats/tflite_writer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace thimble {

struct RecurrentDraft {
    enum Cell { lstm, gru, gru_before, simple_rnn } cell = lstm;
    int64_t steps = 4, in_count = 3, units = 5;
    bool quantized = false;
    bool sequences = false;       // the output is h of every step, else of the last one
    bool folded_zero = false;     // unrolled: the first step lacks the product with h = 0
    bool backwards = false;       // steps take x from the end
    int changed_step = -1;        // unrolled: this step has other recurrent weights
    int rescaled_step = -1;       // unrolled, quantized: this step's h has another scale
    bool own_scales = false;      // unrolled, quantized: every step has scales of its own
    bool clamped = false;         // products with x end in a RELU
};

TfliteDraft unrolled_draft(const RecurrentDraft& form);
// One step whose states are inputs and outputs of the graph: x, h, c -> h', c'.
TfliteDraft cell_draft(const RecurrentDraft& form);
// As the stock converter writes Keras 3: counters, GATHER of x, CONCATENATION of SLICEs for y.
TfliteDraft loop_draft(const RecurrentDraft& form);

}  // namespace thimble
