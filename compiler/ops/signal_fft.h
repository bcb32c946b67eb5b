// The fixed-point FFT that signal_rfft and signal_irfft share: the oracle's, and the kernels'
// tables.
#pragma once

#include <cstdint>
#include <vector>

namespace thimble {

constexpr int64_t kFftLengthMin = 4;
constexpr int64_t kFftLengthMax = 8192;

// Throws T0202 unless `fft_length` is a power of two in range.
void require_fft_length(int64_t fft_length);

// Oracle. Complex int16 numbers; every stage divides by its radix, sums wrap modulo 2^16.
namespace oracle_fft {

struct Complex {
    int16_t re = 0, im = 0;
};
Complex add(Complex a, Complex b);
Complex subtract(Complex a, Complex b);
// One rounding after the exact sum of products.
Complex multiply(Complex a, Complex b);
Complex conjugate(Complex a);
// a / radix as a Q15 product with 32767 / radix, rounded.
Complex divide(Complex a, int radix);
// exp(j * phase) in Q15.
Complex unit(double phase);
// The factor of bin k >= 1 that joins the halves of a real transform; h = fft_length / 2.
Complex split_factor(int64_t k, int64_t h, bool inverse);
// Transform of a power-of-two number of values, scaled by 1 / size.
std::vector<Complex> transform(const std::vector<Complex>& values, bool inverse);

}  // namespace oracle_fft

// Lowering. Tables of the kernels in device/kernels/signal_fft.h; h = fft_length / 2.
std::vector<int16_t> fft_twiddle_table(int64_t h, bool inverse);  // 3/4 h pairs
std::vector<int16_t> fft_split_table(int64_t h, bool inverse);    // h/2 pairs

}  // namespace thimble
