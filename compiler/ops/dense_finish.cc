// The end of a dense layer over a sequence: y[o] = act(requantize(sums[o])).
//
// See dense_sum.h. int32 sums become int8 with the two roundings of dense; float32 sums are
// clamped.
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/dense_sum.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

const DenseFinishAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const DenseFinishAttributes&>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& sums = graph.input(node, 0);
    Tensor& out = graph.tensor(node.outputs[0]);
    const bool known = (sums.type == DType::i32 && out.type == DType::i8) ||
                       (sums.type == DType::f32 && out.type == DType::f32);
    if (!known)
        fail_type(fmt::format("sums {} to {}", dtype_name(sums.type), dtype_name(out.type)),
                  "int32 to int8, or float32 to float32");
    out.shape = sums.shape;
    if (sums.type == DType::f32) return;
    require_output_quantized(graph, node);
    const size_t count = attributes_of(node).factors.size();
    require_shape(count == 1 || count == static_cast<size_t>(sums.count()),
                  fmt::format("{} factors for {} sums", count, sums.count()), "one, or as many");
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const DenseFinishAttributes& attributes = attributes_of(c.node);
    if (c.output().type == DType::f32) {
        const auto clamp = reference::float_clamp(attributes.activation);
        std::ranges::transform(c.in<float>(0), c.out<float>().begin(), [&](float sum) {
            return std::min(std::max(sum, clamp.lowest), clamp.highest);
        });
        return;
    }
    const auto sums = c.in<int32_t>(0);
    const Quantization& q = c.output().quant;
    const reference::Clamp clamp = reference::quantized_clamp(
        attributes.activation, c.output().type, q.scale(), q.zero_point());
    for (size_t o = 0; o < sums.size(); ++o) {
        const double factor = attributes.factors[attributes.factors.size() > 1 ? o : 0];
        const int32_t scaled =
            reference::multiply(sums[o], reference::quantize_multiplier(factor));
        c.out<int8_t>()[o] = static_cast<int8_t>(
            reference::saturate(int64_t{scaled} + q.zero_point(), clamp.lowest, clamp.highest));
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const DenseFinishAttributes& attributes = attributes_of(c.node);
    const Arg count = c.number(c.input(0).count(), "thb_index_t");
    if (c.output().type == DType::f32) {
        if (attributes.activation == 0) return c.alias(0);
        const RealClamp clamp = real_clamp(attributes.activation);
        c.allow_in_place(0);
        return c.call("thb_dense_finish_f32", {c.in(0), c.out(), count, c.number(clamp.lowest),
                                               c.number(clamp.highest)});
    }
    const RequantTables requant = requant_tables(attributes.factors, false);
    const StoredClamp clamp = stored_clamp(attributes.activation, c.output());
    c.allow_in_place(0);
    c.call("thb_dense_finish_s8",
           {c.in(0), c.table(requant.multipliers, "multipliers of " + c.node.name, false),
            c.table(requant.shifts, "shifts of " + c.node.name, false),
            c.key(int64_t{requant.per_channel()}), c.out(), count,
            c.number(c.output().quant.zero_point(), "int16_t"), c.number(clamp.lowest, "int16_t"),
            c.number(clamp.highest, "int16_t")});
}

}  // namespace

extern const OpDef op_dense_finish;
const OpDef op_dense_finish = {.name = "dense_finish",
                               .tflite = {},
                               .infer = infer,
                               .eval = eval,
                               .lower = lower};

}  // namespace thimble
