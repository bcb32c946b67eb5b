// The short forms of the integer LSTM kernels against the arithmetic they stand for.
#include "kernels/lstm_integer.h"
#include "numeric/reference.h"
#include "numeric/sigmoid_table.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace thimble {
namespace {

TEST(LstmKernel, ShiftIsTheReferencesProductWithAPowerOfTwo)
{
    for (int bits = 1; bits <= 32; ++bits) {
        const reference::Multiplier factor = {1 << 30, 1 - bits};
        const auto check = [&](int64_t value) {
            if (value < -(int64_t{1} << 30) || value > int64_t{1} << 30) return;
            const auto x = static_cast<int32_t>(value);
            ASSERT_EQ(thb_lstm_shift(x, bits), reference::multiply(x, factor))
                << x << " / 2^" << bits;
        };
        for (int64_t value = -70000; value <= 70000; ++value) check(value);
        // Both sides of the rounding places, all of them or 2^17.
        const int64_t half = int64_t{1} << (bits - 1);
        const int64_t step = std::max<int64_t>(half, int64_t{1} << 14);
        for (int64_t place = -(int64_t{1} << 30); place <= int64_t{1} << 30; place += step)
            for (int64_t near = -3; near <= 3; ++near) {
                check(place + near);
                check(place + half + near);
            }
    }
}

TEST(LstmKernel, SigmoidIsTheTablesForEveryGate)
{
    const uint16_t* table = sigmoid_table().data();
    for (int32_t gate = INT16_MIN; gate <= INT16_MAX; ++gate)
        ASSERT_EQ(thb_lstm_sigmoid(gate, table), thb_sigmoid_look(3 * gate, table)) << gate;
}

TEST(LstmKernel, SaturatesBeyondInt16)
{
    for (int32_t value = -70000; value <= 70000; ++value)
        ASSERT_EQ(thb_lstm_saturate(value), std::clamp(value, -32768, 32767)) << value;
    EXPECT_EQ(thb_lstm_saturate(INT32_MAX), 32767);
    EXPECT_EQ(thb_lstm_saturate(INT32_MIN), -32768);
}

}  // namespace
}  // namespace thimble
