// From a trained float network to the numbers of the device, with what that costs.
#pragma once

#include "evaluate/confusion.h"
#include "evaluate/decide.h"
#include "evaluate/samples.h"
#include "quantize/quantize.h"
#include "train/history.h"
#include "train/train_options.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// The features of a sample as a graph's input takes them: as they stand, as real numbers, or on the
// input's scale (rounded half away from zero, saturated).
std::vector<uint8_t> input_bytes(const LabelledSample& sample, const Tensor& features,
                                 const Tensor& place);

// Runs of the float network: `count` of the samples to train on, drawn by `seed`. `how` gets their
// labels, and the range of integer features, which keep their values: int8 has the scale 1 and zero
// point 0, uint8 the scale 1 and zero point -128.
std::vector<CalibrationRun> calibration_runs(const Graph& network, const SampleSet& set,
                                             int64_t count, uint64_t seed, QuantizeOptions& how);

// The float network in the numbers of `scheme` ("int8", ...; not "float32"), its ranges from some
// of the training samples.
Quantized quantized_network(const Graph& network, const std::string& scheme, const SampleSet& set,
                            const TrainOptions& options,
                            const std::function<void(const std::string&)>& progress);

// What a network makes of the samples that are held out.
struct NetworkResult {
    Score score;                         // without loss
    std::optional<Confusion> confusion;  // of labels
};

NetworkResult test_network(const Graph& network, const SampleSet& set, const EngineChoice& engine,
                           const RecordingProgress& progress);

}  // namespace thimble
