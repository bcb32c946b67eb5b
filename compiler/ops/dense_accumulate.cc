// One step of a dense layer over a sequence: sums'[o] = sums[o] + sum_i (x[i] + 128) * w[t][o][i].
//
// See dense_sum.h. int8 x int8 with int32 sums, or float32 x float32, float16, int8 with float32
// sums and without the 128. The pass that makes this operator has proven the range of the sums.
// Lowering puts the packed weights of all steps into one table; the loop around the call moves on
// by one step's weights in each iteration.
#include "ops/dense_accumulate_variants.h"
#include "ops/dense_sum.h"
#include "ops/op.h"

#include <fmt/format.h>

namespace thimble {

namespace {

namespace input = dense_accumulate_input;

constexpr int32_t kInputOffset = 128;

void infer(Graph& graph, Node& node)
{
    require_inputs(node, input::count, input::count);
    require_outputs(node, 1);
    const Tensor& x = graph.input(node, input::x);
    const Tensor& weights = graph.input(node, input::weights);
    const Tensor& sums = graph.input(node, input::sums);
    const Tensor& step = graph.input(node, input::step);
    const bool integer =
        x.type == DType::i8 && weights.type == DType::i8 && sums.type == DType::i32;
    const bool real = x.type == DType::f32 && sums.type == DType::f32 &&
                      (weights.type == DType::f32 || weights.type == DType::f16 ||
                       weights.type == DType::i8);
    if (!integer && !real)
        fail_type(fmt::format("input {} with weights {} and sums {}", dtype_name(x.type),
                              dtype_name(weights.type), dtype_name(sums.type)),
                  "int8 x int8 with int32, or float32 x float32, float16, int8 with float32");
    require_shape(weights.is_constant() && weights.shape.size() == 3 && !sums.is_constant() &&
                      weights.shape[2] == x.count() && weights.shape[1] == sums.count(),
                  fmt::format("input {}, weights {}, sums {}", shape_text(x.shape),
                              shape_text(weights.shape), shape_text(sums.shape)),
                  "constant weights [T, o, k] for k inputs and o sums");
    require_shape(step.type == DType::i32 && step.count() == 1, "step " + shape_text(step.shape),
                  "one int32");
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = sums.type;
    out.shape = sums.shape;
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const Shape& shape = c.input(input::weights).shape;
    const int32_t step = c.in<int32_t>(input::step)[0];
    THIMBLE_CHECK(step >= 0 && step < shape[0], c.node.name + " beyond the last step");
    const bool integer = c.input(input::x).type == DType::i8;
    const std::vector<double> x = c.raw(input::x);
    const std::vector<double> weights = integer ? c.raw(input::weights) : c.real(input::weights);
    for (int64_t o = 0; o < shape[1]; ++o) {
        const size_t first = static_cast<size_t>((step * shape[1] + o) * shape[2]);
        const size_t at = static_cast<size_t>(o);
        if (integer) {
            int64_t sum = c.in<int32_t>(input::sums)[at];
            for (size_t i = 0; i < x.size(); ++i)
                sum += (static_cast<int64_t>(x[i]) + kInputOffset) *
                       static_cast<int64_t>(weights[first + i]);
            THIMBLE_CHECK(sum >= INT32_MIN && sum <= INT32_MAX, c.node.name + " overflows");
            c.out<int32_t>()[at] = static_cast<int32_t>(sum);
        } else {
            float sum = c.in<float>(input::sums)[at];
            for (size_t i = 0; i < x.size(); ++i)
                sum += static_cast<float>(x[i]) * static_cast<float>(weights[first + i]);
            c.out<float>()[at] = sum;
        }
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.allow_in_place(input::sums);
    if (c.input(input::x).type == DType::i8) lower_dense_accumulate_s8(c);
    else lower_dense_accumulate_f32(c);
}

int64_t macs(const Graph& graph, const Node& node)
{
    const Shape& shape = graph.input(node, input::weights).shape;
    return shape[1] * shape[2];
}

}  // namespace

extern const OpDef op_dense_accumulate;
const OpDef op_dense_accumulate = {.name = "dense_accumulate",
                                   .tflite = {},
                                   .infer = infer,
                                   .eval = eval,
                                   .lower = lower,
                                   .macs = macs};

}  // namespace thimble
