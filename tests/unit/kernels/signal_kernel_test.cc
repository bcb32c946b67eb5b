// The Signal kernels against the conformance vectors of TFLM's signal library.
#include "kernels/signal_energy.h"
#include "kernels/signal_fft_auto_scale.h"
#include "kernels/signal_filter_bank.h"
#include "kernels/signal_filter_bank_log.h"
#include "kernels/signal_filter_bank_square_root.h"
#include "kernels/signal_framer.h"
#include "kernels/signal_pcan.h"
#include "kernels/signal_rfft.h"
#include "kernels/signal_spectral_subtraction.h"
#include "kernels/signal_stacker.h"
#include "kernels/signal_window.h"

#include "../ops/signal_tables.h"
#include "../ops/signal_vectors.h"
#include "ops/signal_fft.h"

#include <algorithm>
#include <random>

namespace thimble {

namespace {

#define NEED_VECTORS() \
    if (!SignalVectors::present()) GTEST_SKIP() << "no shared folder with vectors_tflm_signal"

TEST(SignalKernel, window)
{
    NEED_VECTORS();
    SignalVectors vectors("window_test1");
    const auto window = hann_window(400, 12);
    std::string parameters;
    vectors.next(parameters);
    std::vector<int16_t> in, expected;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        std::vector<int16_t> out(400);
        thb_signal_window_s16(in.data(), window.data(), out.data(), 1, 400, 12, 1);
        ASSERT_EQ(out, expected) << "case " << cases;
        thb_signal_window_s16(in.data(), window.data(), in.data(), 1, 400, 12, 0);
        ASSERT_EQ(in, expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(SignalKernel, fft_auto_scale)
{
    NEED_VECTORS();
    SignalVectors vectors("fft_auto_scale_test1");
    std::vector<int16_t> in, expected;
    std::vector<int32_t> scale;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(scale); ++cases) {
        int32_t found = -1;
        thb_signal_fft_auto_scale_s16(in.data(), in.data(), &found, 400);
        ASSERT_EQ(in, expected) << "case " << cases;
        ASSERT_EQ(found, scale[0]) << "case " << cases;
    }
    EXPECT_EQ(cases, 182);
}

TEST(SignalKernel, rfft)
{
    NEED_VECTORS();
    SignalVectors vectors("rfft_test1");
    const auto twiddles = fft_twiddle_table(256, false);
    const auto splits = fft_split_table(256, false);
    std::vector<int16_t> in, expected, out(514);
    vectors.next(in);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        thb_signal_rfft_s16(in.data(), twiddles.data(), splits.data(), out.data(), 1, 400, 512);
        ASSERT_EQ(out, expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(SignalKernel, energy)
{
    NEED_VECTORS();
    SignalVectors vectors("energy_test1");
    std::vector<int16_t> in;
    std::vector<uint32_t> expected, out(257);
    vectors.next(in);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        thb_signal_energy_s16(in.data(), out.data(), 257, 5, 122);
        for (size_t k = 5; k < 122; ++k) ASSERT_EQ(out[k], expected[k]) << "case " << cases;
        ASSERT_EQ(out[4], 0u);
        ASSERT_EQ(out[122], 0u);
    }
    EXPECT_EQ(cases, 183);
}

TEST(SignalKernel, filter_bank)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_test1");
    const FilterBankTables t = filter_bank_tables(257, 16000, 32, 125, 3800);
    std::vector<uint32_t> in;
    std::vector<uint64_t> expected, out(32);
    vectors.next(in);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        for (const int form : {THB_BANK_ANY, THB_BANK_WIDE, THB_BANK_HALVES}) {
            thb_signal_filter_bank_u32(in.data(), t.weights.data(), t.unweights.data(),
                                       t.bin_starts.data(), t.weight_starts.data(), t.widths.data(),
                                       out.data(), 32, form);
            ASSERT_EQ(out, expected) << "case " << cases << ", form " << form;
        }
    }
    EXPECT_EQ(cases, 183);
}

TEST(SignalKernel, square_root)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_square_root_test1");
    std::vector<uint64_t> in;
    std::vector<int32_t> scale;
    std::vector<uint32_t> expected, out(32);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(scale) && vectors.next(expected); ++cases) {
        for (const int divides : {0, 1}) {
            thb_signal_square_root_u64(in.data(), scale.data(), out.data(), 32, divides);
            ASSERT_EQ(out, expected) << "case " << cases << ", divides " << divides;
        }
    }
    EXPECT_EQ(cases, 183);
}

