// Post-training quantisation: a float Graph and recorded inputs give a quantised Graph.
//
// A pure function, without training library. What it does, in this order:
// 1. prepare_network: constants folded, recurrences without an integer form spelled out;
// 2. observe: runs the float network on the recordings and counts what its tensors hold;
// 3. tries the range methods (min-max, percentile, squared error), each with and without
//    cross-layer equalisation, and keeps what has the smallest loss of the TASK: cross-entropy with
//    the labels where they are given, else the squared error of the outputs against float;
// 4. int4: rounds the weights of a row together (rounding.h), if that lowers the loss; keeps
//    corrected biases if they do;
// 5. int4: leaves int8 weights to layers with few of them that win much by it;
//    `mixed`: measures each layer alone in 8 bits in a network of 16, and keeps those in 16 that
//    cost most;
// 6. compares every layer with float.
//
// Quantisation-aware training uses the parts: Quantized::network is the float network as it was
// quantised, tensor t of it is tensor t of `graph`; assemble() gives the quantised graph anew for
// other ranges or weights, requantize_weights() for other weights at fixed scales (assemble.h).
//
// docs/quantization.md says what is measured. Tested by tests/unit/quantize/.
#pragma once

#include "quantize/assemble.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thimble {

enum class Scheme : uint8_t { int8, int16x8, float16, int4, mixed };
std::string_view scheme_name(Scheme scheme);
std::optional<Scheme> scheme_from(std::string_view name);

struct QuantizeOptions {
    Scheme scheme = Scheme::int8;
    AssembleOptions assemble;
    std::vector<int> labels;  // the right output element of each run; empty: not known
    // Inputs that hold in the next run what an output was in this one, by their places: one scale.
    std::vector<std::pair<size_t, size_t>> carried;
    Range input_range;                  // of the first input, where it is known; else calibrated
    std::optional<RangeMethod> method;  // empty: chosen by the loss
    bool equalize = true;               // may be tried
    bool correct_bias = true;           // may be tried
    int64_t search_runs = 128;          // at most so many runs decide between choices
    // A drop of the accuracy above this many points finds the layer that causes it; below 0: never.
    double drop_max = -1;
    std::function<void(const std::string&)> progress;  // "calibrating: 40 of 100"
};

// How far a layer of the quantised network is from float, over all runs that were compared.
struct LayerError {
    std::string name;  // of the layer
    std::string op;
    std::string type;    // "int8", "int16", "float32"
    double sqnr_db = 0;  // signal to error; infinite when equal
    double mean_error = 0;
    double max_error = 0;
    double least = 0, most = 0;  // what float gives
};

struct Quantized {
    // Equalised and with corrected biases, where that was chosen; rounding its weights one by one
    // gives what `assembled` holds.
    FloatNetwork network;
    Ranges ranges;
    std::vector<Precision> precision;  // by node of `network`
    Assembled assembled;

    RangeMethod method = RangeMethod::min_max;
    bool equalized = false, bias_corrected = false;
    bool rounded_together = false;  // int4 weights, with regard to the others of their row
    double loss = 0;                // squared error, or cross-entropy with labels
    double output_error = 0;        // mean |quantised - float| over all outputs
    double output_error_max = 0;
    double float_accuracy = -1, accuracy = -1;  // shares; -1 without labels
    std::vector<LayerError> layers;
    std::string worst_layer;         // set where the drop is above the bound
    std::vector<std::string> notes;  // layers that stay in float, and why

    const Graph& graph() const { return assembled.graph; }
};

// Throws T0105 without runs (float16 needs none), T0201, T0202, T0205.
Quantized quantize(const Graph& graph, const std::vector<CalibrationRun>& runs,
                   const QuantizeOptions& options);

// Ranges of the observed values by one method.
Ranges ranges_of(const Observed& observed, RangeMethod method);
std::string_view range_method_name(RangeMethod method);

}  // namespace thimble
