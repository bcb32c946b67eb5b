// Plans of moves against the definition, and what the moving operators do with nothing at all.
#include "kernels/move.h"
#include "one_node.h"
#include "ops/move.h"

#include <gtest/gtest.h>

#include <random>

namespace thimble {
namespace {

TEST(Merged, JoinsWhatIsContiguousOnBothSides)
{
    const auto axes = merged({{2, 12, 12}, {1, 99, 99}, {3, 4, 4}, {4, 1, 1}});
    ASSERT_EQ(axes.size(), 1u);
    EXPECT_EQ(axes[0].count, 24);
    EXPECT_EQ(axes[0].in_step, 1);
}

TEST(Merged, KeepsAxesThatAreContiguousOnOneSideOnly)
{
    const auto axes = merged({{2, 12, 6}, {3, 4, 2}, {2, 1, 1}});
    ASSERT_EQ(axes.size(), 2u);
    EXPECT_EQ(axes[0].count, 6);
    EXPECT_EQ(axes[1].count, 2);
}

// Elements that a movement puts where: the definition, one loop for each axis.
void walk(const std::vector<MoveAxis>& axes, size_t d, int64_t in, int64_t out,
          const std::vector<uint8_t>& from, std::vector<uint8_t>& to, int64_t bytes)
{
    if (d == axes.size()) {
        for (int64_t b = 0; b < bytes; ++b)
            to[static_cast<size_t>(out * bytes + b)] = from[static_cast<size_t>(in * bytes + b)];
        return;
    }
    for (int64_t i = 0; i < axes[d].count; ++i)
        walk(axes, d + 1, in + i * axes[d].in_step, out + i * axes[d].out_step, from, to, bytes);
}

template <int bytes> void move_as(const MovePlan& plan, const uint8_t* in, uint8_t* out)
{
    thb_move(in, 0, out, plan.steps.data(), static_cast<int>(plan.rank),
             plan.element_bytes == 0 ? 0 : bytes);
}

void run_plan(const MovePlan& plan, const uint8_t* in, uint8_t* out, int64_t bytes)
{
    if (bytes == 1) move_as<1>(plan, in, out);
    if (bytes == 2) move_as<2>(plan, in, out);
    if (bytes == 4) move_as<4>(plan, in, out);
    if (bytes == 8) move_as<8>(plan, in, out);
}

// Random permuted, strided, reversed and repeated reads of random shapes.
TEST(MovePlan, MovesLikeTheDefinition)
{
    std::mt19937 random(5);
    const auto below = [&](int64_t n) {
        return static_cast<int64_t>(random() % static_cast<uint32_t>(n));
    };
    for (int round = 0; round < 400; ++round) {
        const int64_t bytes = int64_t{1} << below(4);
        Shape shape;
        for (int64_t d = below(5) + 1; d > 0; --d) shape.push_back(below(4) + 1);
        std::vector<int64_t> in_steps = row_major_steps(shape), out_steps = row_major_steps(shape);
        Movement movement;
        for (size_t d = 0; d < shape.size(); ++d) {
            const int64_t kind = below(4);
            if (kind == 0) {  // backwards
                movement.in_start += (shape[d] - 1) * in_steps[d];
                in_steps[d] = -in_steps[d];
            }
            if (kind == 1) in_steps[d] = 0;
            movement.axes.push_back({shape[d], in_steps[d], out_steps[d]});
        }
        std::shuffle(movement.axes.begin(), movement.axes.end(), random);
        std::vector<MoveAxis> axes = merged(movement.axes);
        if (axes.empty()) axes.push_back({1, 1, 1});
        const auto size = static_cast<size_t>(element_count(shape) * bytes);
        std::vector<uint8_t> in(size), expected(size, 0), out(size, 0);
        for (uint8_t& byte : in) byte = static_cast<uint8_t>(random());
        walk(movement.axes, 0, movement.in_start, 0, in, expected, bytes);
        run_plan(move_plan(axes, bytes), in.data() + movement.in_start * bytes, out.data(), bytes);
        ASSERT_EQ(out, expected) << "round " << round << " shape " << shape_text(shape);
    }
}

TEST(Empty, ConcatOfAnEmptyPart)
{
    OneNode node("CONCATENATION");
    node.in<int32_t>({0}, {}).in<int32_t>({2}, {7, 8}).out().run();
    EXPECT_EQ(node.output<int32_t>(), (std::vector<int32_t>{7, 8}));
}

TEST(Empty, ProductOfNothingIsOne)
{
    OneNode node("REDUCE_PROD");
    node.in<int32_t>({0}, {}).constant<int32_t>({1}, {0}).out().run();
    EXPECT_EQ(node.output_tensor().shape, Shape{});
    EXPECT_EQ(node.output<int32_t>(), std::vector<int32_t>{1});
}

TEST(Empty, ReductionOverNoAxesCopies)
{
    OneNode node("SUM");
    node.in<int32_t>({2}, {3, 4}).constant<int32_t>({0}, {}).out().run();
    EXPECT_EQ(node.output<int32_t>(), (std::vector<int32_t>{3, 4}));
}

TEST(Empty, MeanOverNoAxesRequantises)
{
    OneNode node("MEAN");
    node.in<int8_t>({2}, {10, -20}, 0.5f, 0).constant<int32_t>({0}, {}).out(1.0f, 1).run();
    EXPECT_EQ(node.output<int8_t>(), (std::vector<int8_t>{6, -9}));
}

TEST(Empty, MeanOverNothingIsRefused)
{
    OneNode node("MEAN");
    node.in<float>({0, 2}, {}).constant<int32_t>({1}, {0}).out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
}

TEST(Empty, SliceOfNothing)
{
    OneNode node("SLICE");
    node.in<int64_t>({3}, {1, 2, 3})
        .constant<int32_t>({1}, {3})
        .constant<int32_t>({1}, {0})
        .out()
        .run();
    EXPECT_EQ(node.output_tensor().shape, Shape{0});
}

TEST(Empty, StridedSliceBehindTheEnd)
{
    OneNode node("STRIDED_SLICE");
    node.in<int32_t>({3}, {1, 2, 3})
        .constant<int32_t>({1}, {5})
        .constant<int32_t>({1}, {9})
        .constant<int32_t>({1}, {1});
    node.out().run();
    EXPECT_EQ(node.output_tensor().shape, Shape{0});
}

TEST(Empty, GatherOfNoIndices)
{
    OneNode node("GATHER");
    node.in<float>({2, 3}, {1, 2, 3, 4, 5, 6}).constant<int32_t>({0}, {}).out().run();
    EXPECT_EQ(node.output_tensor().shape, (Shape{0, 3}));
}

TEST(Empty, ShapeOfAScalar)
{
    OneNode node("SHAPE");
    node.in<float>({}, {1}).out().run();
    EXPECT_EQ(node.output_tensor().shape, Shape{0});
}

TEST(Empty, RangeThatGoesTheOtherWay)
{
    OneNode node("RANGE");
    node.constant<int32_t>({}, {5})
        .constant<int32_t>({}, {1})
        .constant<int32_t>({}, {1})
        .out()
        .run();
    EXPECT_EQ(node.output_tensor().shape, Shape{0});
}

TEST(Range, EndsAtTheEndOfItsType)
{
    OneNode node("RANGE");
    node.constant<int32_t>({}, {2147483640})
        .constant<int32_t>({}, {2147483647})
        .constant<int32_t>({}, {5})
        .out()
        .run();
    EXPECT_EQ(node.output<int32_t>(), (std::vector<int32_t>{2147483640, 2147483645}));
}

TEST(Malformed, BoundsNearTheEndOfInt64)
{
    constexpr int64_t most = INT64_MAX;
    OneNode node("STRIDED_SLICE", {{tflite_field::strided_slice::offset, true}});
    node.in<int32_t>({3}, {1, 2, 3})
        .constant<int64_t>({1}, {-most - 1})
        .constant<int64_t>({1}, {most})
        .constant<int64_t>({1}, {1});
    node.out().run();
    EXPECT_EQ(node.output<int32_t>(), (std::vector<int32_t>{1, 2, 3}));
}

TEST(Malformed, PaddingOfADifferentScale)
{
    OneNode node("PADV2");
    node.in<int8_t>({1}, {1}, 0.5f, 1)
        .constant<int32_t>({1, 2}, {1, 1})
        .constant<int8_t>({1}, {1})
        .out(0.5f, 1);
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0205);
}

TEST(Malformed, ShapesThatWouldNeedTerabytes)
{
    OneNode node("FILL");
    node.constant<int64_t>({3}, {1 << 20, 1 << 20, 1 << 20}).in<float>({}, {1}).out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
}

TEST(Malformed, NegativeDimensions)
{
    OneNode node("BROADCAST_TO");
    node.in<float>({1}, {1}).constant<int32_t>({2}, {-3, -3}).out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0203);
}

TEST(Malformed, MaxUnpoolingWithoutOptions)
{
    OneNode node("CUSTOM:LiteRtMaxUnpooling2D", {}, {1, 0, 0, 0});
    node.in<float>({1, 1, 1, 1}, {1}).in<int32_t>({1, 1, 1, 1}, {0}).out();
    EXPECT_EQ(error_of([&] { node.infer(); }), ErrorCode::T0202);
}

// LiteRT's operator: 2 x 2 windows with stride 2, one index inside of the image and one outside.
TEST(MaxUnpooling, PutsValuesBack)
{
    OneNode node("CUSTOM:LiteRtMaxUnpooling2D", {},
                 {1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0});
    node.in<float>({1, 1, 2, 1}, {5, 6}).in<int32_t>({1, 1, 2, 1}, {3, 99}).out().run();
    EXPECT_EQ(node.output_tensor().shape, (Shape{1, 2, 4, 1}));
    EXPECT_EQ(node.output<float>(), (std::vector<float>{0, 0, 0, 5, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace thimble
