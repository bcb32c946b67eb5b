#include "numeric/fixed_point.h"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace thimble::fixed {

namespace {

int32_t low_word(int64_t value)
{
    return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(value)));
}

int32_t saturated(int64_t value)
{
    return static_cast<int32_t>(std::clamp<int64_t>(value, INT32_MIN, INT32_MAX));
}

// Product of two Q0 numbers, rounded to nearest, ties up.
int32_t product(int32_t a, int32_t b)
{
    const int64_t doubled = (int64_t{a} * b + (INT64_C(1) << 30)) >> 31;
    return saturated(doubled);
}

// The reciprocal of (1 + a) / 2 in Q2 for a in [0, 1): three Newton-Raphson steps from 48/17 -
// 32/17 x.
int32_t reciprocal_of_half(int32_t a)
{
    const auto half = static_cast<int32_t>((int64_t{a} + INT64_C(0x80000000)) >> 1);
    int32_t x = low_word(INT64_C(1515870810) + product(half, -1010580540));
    for (int step = 0; step < 3; ++step) {
        const int32_t defect = low_word((INT64_C(1) << 29) - product(half, x));
        x = low_word(int64_t{x} + saturated(int64_t{product(x, defect)} * 4));
    }
    return x;
}

}  // namespace

int64_t divided_by_power(int64_t value, int exponent)
{
    if (exponent <= 0) return value;
    if (exponent > 62) return 0;
    const int64_t magnitude = value < 0 ? -value : value;
    const int64_t rounded = (magnitude + (INT64_C(1) << (exponent - 1))) >> exponent;
    return value < 0 ? -rounded : rounded;
}

int32_t scaled(int64_t x, Requant requant)
{
    const int64_t moved = requant.shift > 0
                              ? static_cast<int64_t>(static_cast<uint64_t>(x) << requant.shift)
                              : x;
    const int32_t high = product(low_word(moved), requant.multiplier);
    return static_cast<int32_t>(divided_by_power(high, requant.shift < 0 ? -requant.shift : 0));
}

// e^a = e^(multiple of 1/4) * e^r with -1/4 <= r < 0: a Taylor polynomial around -1/8 for the
// second factor, one constant e^-(2^j) per bit of the multiple for the first. Source: gemmlowp,
// fixedpoint.h.
int32_t exponential(int32_t a, int integer_bits)
{
    if (a == 0) return INT32_MAX;
    if (integer_bits > 5 && a < -(INT64_C(1) << (36 - integer_bits))) return 0;
    const int fraction_bits = 31 - integer_bits;
    const int64_t quarter = INT64_C(1) << (fraction_bits - 2);
    int64_t r = int64_t{a} % quarter;  // In (-quarter, 0]; the reference takes -quarter for 0.
    if (r == 0) r = -quarter;
    const int32_t x = low_word((r << integer_bits) + (INT64_C(1) << 28));
    const int32_t square = product(x, x);
    const int32_t cube = product(square, x);
    const int32_t fourth = product(square, square);
    const int32_t high_terms = product(low_word(divided_by_power(fourth, 2) + cube), 715827883);
    const int64_t series = divided_by_power(low_word(int64_t{high_terms} + square), 1);
    constexpr int32_t exp_of_minus_eighth = 1895147668;
    int32_t result =
        low_word(int64_t{exp_of_minus_eighth} + product(exp_of_minus_eighth, low_word(x + series)));
    constexpr int32_t exp_of_powers[] = {1672461947, 1302514674, 790015084, 290630308,
                                         39332535,   720401,     242};
    const uint64_t quarters = static_cast<uint64_t>((r - a) >> (fraction_bits - 2));
    for (int j = 0; j < 7 && j - 2 < integer_bits; ++j)
        if (quarters >> j & 1) result = product(result, exp_of_powers[j]);
    return result;
}

int32_t sigmoid(int32_t a, int integer_bits)
{
    if (a == 0) return 1 << 30;
    const int32_t falling = exponential(a > 0 ? low_word(-int64_t{a}) : a, integer_bits);
    const int32_t rising = saturated(int64_t{reciprocal_of_half(falling)} * 2);
    return a > 0 ? rising : INT32_MAX - rising;
}

int32_t hyperbolic_tangent(int32_t a, int integer_bits)
{
    if (a == 0) return 0;
    const int32_t falling = exponential(a > 0 ? low_word(-int64_t{a}) : a, integer_bits + 1);
    const int32_t magnitude =
        saturated((int64_t{reciprocal_of_half(falling)} - (INT64_C(1) << 29)) * 4);
    return a > 0 ? magnitude : -magnitude;
}

Root inverse_root(int32_t v)
{
    if (v <= 1) return {INT32_MAX, 0};
    int right = 11;
    for (; v >= 1 << 29; v /= 4) ++right;
    const int pairs = (std::countl_zero(static_cast<uint32_t>(v)) - 1) / 2 - 1;
    right -= pairs;
    const int32_t argument =
        static_cast<int32_t>(divided_by_power((int64_t{v} << (2 * pairs)) >> 1, 1));
    int32_t x = 1 << 28;
    for (int step = 0; step < 5; ++step) {
        const int32_t cube = saturated(int64_t{product(product(x, x), x)} * 64);
        x = saturated(int64_t{low_word(int64_t{product(402653184, x)} - product(argument, cube))} *
                      8);
    }
    x = product(x, 1518500250);
    if (right >= 0) return {x, -right};
    return {low_word(int64_t{x} << -right), 0};
}

}  // namespace thimble::fixed
