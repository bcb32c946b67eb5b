// Worked numbers of docs/numerics.md.
#include "numeric/reference.h"

#include <gtest/gtest.h>
#include <cmath>
#include <limits>

namespace thimble::reference {

constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
constexpr int32_t kMin = std::numeric_limits<int32_t>::min();

static void expect_multiplier(double real, int32_t value, int shift)
{
    const Multiplier m = quantize_multiplier(real);
    EXPECT_EQ(m.value, value) << real;
    EXPECT_EQ(m.shift, shift) << real;
}

TEST(Reference, QuantizesMultipliers)
{
    expect_multiplier(0.5, 1 << 30, 0);
    expect_multiplier(1, 1 << 30, 1);
    expect_multiplier(0.0037, 2034096511, -8);
    expect_multiplier(3.3, 1771674010, 2);
    expect_multiplier(1 - std::ldexp(1.0, -33), 1 << 30, 1);
    expect_multiplier(std::ldexp(1.0, -32), 1 << 30, -31);
    expect_multiplier(std::ldexp(1.0, -33), 0, 0);
    expect_multiplier(-0.3, -1288490189, -1);
}

TEST(Reference, SaturatesFactorsThatNoFloatHolds)
{
    const double infinite = std::numeric_limits<double>::infinity();
    expect_multiplier(infinite, kMax, 30);
    expect_multiplier(-infinite, -kMax, 30);
    expect_multiplier(std::numeric_limits<double>::quiet_NaN(), 0, 0);
}

TEST(Reference, RoundsHighMultiplyTiesUp)
{
    EXPECT_EQ(high_mul(1, 1 << 30), 1);
    EXPECT_EQ(high_mul(-1, 1 << 30), 0);
    EXPECT_EQ(high_mul(3, 1 << 30), 2);
    EXPECT_EQ(high_mul(-3, 1 << 30), -1);
    EXPECT_EQ(high_mul(kMin, kMax), -kMax);
    EXPECT_EQ(high_mul(kMin, kMin), kMax);
}

TEST(Reference, RoundsShiftTiesAway)
{
    EXPECT_EQ(rounding_shift(-3, 1), -2);
    EXPECT_EQ(rounding_shift(-1, 1), -1);
    EXPECT_EQ(rounding_shift(1, 1), 1);
    EXPECT_EQ(rounding_shift(-6, 2), -2);
    EXPECT_EQ(rounding_shift(-5, 2), -1);
}

TEST(Reference, RoundsTwiceInMultiply)
{
    EXPECT_EQ(multiply(1000, quantize_multiplier(0.0037)), 4);
    EXPECT_EQ(multiply(-1000, quantize_multiplier(0.0037)), -4);
    EXPECT_EQ(multiply(13, {1288490189, -4}), 1);
    EXPECT_EQ(multiply64(7, quantize_multiplier(0.5)), 4);
    EXPECT_EQ(multiply64(-7, quantize_multiplier(0.5)), -3);
}

TEST(Reference, EvaluatesFixedPointFunctions)
{
    EXPECT_EQ(exp_negative(-(1 << 26), 5), 790015308);
    EXPECT_EQ(exp_negative(0, 5), kMax);
    EXPECT_EQ(one_over_one_plus(1 << 30), 1431655762);
    EXPECT_EQ(reciprocal(3, 31).value, 1431655762);
    EXPECT_EQ(reciprocal(3, 31).bits_over_unit, 1);
    EXPECT_EQ(reciprocal(1, 31).value, kMax);
    EXPECT_EQ(logistic(1 << 27, 4), 1569936226);
    EXPECT_EQ(tanh(1 << 27, 4), 1635510876);
    EXPECT_EQ(log_q19_to_q26(2 << 19), 46516320);
    EXPECT_EQ(inverse_sqrt(100).value, 214748363);
    EXPECT_EQ(inverse_sqrt(100).shift, 0);
}

TEST(Reference, PadsAsTheFormatSays)
{
    EXPECT_EQ(padding(true, 10, 3, 2, 1).out, 5);
    EXPECT_EQ(padding(true, 10, 3, 2, 1).before, 0);
    EXPECT_EQ(padding(true, 9, 3, 2, 1).before, 1);
    EXPECT_EQ(padding(true, 8, 3, 1, 2).before, 2);
    EXPECT_EQ(padding(false, 10, 3, 2, 1).out, 4);
}

TEST(Reference, ClampsFusedActivations)
{
    EXPECT_EQ(quantized_clamp(3, DType::i8, 0.0235f, -128).highest, 127);
    EXPECT_EQ(quantized_clamp(1, DType::i8, 0.0235f, -128).lowest, -128);
    EXPECT_EQ(quantized_clamp(1, DType::i8, 0.1f, 5).lowest, 5);
    EXPECT_EQ(quantized_clamp(2, DType::i8, 0.1f, 5).highest, 15);
}

}  // namespace thimble::reference
