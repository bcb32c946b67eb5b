// Graphs that no target can compile are refused with a sentence, before anything is made of them.
#include "base/error.h"
#include "compile.h"
#include "project/graph_builder.h"
#include "targets/target.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

Tensor tensor_of(DType type, Shape shape, float scale)
{
    Tensor tensor;
    tensor.name = "x";
    tensor.type = type;
    tensor.shape = std::move(shape);
    if (scale > 0) tensor.quant = {{scale}, {128}, 0};
    return tensor;
}

ErrorCode refusal_of(const Graph& graph)
{
    try {
        compile(graph, {.name = "refused", .target = find_target("cortex-m4").facts});
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "nothing was refused";
    return ErrorCode::T0004;
}

TEST(CompileRefusals, tensors_beyond_32_bits)
{
    GraphBuilder builder("large");
    const TensorId x = builder.input(tensor_of(DType::f32, {1 << 15, 1 << 15}, 0));
    builder.output(builder.node("ABS", {x}, {}, DType::f32));
    EXPECT_EQ(refusal_of(builder.finish()), ErrorCode::T0203);
}

TEST(CompileRefusals, layers_that_compute_with_a_uint8_variable)
{
    GraphBuilder builder("legacy");
    Tensor variable = tensor_of(DType::u8, {1, 4}, 0.5f);
    variable.data = std::make_shared<const std::vector<uint8_t>>(4, uint8_t{0});
    const TensorId weights =
        builder.constant("w", DType::u8, {2, 4}, std::vector<uint8_t>(8, 3), {{0.5f}, {128}, 0});
    const TensorId x = builder.state(variable);
    builder.output(builder.node("FULLY_CONNECTED", {x, weights, kNoTensor}, {},
                                DType::u8, {{0.5f}, {128}, 0}));
    EXPECT_EQ(refusal_of(builder.finish()), ErrorCode::T0202);
}

}  // namespace
}  // namespace thimble
