// Multipliers that the device derives from scales equal those that the host derives.
#include "numeric/requantize.h"
#include "port/thb_port.h"

#include <bit>
#include <cstdint>
#include <gtest/gtest.h>

namespace thimble {
namespace {

namespace turn {
#include "kernels/dense_turn.h"
}

// A scale with many ones or zeros at its end, or any other, between 2^-12 and 2.
float random_scale(uint64_t& state)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto bits = static_cast<uint32_t>(state >> 33);
    uint32_t mantissa = bits & 0x7FFFFF;
    if ((bits >> 23 & 7) == 0) mantissa &= 0x700000;
    if ((bits >> 23 & 7) == 1) mantissa |= 0x7FFF00;
    return std::bit_cast<float>((115 + (bits >> 26) % 13) << 23 | mantissa);
}

turn::thb_scale_t scale_of(float value)
{
    const auto bits = std::bit_cast<uint32_t>(value);
    return turn::thb_scale(&bits);
}

void expect_equal(turn::thb_factor_t found, double real)
{
    const Requant expected = requant_of(real);
    ASSERT_EQ(found.multiplier, expected.multiplier) << real;
    ASSERT_EQ(found.shift, expected.shift) << real;
}

TEST(TurnKernel, factors_are_those_of_the_host)
{
    uint64_t state = 1;
    for (int i = 0; i < 200000; ++i) {
        const float a = random_scale(state), b = random_scale(state), c = random_scale(state);
        const turn::thb_scale_t sa = scale_of(a), sb = scale_of(b), sc = scale_of(c);
        const auto exponent = static_cast<int16_t>(sa.exponent + sb.exponent - sc.exponent);
        expect_equal(turn::thb_ratio(sa, sb, THB_BITS_F64), double{a} / double{b});
        expect_equal(turn::thb_ratio(sa, sb, THB_BITS_F32), double{a / b});
        expect_equal(turn::thb_factor(turn::thb_scale_product(sa, sb, 0), sc.mantissa, exponent,
                                      THB_BITS_F64),
                     double{a} * double{b} / double{c});
        expect_equal(turn::thb_factor(turn::thb_scale_product(sa, sb, 1), sc.mantissa, exponent,
                                      THB_BITS_F32),
                     double{a * b / c});
        expect_equal(turn::thb_channel_factor(
                         turn::thb_long_ratio(sa.mantissa, sc.mantissa), sa, sb, sc),
                     double{a} * double{b} / double{c});
        if (HasFatalFailure()) return;
    }
}

TEST(TurnKernel, products_that_shift_right_are_those_of_the_requantiser)
{
    uint64_t state = 7;
    for (int i = 0; i < 200000; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto acc = static_cast<int32_t>(state >> 33) - (1 << 30);
        const auto multiplier = static_cast<int32_t>(1u << 30 | (state >> 20 & 0x3FFFFFFF));
        const auto shift = static_cast<int8_t>(-1 - static_cast<int>(state >> 13 & 31) % 31);
        if (acc == -(1 << 30)) continue;
        ASSERT_EQ(turn::thb_scaled(acc, {multiplier, shift}, 1),
                  turn::thb_scaled(acc, {multiplier, shift}, 0))
            << acc << " * " << multiplier << " by " << int{shift};
    }
}

// The worked numbers of docs/numerics.md.
TEST(TurnKernel, worked_numbers)
{
    const turn::thb_scale_t in = scale_of(0.0078431f), out = scale_of(0.0181023f);
    EXPECT_EQ(in.mantissa, 8421464u);
    EXPECT_EQ(in.exponent, -30);
    EXPECT_EQ(turn::thb_long_ratio(in.mantissa, out.mantissa), 3996167737722003096u);
}

}  // namespace
}  // namespace thimble
