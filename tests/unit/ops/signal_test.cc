// The Signal operators' oracle against the conformance vectors of TFLM's signal library, and the
// worked numbers of docs/numerics.md, "Audio".
#include "one_node.h"
#include "signal_tables.h"
#include "signal_vectors.h"

#include "base/crc32.h"

namespace thimble {

namespace {

#define NEED_VECTORS()                                                                             \
    if (!SignalVectors::present()) GTEST_SKIP() << "no shared folder with vectors_tflm_signal"

template <typename T> uint32_t crc_of(const std::vector<T>& values)
{
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return crc32({bytes, values.size() * sizeof(T)});
}

template <typename T> std::vector<T> part(const std::vector<T>& values, size_t begin, size_t end)
{
    return {values.begin() + static_cast<std::ptrdiff_t>(begin),
            values.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST(Signal, tables_of_the_tests_are_the_published_ones)
{
    EXPECT_EQ(crc_of(hann_window(480, 12)), 0x82bfb5e7u);
    EXPECT_EQ(crc_of(hann_window(400, 12)), 0x62ae94cau);
    EXPECT_EQ(crc_of(pcan_table(0.95f, 80, 21, 7)), 0x46452314u);
}

TEST(Signal, window_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("window_test1");
    std::string parameters;
    vectors.next(parameters);
    OneNode node("CUSTOM:SignalWindow", {}, flex_options({{"shift", 12}}));
    node.in<int16_t>({1, 400}, std::vector<int16_t>(400))
        .constant<int16_t>({400}, hann_window(400, 12))
        .out();
    std::vector<int16_t> in, expected;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<int16_t>(), expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(Signal, fft_auto_scale_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("fft_auto_scale_test1");
    OneNode node("CUSTOM:SignalFftAutoScale", {}, flex_options({}));
    node.in<int16_t>({400}, std::vector<int16_t>(400)).out().out();
    std::vector<int16_t> in, expected;
    std::vector<int32_t> scale;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(scale); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<int16_t>(), expected) << "case " << cases;
        ASSERT_EQ(node.output<int32_t>(1), scale) << "case " << cases;
    }
    EXPECT_EQ(cases, 182);
}

TEST(Signal, fft_auto_scale_of_zeros_and_of_the_least_number)
{
    OneNode node("CUSTOM:SignalFftAutoScale", {}, flex_options({}));
    node.in<int16_t>({3}, {0, 0, 0}).out().out();
    node.run();
    EXPECT_EQ(node.output<int32_t>(1), std::vector<int32_t>{0});
    node.set<int16_t>(0, {5, -32768, -7});
    node.run();
    EXPECT_EQ(node.output<int32_t>(1),
              std::vector<int32_t>{0});  // -7 replaced -32768; both count 32 bits.
    node.set<int16_t>(0, {500, -32768, 9});
    node.run();
    EXPECT_EQ(node.output<int32_t>(1), std::vector<int32_t>{11});  // 9 replaced -32768: 500 wraps.
    EXPECT_EQ(node.output<int16_t>(), (std::vector<int16_t>{-24576, 0, 18432}));
}

OneNode rfft_node(int64_t fft_length, size_t count)
{
    OneNode node("CUSTOM:SignalRfft", {}, flex_options({{"T", 7}, {"fft_length", fft_length}}));
    node.in<int16_t>({static_cast<int64_t>(count)}, std::vector<int16_t>(count)).out();
    return node;
}

TEST(Signal, rfft_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("rfft_test1");
    std::vector<int16_t> in, expected;
    vectors.next(in);
    OneNode node = rfft_node(512, 400);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<int16_t>(), expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(Signal, rfft_worked_numbers)
{
    OneNode node = rfft_node(512, 512);
    std::vector<int16_t> in(512, 0);
    in[0] = 32767;
    node.set(0, in);
    node.run();
    for (size_t k = 0; k <= 256; ++k)
        ASSERT_EQ(part(node.output<int16_t>(), 2 * k, 2 * k + 2), (std::vector<int16_t>{64, 0}));
    node.set(0, std::vector<int16_t>(512, 32767));
    node.run();
    EXPECT_EQ(node.output<int16_t>()[0], 32750);
    for (size_t i = 0; i < 512; ++i)
        in[i] = static_cast<int16_t>(
            std::round(20000 * std::sin(2 * std::numbers::pi * 10 * static_cast<double>(i) / 512)));
    node.set(0, in);
    node.run();
    EXPECT_EQ(part(node.output<int16_t>(), 18, 24), (std::vector<int16_t>{0, 0, 0, -9994, 0, 0}));
}

TEST(Signal, irfft_returns_the_samples_scaled_down)
{
    for (const int64_t length : {8, 64, 512}) {
        OneNode forward = rfft_node(length, static_cast<size_t>(length));
        std::vector<int16_t> in(static_cast<size_t>(length));
        for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int16_t>(i * 7919 % 32000);
        forward.set(0, in);
        forward.run();
        OneNode back("CUSTOM:SignalIrfft", {}, flex_options({{"T", 7}, {"fft_length", length}}));
        back.in<int16_t>({length + 2}, forward.output<int16_t>()).out();
        back.run();
        const auto out = back.output<int16_t>();
        for (size_t i = 0; i < in.size(); ++i)
            ASSERT_NEAR(out[i], static_cast<double>(in[i]) / static_cast<double>(length), 5)
                << length << " at " << i;
    }
}

TEST(Signal, energy_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("energy_test1");
    std::vector<int16_t> in;
    std::vector<uint32_t> expected;
    vectors.next(in);
    OneNode node("CUSTOM:SignalEnergy", {}, flex_options({{"start_index", 5}, {"end_index", 122}}));
    node.in<int16_t>({514}, std::vector<int16_t>(514)).out();
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(part(node.output<uint32_t>(), 5, 122), part(expected, 5, 122))
            << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

OneNode filter_bank_node(const FilterBankTables& t, int64_t bins)
{
    const auto intervals = static_cast<int64_t>(t.widths.size());
    const auto weights = static_cast<int64_t>(t.weights.size());
    OneNode node("CUSTOM:SignalFilterBank", {}, flex_options({{"num_channels", intervals - 1}}));
    node.in<uint32_t>({bins}, std::vector<uint32_t>(static_cast<size_t>(bins)))
        .constant<int16_t>({weights}, t.weights)
        .constant<int16_t>({weights}, t.unweights)
        .constant<int16_t>({intervals}, t.bin_starts)
        .constant<int16_t>({intervals}, t.weight_starts)
        .constant<int16_t>({intervals}, t.widths)
        .out();
    return node;
}

TEST(Signal, filter_bank_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_test1");
    std::vector<uint32_t> in;
    std::vector<uint64_t> expected;
    vectors.next(in);
    OneNode node = filter_bank_node(filter_bank_tables(257, 16000, 32, 125, 3800), 257);
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<uint64_t>(), expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

void check_accumulation(const std::string& name)
{
    NEED_VECTORS();
    SignalVectors vectors(name);
    std::string parameters;
    vectors.next(parameters);
    std::istringstream text(parameters);
    int bins = 0, channels = 0, begin = 0, end = 0;
    float rate = 0, low = 0, high = 0;
    text >> bins >> rate >> low >> high >> channels >> begin >> end;
    const FilterBankTables tables = filter_bank_tables(bins, rate, channels, low, high);
    EXPECT_EQ(tables.begin, begin);
    EXPECT_EQ(tables.end, end);
    std::vector<uint32_t> in(static_cast<size_t>(bins));
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint32_t>(i);
    OneNode node = filter_bank_node(tables, bins);
    node.set(0, in);
    node.run();
    std::vector<uint64_t> expected, line;
    while (vectors.next(line)) expected.push_back(line.at(0));
    EXPECT_EQ(node.output<uint64_t>(), expected);
}

TEST(Signal, filter_bank_accumulation_8k) { check_accumulation("filter_bank_accumulation_8k"); }
TEST(Signal, filter_bank_accumulation_16k) { check_accumulation("filter_bank_accumulation_16k"); }
TEST(Signal, filter_bank_accumulation_44k) { check_accumulation("filter_bank_accumulation_44k"); }

TEST(Signal, filter_bank_refuses_intervals_outside)
{
    FilterBankTables tables = filter_bank_tables(257, 16000, 32, 125, 3800);
    tables.bin_starts[7] = 256;
    tables.widths[7] = 2;
    OneNode node = filter_bank_node(tables, 257);
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
    tables.bin_starts[7] = -1;
    OneNode negative = filter_bank_node(tables, 257);
    EXPECT_EQ(error_of([&] { negative.infer(); }), ErrorCode::T0203);
}

TEST(Signal, square_root_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_square_root_test1");
    OneNode node("CUSTOM:SignalFilterBankSquareRoot", {}, flex_options({}));
    node.in<uint64_t>({32}, std::vector<uint64_t>(32)).in<int32_t>({}, {0}).out();
    std::vector<uint64_t> in;
    std::vector<int32_t> scale;
    std::vector<uint32_t> expected;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(scale) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.set(1, scale);
        node.run();
        ASSERT_EQ(node.output<uint32_t>(), expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(Signal, square_root_rounds_to_nearest_and_stays_within_its_type)
{
    const std::vector<uint64_t> in = {0,
                                      1,
                                      2,
                                      3,
                                      6,
                                      7,
                                      0xFFFFFFFFull,
                                      0x100000000ull,
                                      0xFFFFFFFFFFFFFFFFull,
                                      0xFFFFFFFE00000001ull};
    OneNode node("CUSTOM:SignalFilterBankSquareRoot", {}, flex_options({}));
    node.in<uint64_t>({static_cast<int64_t>(in.size())}, in).in<int32_t>({}, {0}).out();
    node.run();
    EXPECT_EQ(node.output<uint32_t>(),
              (std::vector<uint32_t>{0, 1, 1, 2, 2, 3, 65535, 65536, 0xFFFFFFFFu, 0xFFFFFFFFu}));
}

TEST(Signal, spectral_subtraction_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("filter_bank_spectral_subtraction_test1");
    std::string parameters;
    vectors.next(parameters);
    OneNode node("CUSTOM:SignalFilterBankSpectralSubtraction", {},
                 flex_options({{"num_channels", 32},
                               {"smoothing", 655},
                               {"one_minus_smoothing", 15729},
                               {"alternate_smoothing", 655},
                               {"alternate_one_minus_smoothing", 15729},
                               {"smoothing_bits", 0},
                               {"min_signal_remaining", 819},
                               {"clamping", 0},
                               {"spectral_subtraction_bits", 14}}));
    node.in<uint32_t>({32}, std::vector<uint32_t>(32)).out().out();
    std::vector<uint32_t> in, expected, estimate;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(estimate); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<uint32_t>(), expected) << "case " << cases;
        ASSERT_EQ(node.output<uint32_t>(1), estimate) << "case " << cases;
    }
    EXPECT_EQ(cases, 183);
}

TEST(Signal, pcan_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("pcan_op_test1");
    std::string parameters;
    vectors.next(parameters);
    OneNode node("CUSTOM:SignalPCAN", {}, flex_options({{"snr_shift", 6}}));
    node.in<uint32_t>({40}, std::vector<uint32_t>(40))
        .in<uint32_t>({40}, std::vector<uint32_t>(40))
        .constant<int16_t>({125}, pcan_table(0.95f, 80, 21, 7))
        .out();
    std::vector<uint32_t> in, estimate, expected;
    int cases = 0;
    for (; vectors.next(in) && vectors.next(estimate) && vectors.next(expected); ++cases) {
        node.set(0, in);
        node.set(1, estimate);
        node.run();
        ASSERT_EQ(node.output<uint32_t>(), expected) << "case " << cases;
    }
    EXPECT_EQ(cases, 449);
}

TEST(Signal, filter_bank_log_worked_numbers)
{
    const auto log_of = [](std::vector<uint32_t> in, int64_t correction, int64_t scale) {
        OneNode node(
            "CUSTOM:SignalFilterBankLog", {},
            flex_options({{"input_correction_bits", correction}, {"output_scale", scale}}));
        node.in<uint32_t>({static_cast<int64_t>(in.size())}, in).out();
        node.run();
        return node.output<int16_t>();
    };
    EXPECT_EQ(log_of({29, 21, 29, 40, 19, 11, 13, 23}, 3, 1600),
              (std::vector<int16_t>{8715, 8198, 8715, 9229, 8038, 7164, 7431, 8344}));
    EXPECT_EQ(log_of({0, 1, 2, 3, 8, 1000, 0xFFFFFFFFu}, 0, 64),
              (std::vector<int16_t>{0, 0, 44, 70, 133, 442, 1420}));
    EXPECT_EQ(log_of({1}, 3, 64), std::vector<int16_t>{133});
    EXPECT_EQ(log_of({0xFFFFFFFFu}, 0, 2000), std::vector<int16_t>{32767});
}

TEST(Signal, framer_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("framer_test1");
    std::vector<int16_t> in, expected;
    std::vector<uint8_t> valid;
    vectors.next(in);
    OneNode node("CUSTOM:SignalFramer", {},
                 flex_options({{"frame_size", 400}, {"frame_step", 160}, {"prefill", 0}}));
    node.in<int16_t>({160}, std::vector<int16_t>(160)).out().out();
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(valid); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<uint8_t>(1), valid) << "case " << cases;
        if (valid[0]) {
            ASSERT_EQ(node.output<int16_t>(), expected) << "case " << cases;
        }
    }
    EXPECT_EQ(cases, 185);
}

TEST(Signal, framer_with_prefill_is_valid_at_once_and_takes_streams)
{
    OneNode node("CUSTOM:SignalFramer", {},
                 flex_options({{"frame_size", 3}, {"frame_step", 2}, {"prefill", 1}}));
    node.in<int16_t>({2, 4}, {1, 2, 3, 4, 11, 12, 13, 14}).out().out();
    node.run();
    EXPECT_EQ(node.output_tensor().shape, (Shape{2, 2, 3}));
    EXPECT_EQ(node.output<int16_t>(),
              (std::vector<int16_t>{0, 1, 2, 2, 3, 4, 0, 11, 12, 12, 13, 14}));
    EXPECT_EQ(node.output<uint8_t>(1), std::vector<uint8_t>{1});
    node.set<int16_t>(0, {5, 6, 7, 8, 15, 16, 17, 18});
    node.run();
    EXPECT_EQ(node.output<int16_t>(),
              (std::vector<int16_t>{4, 5, 6, 6, 7, 8, 14, 15, 16, 16, 17, 18}));
}

TEST(Signal, stacker_vectors)
{
    NEED_VECTORS();
    SignalVectors vectors("stacker_test1");
    std::vector<int16_t> in, expected;
    std::vector<uint8_t> valid;
    vectors.next(in);
    OneNode node("CUSTOM:SignalStacker", {},
                 flex_options({{"num_channels", 32},
                               {"stacker_left_context", 1},
                               {"stacker_right_context", 1},
                               {"stacker_step", 2}}));
    node.in<int16_t>({32}, std::vector<int16_t>(32)).out().out();
    int cases = 0;
    for (; vectors.next(in) && vectors.next(expected) && vectors.next(valid); ++cases) {
        node.set(0, in);
        node.run();
        ASSERT_EQ(node.output<uint8_t>(1), valid) << "case " << cases;
        if (valid[0]) {
            ASSERT_EQ(node.output<int16_t>(), expected) << "case " << cases;
        }
    }
    EXPECT_EQ(cases, 12);
}

TEST(Signal, delay_shorter_and_longer_than_a_frame)
{
    for (const int64_t delay : {2, 5}) {
        OneNode node("CUSTOM:SignalDelay", {}, flex_options({{"delay_length", delay}}));
        node.in<int16_t>({2, 3}, std::vector<int16_t>(6)).out();
        std::vector<int16_t> first, second;
        for (int16_t t = 0; t < 12; t = static_cast<int16_t>(t + 3)) {
            node.set<int16_t>(0, {static_cast<int16_t>(t + 1), static_cast<int16_t>(t + 2),
                                  static_cast<int16_t>(t + 3), static_cast<int16_t>(-t - 1),
                                  static_cast<int16_t>(-t - 2), static_cast<int16_t>(-t - 3)});
            node.run();
            const auto out = node.output<int16_t>();
            first.insert(first.end(), out.begin(), out.begin() + 3);
            second.insert(second.end(), out.begin() + 3, out.end());
        }
        for (size_t t = 0; t < first.size(); ++t) {
            const int expected = static_cast<int>(t) < delay
                                     ? 0
                                     : static_cast<int>(t) + 1 - static_cast<int>(delay);
            EXPECT_EQ(first[t], expected);
            EXPECT_EQ(second[t], -expected);
        }
    }
}

TEST(Signal, refuses_a_state_beyond_reason)
{
    OneNode node("CUSTOM:SignalDelay", {}, flex_options({{"delay_length", 32767}}));
    node.in<int16_t>({100000, 1}, std::vector<int16_t>(100000)).out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
}

TEST(Signal, overlap_add_saturates)
{
    OneNode node("CUSTOM:SignalOverlapAdd", {}, flex_options({{"T", 7}, {"frame_step", 1}}));
    node.in<int16_t>({2, 3}, {1, 2, 30000, 10, 20000, -5}).out();
    node.run();
    EXPECT_EQ(node.output_tensor().shape, (Shape{2}));
    EXPECT_EQ(node.output<int16_t>(), (std::vector<int16_t>{1, 12}));
    EXPECT_EQ(node.value<int16_t>(1), (std::vector<int16_t>{32767, -5, 0}));
}

TEST(Signal, refuses_other_element_types_and_lengths)
{
    const auto rfft_error = [](int64_t type, int64_t fft_length) {
        return error_of([&] {
            OneNode node("CUSTOM:SignalRfft", {},
                         flex_options({{"T", type}, {"fft_length", fft_length}}));
            node.in<int16_t>({400}, std::vector<int16_t>(400)).out();
            node.infer();
        });
    };
    EXPECT_EQ(rfft_error(0, 512), ErrorCode::T0202);
    EXPECT_EQ(rfft_error(7, 500), ErrorCode::T0202);
    EXPECT_EQ(rfft_error(7, 256), ErrorCode::T0203);
    OneNode unnamed("CUSTOM:SignalRfft", {}, flex_options({{"T", 7}}));
    unnamed.in<int16_t>({400}, std::vector<int16_t>(400)).out();
    EXPECT_EQ(error_of([&] { unnamed.infer(); }), ErrorCode::T0104);
}

}  // namespace

}  // namespace thimble