// The root of values around root^2 and around the point where it is rounded up.
void check_roots_around(uint64_t root)
{
    if (root == 0x10000) return;  // below its square 65535 is the greatest root
    const uint64_t most = root <= 0xFFFF ? 0xFFFF : 0xFFFFFFFF;
    const auto expected = [&](uint64_t exact) {
        return static_cast<uint32_t>(std::min(exact, most));
    };
    for (const int divides : {0, 1}) {
        ASSERT_EQ(thb_signal_root(root * root, divides), root) << divides;
        ASSERT_EQ(thb_signal_root(root * root + root, divides), root) << root << divides;
        ASSERT_EQ(thb_signal_root(root * root + root + 1, divides), expected(root + 1))
            << root << divides;
        if (root == 0) continue;
        ASSERT_EQ(thb_signal_root(root * root - root + 1, divides), root) << root << divides;
        ASSERT_EQ(thb_signal_root(root * root - root, divides), root - 1) << root << divides;
    }
}

TEST(SignalKernel, square_root_around_every_square)
{
    for (uint64_t root = 0; root < 0x10001; ++root) check_roots_around(root);
    for (const int divides : {0, 1}) {
        EXPECT_EQ(thb_signal_root(0xFFFFFFFFull, divides), 0xFFFFu);
        EXPECT_EQ(thb_signal_root(0x100000000ull, divides), 0x10000u);
        EXPECT_EQ(thb_signal_root(0xFFFFFFFFFFFFFFFFull, divides), 0xFFFFFFFFu);
        EXPECT_EQ(thb_signal_root(0xFFFFFFFE00000000ull, divides), 0xFFFFFFFFu);
        EXPECT_EQ(thb_signal_root(0xFFFFFFFC00000004ull, divides), 0xFFFFFFFEu);
    }
}

TEST(SignalKernel, square_root_of_every_size)
{
    std::mt19937_64 random(42);
    for (int bits = 17; bits <= 32; ++bits) {
        check_roots_around((uint64_t{1} << bits) - 1);
        if (bits < 32) check_roots_around((uint64_t{1} << bits) + 1);
        for (int i = 0; i < 20000; ++i)
            check_roots_around(random() >> (64 - bits) | uint64_t{1} << (bits - 1));
    }
}

TEST(SignalKernel, spectral_subtraction)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_spectral_subtraction_test1");
    std::string parameters;
    vectors.next(parameters);
    std::vector<uint32_t> in, expected, estimate, out(32), found(32), state(32, 0);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(estimate); ++cases) {
        const std::vector<uint32_t> before = state;
        for (const int halves : {0, 1}) {
            state = before;
            thb_signal_spectral_subtraction_u32(in.data(), state.data(), out.data(), found.data(),
                                                32, 14, 0, 655, 15729, 655, 15729, 819, 0, halves);
            ASSERT_EQ(out, expected) << "case " << cases << ", halves " << halves;
            ASSERT_EQ(found, estimate) << "case " << cases << ", halves " << halves;
        }
    }
    EXPECT_EQ(cases, 183);
}

TEST(SignalKernel, pcan)
{
    NEED_VECTORS();
    SignalVectors vectors("pcan_op_test1");
    const auto table = pcan_table(0.95f, 80, 21, 7);
    std::string parameters;
    vectors.next(parameters);
    std::vector<uint32_t> in, estimate, expected, out(40);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(estimate) && vectors.next(expected); ++cases) {
        thb_signal_pcan_u32(in.data(), estimate.data(), table.data(), out.data(), 40, 6);
        ASSERT_EQ(out, expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 449);
}

TEST(SignalKernel, framer)
{
    NEED_VECTORS();
    SignalVectors vectors("framer_test1");
    std::vector<int16_t> in, expected, out(400), queue(480);
    std::vector<uint8_t> valid;
    vectors.next(in);
    int32_t used = 0;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(valid); ++cases) {
        uint8_t found = 9;
        thb_signal_framer_s16(in.data(), queue.data(), &used, out.data(), &found, 1, 1, 400, 160,
                              480);
        ASSERT_EQ(found, valid[0]) << "case " << cases;
        if (found == 1) {
            ASSERT_EQ(out, expected) << "case " << cases;
        }
    }
    EXPECT_EQ(cases, 185);
}

TEST(SignalKernel, stacker)
{
    NEED_VECTORS();
    SignalVectors vectors("stacker_test1");
    std::vector<int16_t> in, expected, out(96), queue(96);
    std::vector<uint8_t> valid;
    vectors.next(in);
    int32_t held = -1;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(valid); ++cases) {
        uint8_t found = 9;
        thb_signal_stacker_s16(in.data(), queue.data(), &held, out.data(), &found, 32, 3, 1, 2);
        ASSERT_EQ(found, valid[0]) << "case " << cases;
        if (found == 1) {
            ASSERT_EQ(out, expected) << "case " << cases;
        }
    }
    EXPECT_EQ(cases, 12);
}

}  // namespace

}  // namespace thimble
