// Runs a quantised graph beside the float network: loss of the task, accuracy, error of each layer.
#pragma once

#include "quantize/quantize.h"

namespace thimble {

// The inputs of a run as the quantised graph takes them: float32 rounded to the input's scale.
CalibrationRun inputs_for(const Graph& quantised, const Graph& float_graph,
                          const CalibrationRun& run);

struct Measured {
    double loss = 0;                       // see QuantizeOptions
    double accuracy = -1;                  // with labels
    double mean_error = 0, max_error = 0;  // of all output elements
};

// Compares on the first runs, as many as `outputs` (the float network's) has.
Measured measure(const Graph& quantised, const Graph& float_graph,
                 const std::vector<CalibrationRun>& runs,
                 const std::vector<CalibrationRun>& outputs, const std::vector<int>& labels);
double accuracy_of(const std::vector<CalibrationRun>& outputs, const std::vector<int>& labels);

std::vector<LayerError> layer_errors(const Quantized& quantized,
                                     const std::vector<CalibrationRun>& runs, size_t count);

}  // namespace thimble
