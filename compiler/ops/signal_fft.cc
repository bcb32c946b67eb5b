// Source of the arithmetic: kissfft with FIXED_POINT 16 (docs/numerics.md, "Audio").
#include "ops/signal_fft.h"

#include "base/error.h"

#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace thimble {

void require_fft_length(int64_t fft_length)
{
    const bool power = fft_length > 0 && (fft_length & (fft_length - 1)) == 0;
    require(power && fft_length >= kFftLengthMin && fft_length <= kFftLengthMax, ErrorCode::T0202,
            {"", fmt::format("FFT length {}", fft_length),
             fmt::format("a power of two from {} to {}", kFftLengthMin, kFftLengthMax),
             "choose a window of at most that many samples"});
}

// ---- oracle ----

namespace oracle_fft {

static int16_t wrap16(int64_t value)
{
    return static_cast<int16_t>(static_cast<uint16_t>(static_cast<uint64_t>(value)));
}
static int16_t rounded_q15(int64_t value) { return wrap16((value + 16384) >> 15); }

Complex add(Complex a, Complex b) { return {wrap16(a.re + b.re), wrap16(a.im + b.im)}; }
Complex subtract(Complex a, Complex b) { return {wrap16(a.re - b.re), wrap16(a.im - b.im)}; }
Complex conjugate(Complex a) { return {a.re, wrap16(-a.im)}; }

Complex multiply(Complex a, Complex b)
{
    return {rounded_q15(int64_t{a.re} * b.re - int64_t{a.im} * b.im),
            rounded_q15(int64_t{a.re} * b.im + int64_t{a.im} * b.re)};
}

Complex divide(Complex a, int radix)
{
    return {rounded_q15(int64_t{a.re} * (32767 / radix)),
            rounded_q15(int64_t{a.im} * (32767 / radix))};
}

Complex unit(double phase)
{
    const auto q15 = [](double value) {
        return static_cast<int16_t>(std::floor(0.5 + 32767 * value));
    };
    return {q15(std::cos(phase)), q15(std::sin(phase))};
}

Complex split_factor(int64_t k, int64_t h, bool inverse)
{
    const double phase = -std::numbers::pi *
                         (static_cast<double>(k) / static_cast<double>(h) + 0.5);
    return unit(inverse ? -phase : phase);
}

// Decimation in time: the transform of every p-th value, for each of the p starts, then one stage
// that joins them; p is 4 as long as it divides the size, then 2.
std::vector<Complex> transform(const std::vector<Complex>& values, bool inverse)
{
    const size_t size = values.size();
    if (size == 1) return values;
    const size_t radix = size % 4 == 0 ? 4 : 2;
    const size_t part = size / radix;
    std::vector<std::vector<Complex>> parts;
    for (size_t q = 0; q < radix; ++q) {
        std::vector<Complex> every;
        for (size_t i = q; i < size; i += radix) every.push_back(values[i]);
        parts.push_back(transform(every, inverse));
    }
    std::vector<Complex> out(size);
    for (size_t k = 0; k < part; ++k) {
        std::vector<Complex> y;
        for (size_t q = 0; q < radix; ++q) {
            const double phase = -2 * std::numbers::pi * static_cast<double>(q * k) /
                                 static_cast<double>(size);
            const Complex value = divide(parts[q][k], static_cast<int>(radix));
            y.push_back(q == 0 ? value : multiply(value, unit(inverse ? -phase : phase)));
        }
        if (radix == 2) {
            out[k] = add(y[0], y[1]);
            out[k + part] = subtract(y[0], y[1]);
            continue;
        }
        const Complex even = add(y[0], y[2]), odd = add(y[1], y[3]);
        const Complex t = subtract(y[0], y[2]), u = subtract(y[1], y[3]);
        const Complex minus_j_u = {u.im, wrap16(-u.re)};
        out[k] = add(even, odd);
        out[k + 2 * part] = subtract(even, odd);
        out[k + part] = inverse ? subtract(t, minus_j_u) : add(t, minus_j_u);
        out[k + 3 * part] = inverse ? add(t, minus_j_u) : subtract(t, minus_j_u);
    }
    return out;
}

}  // namespace oracle_fft

// ---- lowering ----

static void append_pair(std::vector<int16_t>& table, double phase)
{
    table.push_back(static_cast<int16_t>(std::floor(32767 * std::cos(phase) + 0.5)));
    table.push_back(static_cast<int16_t>(std::floor(32767 * std::sin(phase) + 0.5)));
}

std::vector<int16_t> fft_twiddle_table(int64_t h, bool inverse)
{
    const double sign = inverse ? 1 : -1;
    std::vector<int16_t> table;
    for (int64_t i = 0; 4 * i < 3 * h; ++i)
        append_pair(table,
                    sign * 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(h));
    return table;
}

std::vector<int16_t> fft_split_table(int64_t h, bool inverse)
{
    const double sign = inverse ? 1 : -1;
    std::vector<int16_t> table;
    for (int64_t i = 0; i < h / 2; ++i)
        append_pair(table, sign * std::numbers::pi *
                               (static_cast<double>(i + 1) / static_cast<double>(h) + 0.5));
    return table;
}

}  // namespace thimble
