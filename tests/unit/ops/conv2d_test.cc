// Tests the oracle of conv2d, depthwise_conv2d and pool2d on values that can be checked by hand.
#include "formats/tflite_fields.h"
#include "one_node.h"

namespace thimble {
namespace {

namespace conv = tflite_field::conv2d;
namespace depthwise = tflite_field::depthwise_conv2d;
namespace pool = tflite_field::pool2d;

std::vector<TfliteOption> conv_options(int padding, int stride, int activation = 0)
{
    return {TfliteOption{conv::padding, static_cast<int8_t>(padding)},
            TfliteOption{conv::stride_h, int32_t{stride}},
            TfliteOption{conv::stride_w, int32_t{stride}},
            TfliteOption{conv::fused_activation, static_cast<int8_t>(activation)}};
}

TEST(Conv2d, padding_counts_as_the_zero_point)
{
    // All weights 1, input minus zero point = 1: every output counts the taps inside.
    OneNode node("CONV_2D", conv_options(tflite_field::kPaddingSame, 1));
    node.in<int8_t>({1, 3, 3, 1}, std::vector<int8_t>(9, 6), 1.0f, 5);
    node.constant<int8_t>({1, 3, 3, 1}, std::vector<int8_t>(9, 1), 1.0f).out(1.0f, -1);
    node.run();
    EXPECT_EQ(node.output<int8_t>(), (std::vector<int8_t>{3, 5, 3, 5, 8, 5, 3, 5, 3}));
}

TEST(Conv2d, same_padding_puts_the_odd_place_after)
{
    // in 4, filter 3, stride 2: out 2, before 0, after 1.
    OneNode node("CONV_2D", conv_options(tflite_field::kPaddingSame, 2));
    node.in<float>({1, 1, 4, 1}, {1, 2, 3, 4}).constant<float>({1, 1, 3, 1}, {1, 10, 100}).out();
    node.run();
    EXPECT_EQ(node.output<float>(), (std::vector<float>{321, 43}));
}

TEST(Conv2d, groups_see_their_own_channels)
{
    OneNode node("CONV_2D", conv_options(tflite_field::kPaddingValid, 1));
    node.in<float>({1, 1, 1, 4}, {1, 2, 3, 4}).constant<float>({2, 1, 1, 2}, {1, 10, 1, 10});
    node.constant<float>({2}, {0.5f, 0.25f}).out();
    node.run();
    EXPECT_EQ(node.output<float>(), (std::vector<float>{21.5f, 43.25f}));
}

TEST(Conv2d, width_of_the_bias_chooses_the_rounding)
{
    // 3.5 and -3.5: both roundings send ties up.
    for (const bool wide : {true, false}) {
        OneNode node("CONV_2D", conv_options(tflite_field::kPaddingValid, 1));
        node.in<int16_t>({1, 1, 2, 1}, {7, -7}, 0.5f).constant<int8_t>({1, 1, 1, 1}, {1}, 1.0f);
        if (wide) node.constant<int64_t>({1}, {0});
        else node.constant<int32_t>({1}, {0});
        node.out(1.0f);
        node.run();
        EXPECT_EQ(node.output<int16_t>(), (std::vector<int16_t>{4, -3})) << wide;
    }
}

TEST(Conv2d, refuses_what_does_not_fit_together)
{
    const auto code = [](Shape in, Shape weights, int stride) {
        OneNode node("CONV_2D", conv_options(tflite_field::kPaddingValid, stride));
        node.in<float>(in, std::vector<float>(static_cast<size_t>(element_count(in))));
        node.constant<float>(weights,
                             std::vector<float>(static_cast<size_t>(element_count(weights))))
            .out();
        return error_of([&] { node.infer(); });
    };
    EXPECT_EQ(code({1, 4, 4, 3}, {1, 1, 1, 2}, 1), ErrorCode::T0203);
    EXPECT_EQ(code({1, 4, 4, 4}, {3, 1, 1, 2}, 1), ErrorCode::T0203);
    EXPECT_EQ(code({1, 4, 4, 1}, {1, 5, 1, 1}, 1), ErrorCode::T0203);
    EXPECT_EQ(code({1, 4, 4, 1}, {1, 1, 1, 1}, 0), ErrorCode::T0203);
    EXPECT_EQ(code({1, 4, 4, 1}, {0, 1, 1, 1}, 1), ErrorCode::T0203);
    EXPECT_EQ(code({1, 0, 4, 1}, {1, 1, 1, 1}, 1), ErrorCode::T0203);
    EXPECT_EQ(code({4, 4, 1}, {1, 1, 1, 1}, 1), ErrorCode::T0203);
}

TEST(Conv2d, refuses_scales_along_another_axis)
{
    OneNode node("CONV_2D", conv_options(tflite_field::kPaddingValid, 1));
    node.in<int8_t>({1, 1, 1, 2}, {1, 2}, 1.0f)
        .constant<int8_t>({2, 1, 1, 2}, {1, 2, 3, 4}, 1.0f)
        .out(1.0f);
    node.input_tensor(1).quant = {{1.0f, 2.0f}, {0, 0}, 3};
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0205);
}

TEST(DepthwiseConv2d, multiplier_repeats_the_input_channel)
{
    OneNode node(
        "DEPTHWISE_CONV_2D",
        {TfliteOption{depthwise::padding, static_cast<int8_t>(tflite_field::kPaddingValid)},
         TfliteOption{depthwise::stride_h, int32_t{1}},
         TfliteOption{depthwise::stride_w, int32_t{1}},
         TfliteOption{depthwise::fused_activation,
                      static_cast<int8_t>(tflite_field::kActivationRelu)}});
    node.in<int8_t>({1, 1, 2, 2}, {1, 2, 3, 4}, 1.0f)
        .constant<int8_t>({1, 1, 2, 4}, {1, 2, 3, 4, 10, 20, 30, -40}, 1.0f);
    node.out(2.0f, -3);
    node.input_tensor(1).quant = {{1.0f, 1.0f, 0.5f, 1.0f}, {0, 0, 0, 0}, 3};
    node.run();
    // Sums 31, 62, 126, -152; halved (the third quartered, 31.5 rounds up), minus 3, at least -3.
    EXPECT_EQ(node.output<int8_t>(), (std::vector<int8_t>{13, 28, 29, -3}));
}

std::vector<TfliteOption> pool_options(int filter, int stride)
{
    return {TfliteOption{pool::padding, static_cast<int8_t>(tflite_field::kPaddingSame)},
            TfliteOption{pool::filter_h, int32_t{filter}},
            TfliteOption{pool::filter_w, int32_t{filter}},
            TfliteOption{pool::stride_h, int32_t{stride}},
            TfliteOption{pool::stride_w, int32_t{stride}}};
}

TEST(Pool2d, mean_rounds_ties_away_from_zero)
{
    for (const auto& [sum, mean] :
         std::vector<std::pair<int, int>>{{-6, -2}, {-5, -1}, {-2, -1}, {2, 1}, {5, 1}, {6, 2}}) {
        OneNode node("AVERAGE_POOL_2D", pool_options(2, 2));
        node.in<int8_t>({1, 2, 2, 1}, {static_cast<int8_t>(sum), 0, 0, 0}, 0.5f, 3).out(0.5f, 3);
        node.run();
        EXPECT_EQ(node.output<int8_t>(), std::vector<int8_t>{static_cast<int8_t>(mean)}) << sum;
    }
}

TEST(Pool2d, places_outside_do_not_count)
{
    OneNode mean("AVERAGE_POOL_2D", pool_options(2, 2));
    mean.in<float>({1, 3, 1, 1}, {1, 2, 6}).out();
    mean.run();
    EXPECT_EQ(mean.output<float>(), (std::vector<float>{1.5f, 6}));
    OneNode largest("MAX_POOL_2D", pool_options(3, 1));
    largest.in<int16_t>({1, 1, 3, 1}, {-7, -9, -8}, 1.0f).out(1.0f);
    largest.run();
    EXPECT_EQ(largest.output<int16_t>(), (std::vector<int16_t>{-7, -7, -8}));
}

}  // namespace
}  // namespace thimble
