// Tests what lowering of dense layers refuses; their arithmetic is in tests/ops/dense.txt.
#include "one_node.h"
#include "ops/lower.h"

namespace thimble {
namespace {

// The error of lowering one int8 layer of two inputs with this bias; none: T0001.
ErrorCode error_of_lowering(int32_t bias)
{
    OneNode node("FULLY_CONNECTED");
    node.in<int8_t>({1, 2}, {1, 2}, 1.0f).constant<int8_t>({1, 2}, {127, -127}, 1.0f);
    node.constant<int32_t>({1}, {bias}).out(100.0f);
    node.infer();
    Program program;
    program.graph = node.graph();
    program.steps.resize(1);
    program.buffer_of_tensor.assign(program.graph.tensors.size(), -1);
    const TargetFacts target;
    const LowerOptions options;
    LowerContext context(program, node.node(), 0, target, options);
    try {
        node.node().op->lower(context);
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::T0001;
}

TEST(Dense, sums_beyond_32_bits_are_refused)
{
    // The products add up to at most 2 * 127 * 128 = 32,512.
    EXPECT_EQ(error_of_lowering(INT32_MAX - 32512), ErrorCode::T0001);
    EXPECT_EQ(error_of_lowering(INT32_MAX - 32511), ErrorCode::T0205);
    EXPECT_EQ(error_of_lowering(-INT32_MAX + 32511), ErrorCode::T0205);
}

}  // namespace
}  // namespace thimble
