#include "numeric/reference.h"

#include "base/error.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <limits>

namespace thimble::reference {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int32_t kMin = std::numeric_limits<int32_t>::min();

double round_half_away(double value)
{
    return std::round(value);
}

Multiplier quantize_multiplier(double real)
{
    if (real == 0.0 || std::isnan(real)) return {0, 0};
    // A quotient of extreme scales, undefined in the reference.
    if (std::isinf(real)) return {real > 0 ? INT32_MAX : -INT32_MAX, 30};
    int shift = 0;
    const double fraction = std::frexp(real, &shift);
    auto value = static_cast<int64_t>(std::round(fraction * 2147483648.0));
    if (value == int64_t{1} << 31) {
        value /= 2;
        ++shift;
    }
    if (shift < -31) return {0, 0};
    return {static_cast<int32_t>(value), shift};
}

Multiplier mean_multiplier(double real, int64_t count)
{
    const Multiplier m = quantize_multiplier(real);
    const int k = std::min({63 - std::countl_zero(static_cast<uint64_t>(count)), 32, 31 + m.shift});
    return {static_cast<int32_t>((int64_t{m.value} << k) / count), m.shift - k};
}

int32_t wrap32(int64_t value)
{
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(value)));
}

int32_t saturate(int64_t value, int32_t lowest, int32_t highest)
{
    return static_cast<int32_t>(std::clamp<int64_t>(value, lowest, highest));
}

int32_t high_mul(int32_t a, int32_t b)
{
    if (a == kMin && b == kMin) return kMax;
    return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

int16_t high_mul16(int16_t a, int16_t b)
{
    if (a == -32768 && b == -32768) return 32767;
    return static_cast<int16_t>((int32_t{a} * b + (1 << 14)) >> 15);
}

int32_t rounding_shift(int32_t value, int exponent)
{
    if (exponent <= 0) return value;
    if (exponent > 31) return 0;
    const int64_t half = int64_t{1} << (exponent - 1);
    return static_cast<int32_t>((int64_t{value} + half - (value < 0 ? 1 : 0)) >> exponent);
}

int32_t saturating_left_shift(int32_t value, int exponent)
{
    if (value == 0) return 0;
    if (exponent > 31) return value > 0 ? kMax : kMin;
    return saturate(int64_t{value} * (int64_t{1} << exponent), kMin, kMax);
}

int32_t multiply(int32_t x, Multiplier multiplier)
{
    const int left = std::max(multiplier.shift, 0);
    const int right = std::max(-multiplier.shift, 0);
    const int32_t shifted =
        left > 31 ? 0 : wrap32(static_cast<int64_t>(static_cast<uint64_t>(int64_t{x}) << left));
    return rounding_shift(high_mul(shifted, multiplier.value), right);
}

int32_t multiply64(int64_t x, Multiplier multiplier)
{
    const int32_t reduced =
        multiplier.value < 0x7FFF0000 ? (multiplier.value + (1 << 15)) >> 16 : 0x7FFF;
    const int total = 15 - multiplier.shift;
    const int64_t product = x * reduced + (int64_t{1} << (total - 1));
    return wrap32(product >> total);
}

// e^a for a in [-1/4, 0), Q0.31: Taylor series around -1/8 (gemmlowp).
static int32_t exp_quarter(int32_t a)
{
    const int32_t x = wrap32(int64_t{a} + (1 << 28));
    const int32_t x2 = high_mul(x, x);
    const int32_t x3 = high_mul(x2, x);
    const int32_t x4 = high_mul(x2, x2);
    const int32_t inner =
        wrap32(int64_t{high_mul(wrap32(int64_t{rounding_shift(x4, 2)} + x3), 715827883)} + x2);
    const int32_t t = rounding_shift(inner, 1);
    return wrap32(int64_t{1895147668} + high_mul(1895147668, wrap32(int64_t{x} + t)));
}

int32_t exp_negative(int32_t a, int k)
{
    if (a == 0) return kMax;
    if (k > 5 && a < -(int64_t{1} << (36 - k))) return 0;
    const int fraction_bits = 31 - k;
    const int32_t quarter = 1 << (fraction_bits - 2);
    const int32_t remainder = (a & (quarter - 1)) - quarter;
    int32_t result = exp_quarter(saturating_left_shift(remainder, k));
    const int32_t rest = wrap32(int64_t{remainder} - a);
    constexpr int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                   39332535,   720401,     242};
    for (int j = -2; j <= 4; ++j) {
        if (j >= k) break;
        if (rest & (int32_t{1} << (fraction_bits + j))) result = high_mul(result, factors[j + 2]);
    }
    return result;
}

// Newton-Raphson for 1 / ((1 + a) / 2) in Q2.29.
static int32_t newton_half_denominator(int32_t a)
{
    const int64_t sum = int64_t{a} + kMax;
    const auto half = static_cast<int32_t>((sum + 1) / 2);
    int32_t x = wrap32(int64_t{1515870810} + high_mul(half, -1010580540));
    for (int i = 0; i < 3; ++i) {
        const int32_t error = wrap32(int64_t{1 << 29} - high_mul(half, x));
        x = wrap32(int64_t{x} + saturating_left_shift(high_mul(x, error), 2));
    }
    return x;
}

int32_t one_over_one_plus(int32_t a)
{
    return saturating_left_shift(newton_half_denominator(a), 1);
}

int32_t one_minus_over_one_plus(int32_t a)
{
    return saturating_left_shift(wrap32(int64_t{newton_half_denominator(a)} - (1 << 29)), 2);
}

