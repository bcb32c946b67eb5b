// What the tensors of a float network hold, seen on calibration runs.
#pragma once

#include "quantize/network.h"

#include <array>
#include <functional>
#include <span>
#include <vector>

namespace thimble {

struct Range {
    float least = 0, most = 0;  // 0 lies between them
    bool present() const { return least < most; }
};

enum class RangeMethod : uint8_t {
    min_max,     // everything that was seen
    percentile,  // all but 0.01 % of it
    mse,         // the range whose 8-bit steps have the smallest squared error
};

// Counts of values in equal bins over [-reach, reach); the reach doubles when a value lies outside.
class Histogram {
public:
    void add(std::span<const float> values);
    void add(const Histogram& other);
    Range range(RangeMethod method) const;

private:
    static constexpr size_t kBins = 4096;
    void widen(float magnitude);
    size_t bin_of(float value) const;
    double squared_error(const Range& range) const;
    std::vector<double> counts_;
    float reach_ = 0, least_ = 0, most_ = 0;
    double total_ = 0;
};

struct Observed {
    std::vector<Histogram> tensors;          // by tensor; of an lstm's output the hidden state
    std::vector<std::vector<double>> means;  // by tensor and element; empty when it is large
    std::vector<float> cells;                // by node: greatest magnitude of an lstm's cell state
    // Values of judged_tensors() in the first runs, as many as were asked for.
    std::vector<CalibrationRun> outputs;
};

// `progress` is told how many runs are done.
Observed observe(const FloatNetwork& network, const std::vector<CalibrationRun>& runs,
                 size_t outputs_kept, const std::function<void(size_t)>& progress);

}  // namespace thimble
