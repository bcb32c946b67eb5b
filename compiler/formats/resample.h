// Sound at another sample rate: band-limited interpolation by a windowed sinc.
//
//   y[n] = sum over i of x[i] * h(n * from / to - i),  h(t) = c * sinc(c * t) * blackman(t / w)
//
// c = 0.95 * min(1, to / from) keeps what both rates can carry, and w = 16 / c is half of the
// filter's length. For each of the phases that occur the coefficients are rounded to 2^-22 and
// their sum is made 1, so that all the rest is exact integer arithmetic: the same samples on every
// computer. Before the first and behind the last sample there is silence.
//
// Source: J. O. Smith, Digital Audio Resampling (ccrma.stanford.edu/~jos/resample).
// Tested by tests/unit/formats/resample_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace thimble {

constexpr int64_t kRateMin = 1000;
constexpr int64_t kRateMax = 768000;

// ceil(count * to / from) samples, rounded half up and saturated. Both rates within the limits.
std::vector<int16_t> resampled(std::span<const int16_t> samples, int64_t from_hz, int64_t to_hz);

}  // namespace thimble
