#include "formats/resample.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace thimble {

namespace {

constexpr int kCoefficientBits = 22;
constexpr double kZeroCrossings = 16;
constexpr double kPassband = 0.95;

// The coefficients of one phase: for samples at - half + 1 to at + half around the place of y.
class SincFilter {
public:
    SincFilter(int64_t from, int64_t to)
        : cutoff_(kPassband * std::min(1.0, static_cast<double>(to) / static_cast<double>(from))),
          half_(static_cast<int64_t>(std::ceil(kZeroCrossings / cutoff_)))
    {
    }

    int64_t half() const { return half_; }

    // `fraction`: how far y lies behind sample `at`, in [0, 1).
    std::vector<int32_t> coefficients(double fraction) const
    {
        std::vector<double> exact;
        double sum = 0;
        for (int64_t j = 1 - half_; j <= half_; ++j) {
            exact.push_back(value(fraction - static_cast<double>(j)));
            sum += exact.back();
        }
        std::vector<int32_t> rounded;
        int64_t rest = int64_t{1} << kCoefficientBits;
        for (const double one : exact) {
            const double scaled = one / sum * static_cast<double>(1 << kCoefficientBits);
            rounded.push_back(static_cast<int32_t>(std::floor(scaled + 0.5)));
            rest -= rounded.back();
        }
        *std::max_element(rounded.begin(), rounded.end()) += static_cast<int32_t>(rest);
        return rounded;
    }

private:
    double value(double t) const
    {
        const double place = t * cutoff_ / kZeroCrossings;  // -1 to 1 within the window
        if (std::abs(place) >= 1) return 0;
        const double turn = std::numbers::pi * place;
        const double window = 0.42 + 0.5 * std::cos(turn) + 0.08 * std::cos(2 * turn);
        const double x = std::numbers::pi * cutoff_ * t;
        return window * (x == 0 ? 1 : std::sin(x) / x);
    }

    double cutoff_;
    int64_t half_;
};

}  // namespace

std::vector<int16_t> resampled(std::span<const int16_t> samples, int64_t from_hz, int64_t to_hz)
{
    THIMBLE_CHECK(
        from_hz >= kRateMin && from_hz <= kRateMax && to_hz >= kRateMin && to_hz <= kRateMax,
        "rates within the limits of resample.h");
    const int64_t common = std::gcd(from_hz, to_hz);
    const int64_t from = from_hz / common, to = to_hz / common;
    const SincFilter filter(from, to);
    const auto count = static_cast<int64_t>(samples.size());
    std::vector<std::vector<int32_t>> phases(static_cast<size_t>(to));
    std::vector<int16_t> result;
    for (int64_t n = 0; n * from < count * to; ++n) {
        const int64_t at = n * from / to, phase = n * from % to;
        std::vector<int32_t>& taps = phases[static_cast<size_t>(phase)];
        if (taps.empty())
            taps = filter.coefficients(static_cast<double>(phase) / static_cast<double>(to));
        const int64_t first = at - filter.half() + 1;
        int64_t sum = int64_t{1} << (kCoefficientBits - 1);
        for (int64_t i = std::max<int64_t>(first, 0); i < std::min(count, at + filter.half() + 1);
             ++i)
            sum += int64_t{samples[static_cast<size_t>(i)]} * taps[static_cast<size_t>(i - first)];
        result.push_back(static_cast<int16_t>(
            std::clamp<int64_t>(sum >> kCoefficientBits, INT16_MIN, INT16_MAX)));
    }
    return result;
}

}  // namespace thimble