int leading_zeros(uint32_t value)
{
    return value == 0 ? 32 : __builtin_clz(value);
}

Reciprocal reciprocal(int32_t x, int k)
{
    const int zeros = leading_zeros(static_cast<uint32_t>(x));
    const auto shifted =
        static_cast<int64_t>(static_cast<uint32_t>(x) << zeros) - (int64_t{1} << 31);
    return {one_over_one_plus(static_cast<int32_t>(shifted)), k - zeros};
}

int32_t logistic(int32_t x, int k)
{
    if (x == 0) return 1 << 30;
    const int32_t magnitude = x > 0 ? wrap32(-int64_t{x}) : x;
    const int32_t positive = one_over_one_plus(exp_negative(magnitude, k));
    return x > 0 ? positive : kMax - positive;
}

int32_t tanh(int32_t x, int k)
{
    if (x == 0) return 0;
    const int32_t magnitude = x > 0 ? wrap32(-int64_t{x}) : x;
    const int32_t positive = one_minus_over_one_plus(exp_negative(magnitude, k + 1));
    return x > 0 ? positive : -positive;
}

int32_t log_q19_to_q26(int32_t v)
{
    const auto half_sum = [](int32_t a, int32_t b) {
        const int64_t sum = int64_t{a} + b;
        return static_cast<int32_t>((sum + (sum >= 0 ? 1 : -1)) / 2);
    };
    const auto scaled = [](int zeros_left, int64_t offset) {
        return saturate(int64_t{saturating_left_shift(zeros_left, 25)} + offset, kMin, kMax);
    };
    constexpr int32_t sqrt_half = 1518500250;
    const int z = leading_zeros(static_cast<uint32_t>(v));
    const int32_t ra =
        saturating_left_shift(high_mul(saturating_left_shift(v, z - 1), sqrt_half), 1);
    const int32_t za = scaled(12 - z, 1 << 23);
    const int32_t w = high_mul(v, sqrt_half);
    const int y = leading_zeros(static_cast<uint32_t>(w)) - 1;
    const int32_t rb = saturating_left_shift(v, y);
    const int32_t zb = scaled(12 - y, -(1 << 23));
    const int32_t r = std::min(ra, rb);
    const int32_t zz = std::max(za, zb);
    const int32_t p = half_sum(r, 1805811301);
    const int32_t q = saturating_left_shift(wrap32(int64_t{r} - 1805811301), 1);
    const int32_t c = high_mul(q, q);
    const int32_t n = wrap32(int64_t{high_mul(q, r)} + high_mul(high_mul(q, c), 117049297));
    const int32_t inner = wrap32(int64_t{1057819769} + q + high_mul(127690142, c));
    const int32_t d = wrap32(int64_t{high_mul(p, inner)} + high_mul(638450708, q));
    const int32_t tail = high_mul(rounding_shift(n, 6), one_over_one_plus(d));
    return saturating_left_shift(wrap32(int64_t{high_mul(zz, 1488522236)} + tail), 1);
}

InverseSqrt inverse_sqrt(int32_t v)
{
    if (v <= 1) return {kMax, 0};
    int n = 11;
    while (v >= (1 << 29)) {
        v /= 4;
        ++n;
    }
    const int pairs = (leading_zeros(static_cast<uint32_t>(v)) - 1) / 2 - 1;
    n -= pairs;
    v <<= 2 * pairs;
    const int32_t half = rounding_shift(v >> 1, 1);
    int32_t x = 1 << 28;
    for (int i = 0; i < 5; ++i) {
        const int32_t cube = saturating_left_shift(high_mul(high_mul(x, x), x), 6);
        x = saturating_left_shift(wrap32(int64_t{high_mul(402653184, x)} - high_mul(half, cube)),
                                  3);
    }
    x = high_mul(x, 1518500250);
    if (n < 0) {
        x <<= -n;
        n = 0;
    }
    return {x, -n};
}

Clamp type_limits(DType type)
{
    switch (type) {
    case DType::i8: return {-128, 127};
    case DType::u8: return {0, 255};
    case DType::i16: return {-32768, 32767};
    case DType::i32: return {kMin, kMax};
    default: THIMBLE_CHECK(false, "no integer limits"); return {};
    }
}

Clamp quantized_clamp(int activation, DType type, float scale, int32_t zero_point)
{
    const Clamp limits = type_limits(type);
    const auto quantized = [&](float value) {
        return saturate(int64_t{zero_point} + static_cast<int64_t>(std::round(value / scale)), kMin,
                        kMax);
    };
    Clamp result = limits;
    if (activation == 1 || activation == 3)
        result.lowest = std::max(limits.lowest, quantized(0.0f));
    if (activation == 3) result.highest = std::min(limits.highest, quantized(6.0f));
    if (activation == 2) {
        result.lowest = std::max(limits.lowest, quantized(-1.0f));
        result.highest = std::min(limits.highest, quantized(1.0f));
    }
    return result;
}

FloatClamp float_clamp(int activation)
{
    switch (activation) {
    case 1: return {0.0f, FLT_MAX};
    case 2: return {-1.0f, 1.0f};
    case 3: return {0.0f, 6.0f};
    default: return {-FLT_MAX, FLT_MAX};
    }
}

Padding padding(bool same, int64_t in, int64_t kernel, int64_t stride, int64_t dilation)
{
    const int64_t reach = (kernel - 1) * dilation + 1;
    const int64_t out = same ? (in + stride - 1) / stride : (in + stride - reach) / stride;
    const int64_t total = std::max<int64_t>((out - 1) * stride + reach - in, 0);
    return {out, total / 2};
}

}  // namespace thimble::reference
