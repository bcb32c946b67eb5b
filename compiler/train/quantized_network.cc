#include "train/quantized_network.h"

#include "base/error.h"
#include "base/random.h"
#include "evaluate/values.h"
#include "ops/op.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

template <typename T>
void put(std::vector<uint8_t>& bytes, T value)
{
    const size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// Integers that stand for themselves span their type; all else is calibrated.
Range whole_range(DType type)
{
    if (type == DType::i8) return {-128, 127};
    return type == DType::u8 ? Range{0, 255} : Range{};
}

// The samples to take ranges from: evenly drawn, the same for every run.
std::vector<const LabelledSample*> drawn(const SampleSet& set, int64_t count, uint64_t seed)
{
    std::vector<const LabelledSample*> samples;
    for (const LabelledSample& sample : set.train)
        if (!sample.validation) samples.push_back(&sample);
    SplitMix64(seed).shuffle(samples);
    samples.resize(std::min(samples.size(), static_cast<size_t>(count)));
    return samples;
}

}  // namespace

std::vector<uint8_t> input_bytes(const LabelledSample& sample, const Tensor& features,
                                 const Tensor& place)
{
    if (features.type == place.type && !place.quant.present()) return sample.features;
    std::vector<uint8_t> bytes;
    for (int64_t i = 0; i < features.count(); ++i) {
        const double value = real_value(features, sample.features, i);
        if (place.type == DType::f32) {
            put(bytes, static_cast<float>(value));
        } else if (place.type == DType::i32) {
            put(bytes, static_cast<int32_t>(value));
        } else {
            THIMBLE_CHECK(place.type == DType::i8 || place.type == DType::i16, place.name);
            const double limit = place.type == DType::i8 ? 127 : 32767;
            // In float, as the operator QUANTIZE: halves would fall to the other side in double.
            const float steps = static_cast<float>(value) / place.quant.scale();
            const double q =
                std::clamp(std::round(double{steps}) + place.quant.zero_point(), -limit - 1, limit);
            if (place.type == DType::i8)
                put(bytes, static_cast<int8_t>(q));
            else
                put(bytes, static_cast<int16_t>(q));
        }
    }
    return bytes;
}

std::vector<CalibrationRun> calibration_runs(const Graph& network, const SampleSet& set,
                                             int64_t count, uint64_t seed, QuantizeOptions& how)
{
    how.input_range = whole_range(set.sample.type);
    // One value tells two labels apart.
    const int64_t values = network.tensor(network.outputs[0]).count();
    const bool labelled = values > 1 ? !set.labels.empty() : set.labels.size() == 2;
    std::vector<CalibrationRun> runs;
    for (const LabelledSample* sample : drawn(set, count, seed)) {
        runs.push_back({input_bytes(*sample, set.sample, network.tensor(network.inputs[0]))});
        if (labelled) how.labels.push_back(sample->label);
    }
    return runs;
}

Quantized quantized_network(const Graph& network, const std::string& scheme, const SampleSet& set,
                            const TrainOptions& options,
                            const std::function<void(const std::string&)>& progress)
{
    QuantizeOptions how;
    how.scheme = *scheme_from(scheme);
    how.drop_max = options.max_drop;
    how.progress = progress;
    const std::vector<CalibrationRun> runs =
        calibration_runs(network, set, options.calibration, options.seed, how);
    return quantize(network, runs, how);
}

NetworkResult test_network(const Graph& network, const SampleSet& set, const EngineChoice& engine,
                           const RecordingProgress& progress)
{
    std::vector<TensorBytes> inputs;
    for (const LabelledSample& sample : set.test)
        inputs.push_back({input_bytes(sample, set.sample, network.tensor(network.inputs[0]))});
    const std::vector<RunOutputs> runs = run_all(network, inputs, engine, progress);
    const Tensor& place = network.tensor(network.outputs[0]);
    NetworkResult result;
    if (!set.labels.empty()) result.confusion.emplace(set.labels);
    for (size_t i = 0; i < runs.size(); ++i) {
        const LabelledSample& sample = set.test[i];
        const auto value = [&](int64_t k) { return real_value(place, runs[i].outputs[0], k); };
        result.score.samples += 1;
        if (set.labels.empty()) {
            for (int64_t k = 0; k < place.count(); ++k)
                result.score.right -=
                    std::pow(value(k) - sample.targets[static_cast<size_t>(k)], 2) /
                    static_cast<double>(place.count());
            continue;
        }
        int best = 0;
        for (int k = 1; k < place.count(); ++k)
            if (value(k) > value(best)) best = k;
        if (place.count() == 1) best = value(0) > 0.5;
        result.confusion->add(sample.label, best);
        result.score.right += best == sample.label;
    }
    return result;
}

}  // namespace thimble
