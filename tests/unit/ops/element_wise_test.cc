// Element-wise operators against worked numbers (docs/numerics.md).
#include "base/crc32.h"
#include "compile.h"
#include "import/import.h"
#include "numeric/fixed_point.h"
#include "numeric/reference.h"
#include "numeric/sigmoid_table.h"
#include "one_node.h"

#include <gtest/gtest.h>

#include <random>

namespace thimble {

using I8 = std::vector<int8_t>;
using I16 = std::vector<int16_t>;

TEST(softmax, gives_the_worked_numbers)
{
    OneNode narrow("SOFTMAX", {{tflite_field::softmax::beta, 1.0f}});
    narrow.in<int8_t>({1, 3}, {10, 20, 30}, 0.1f, 0).out(1.0f / 256, -128);
    narrow.graph().tensor(narrow.node().outputs[0]).type = DType::i8;
    narrow.run();
    EXPECT_EQ(narrow.output<int8_t>(), (I8{-105, -65, 42}));

    OneNode wide("SOFTMAX", {{tflite_field::softmax::beta, 1.0f}});
    wide.in<int8_t>({1, 3}, {10, 20, 30}, 0.1f, 0).out(1.0f / 65536, -32768);
    wide.graph().tensor(wide.node().outputs[0]).type = DType::i16;
    wide.run();
    EXPECT_EQ(wide.output<int16_t>(), (I16{-26868, -16729, 10829}));

    OneNode s16("SOFTMAX", {{tflite_field::softmax::beta, 1.0f}});
    s16.in<int16_t>({1, 3}, {0, 2048, 4096}, 1.0f / 2048, 0).out(1.0f / 32768, 0);
    s16.graph().tensor(s16.node().outputs[0]).type = DType::i16;
    s16.run();
    EXPECT_EQ(s16.output<int16_t>(), (I16{2950, 8020, 21798}));
}

TEST(sigmoid, gives_the_worked_numbers)
{
    OneNode logistic("LOGISTIC");
    logistic.in<int8_t>({5}, {-128, -20, 3, 20, 127}, 0.05f, 3).out(1.0f / 256, -128);
    logistic.run();
    EXPECT_EQ(logistic.output<int8_t>(), (I8{-128, -66, 0, 51, 127}));
    OneNode tanh("TANH");
    tanh.in<int8_t>({5}, {-128, -20, 3, 20, 127}, 0.05f, 3).out(1.0f / 128, 0);
    tanh.run();
    EXPECT_EQ(tanh.output<int8_t>(), (I8{-128, -105, 0, 88, 127}));
}

TEST(sigmoid, of_16_bits_gives_the_worked_numbers)
{
    const I16 in{-32768, -4096, -1, 0, 1, 4096, 32767};
    OneNode logistic("LOGISTIC");
    logistic.in<int16_t>({7}, in, 1.0f / 4096, 0).out(1.0f / 32768, 0);
    logistic.run();
    EXPECT_EQ(logistic.output<int16_t>(), (I16{11, 8812, 16382, 16384, 16386, 23956, 32757}));
    OneNode tanh("TANH");
    tanh.in<int16_t>({7}, in, 1.0f / 4096, 0).out(1.0f / 32768, 0);
    tanh.run();
    EXPECT_EQ(tanh.output<int16_t>(), (I16{-32767, -24956, -8, 0, 8, 24956, 32767}));
}

TEST(sigmoid_table, has_the_runtimes_checksum)
{
    const auto& table = sigmoid_table();
    const auto* bytes = reinterpret_cast<const uint8_t*>(table.data());
    EXPECT_EQ(crc32({bytes, table.size() * 2}), 0xb84f6ab4u);
}

TEST(add, gives_the_worked_numbers)
{
    OneNode add("ADD");
    add.in<int8_t>({1}, {100}, 0.05f, -3).in<int8_t>({1}, {-90}, 0.02f, 10).out(0.06f, 5);
    add.run();
    EXPECT_EQ(add.output<int8_t>(), (I8{58}));
}

TEST(quantize, rounds_halves_away_from_zero_and_saturates)
{
    OneNode node("QUANTIZE");
    node.in<float>({6}, {0.5f, -1.5f, 1e30f, -1e30f, 0.49f, 3.0f}).out(1.0f, 0);
    node.graph().tensor(node.node().outputs[0]).type = DType::i8;
    node.run();
    EXPECT_EQ(node.output<int8_t>(), (I8{1, -2, 127, -128, 0, 3}));
}

// The tables of the int16 softmax that the device gets: first e^x, then 1 / (1 + x).
static std::vector<std::vector<uint8_t>> softmax_tables(Match match)
{
    TfliteDraft draft;
    draft.subgraphs.push_back({.tensors = {{.name = "x",
                                            .type = TfliteType::int16,
                                            .shape = {1, 3},
                                            .scales = {0.001f},
                                            .zero_points = {0}},
                                           {.name = "y",
                                            .type = TfliteType::int16,
                                            .shape = {1, 3},
                                            .scales = {1.0f / 32768},
                                            .zero_points = {0}}},
                               .inputs = {0},
                               .outputs = {1},
                               .operators = {{.name = "SOFTMAX",
                                              .inputs = {0},
                                              .outputs = {1},
                                              .options = {{tflite_field::softmax::beta, 1.0f}}}}});
    CompileOptions options{.name = "softmax", .target = {}, .lower = {}};
    options.lower.match = match;
    const Program program = compile(import_tflite(read_tflite(write_tflite(draft), "softmax")),
                                    options);
    std::vector<std::vector<uint8_t>> tables;
    for (const Table& table : program.tables)
        if (table.bytes.size() == 513 * 2) tables.push_back(table.bytes);
    return tables;
}

TEST(softmax, of_int16_has_the_runtimes_tables)
{
    const auto tflm = softmax_tables(Match::tflm);
    ASSERT_EQ(tflm.size(), 2u);
    EXPECT_EQ(crc32(tflm[0]), 0xac7dffaau);
    EXPECT_EQ(crc32(tflm[1]), 0x39fb9655u);
    const auto tflite = softmax_tables(Match::tflite);
    ASSERT_EQ(tflite.size(), 2u);
    EXPECT_EQ(tflite[0], tflm[0]);
    std::vector<size_t> different;
    for (size_t i = 0; i < 513; ++i)
        if (tflite[1][2 * i] != tflm[1][2 * i] || tflite[1][2 * i + 1] != tflm[1][2 * i + 1])
            different.push_back(i);
    EXPECT_EQ(different, (std::vector<size_t>{160, 294}));
}

// The two independent implementations of the fixed-point functions.
TEST(fixed_point, equals_the_reference)
{
    std::mt19937 random(1);
    for (int i = 0; i < 200000; ++i) {
        const auto wide = static_cast<int32_t>(random());
        const int32_t value = wide >> (random() % 31);
        const int32_t negative = value > 0 ? -value : value;
        for (const int bits : {0, 4, 5, 6})
            ASSERT_EQ(fixed::exponential(negative, bits), reference::exp_negative(negative, bits))
                << value << " " << bits;
        ASSERT_EQ(fixed::sigmoid(value, 4), reference::logistic(value, 4)) << value;
        ASSERT_EQ(fixed::hyperbolic_tangent(value, 4), reference::tanh(value, 4)) << value;
        const int32_t positive = value == INT32_MIN ? 1 : std::abs(value);
        const auto root = fixed::inverse_root(positive);
        const auto expected = reference::inverse_sqrt(positive);
        ASSERT_EQ(root.value, expected.value) << positive;
        ASSERT_EQ(root.shift, expected.shift) << positive;
        const double real = std::ldexp(static_cast<double>(positive) + 1,
                                       -static_cast<int>(random() % 62));
        const auto multiplier = reference::quantize_multiplier(real);
        if (multiplier.shift > 30) continue;
        ASSERT_EQ(fixed::scaled(value, requant_of(real)), reference::multiply(value, multiplier))
            << value << " " << real;
    }
}

}  // namespace thimble
