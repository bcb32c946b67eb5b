// An ARG_MAX reads what stands before a SOFTMAX or DEQUANTIZE, where the greatest element is
// provably the same one, ties included:
//
//   before:  logits (int8) -> softmax -> dequantize -> arg_max
//   after:   logits (int8) -> arg_max
//
// DEQUANTIZE keeps the order when no two stored values give the same float: tried for all of them.
//
// An int8 SOFTMAX gives round(2^b e^-d / S), d the distance from the greatest logit, b the bits of
// the output, 1 <= S <= n. The greatest one (d = 0) stays alone when the next lower one (d = 1
// step) rounds to less whatever S is: two numbers a whole unit apart never round to the same, so
//   2^b (1 - e^-step) / n >= 1
// is enough. The fixed-point arithmetic is right to 2^-16 of a unit and of the value; 1.01 instead
// of 1 covers it. Where the greatest one saturates, all others together have less than a unit.
#include "numeric/fixed_point.h"
#include "ops/op.h"
#include "ops/softmax.h"
#include "passes/passes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thimble {

namespace {

const Node* producer_of(const Graph& graph, TensorId id)
{
    for (const Node& node : graph.nodes)
        if (std::ranges::find(node.outputs, id) != node.outputs.end()) return &node;
    return nullptr;
}

template <typename T> bool floats_differ(const Quantization& quant)
{
    float last = -std::numeric_limits<float>::infinity();
    for (int32_t q = std::numeric_limits<T>::min(); q <= std::numeric_limits<T>::max(); ++q) {
        const float real = quant.scale() * static_cast<float>(q - quant.zero_point());
        if (!(real > last)) return false;
        last = real;
    }
    return true;
}

bool dequantize_keeps_order(const Tensor& in)
{
    if (!in.quant.present() || in.quant.per_channel()) return false;
    switch (in.type) {
    case DType::i8: return floats_differ<int8_t>(in.quant);
    case DType::u8: return floats_differ<uint8_t>(in.quant);
    case DType::i16: return floats_differ<int16_t>(in.quant);
    default: return false;
    }
}

bool softmax_keeps_greatest(const Tensor& in, const Tensor& out, float beta)
{
    if (in.type != DType::i8 || (out.type != DType::i8 && out.type != DType::i16)) return false;
    const double factor = double{beta} * double{in.quant.scale()} * (1 << 26);
    const int32_t lower = fixed::exponential(
        fixed::scaled(-1, requant_of(std::min(factor, 2147483647.0))), 5);
    const double distance = 1 - std::ldexp(static_cast<double>(lower), -31);
    const double units = std::ldexp(distance, 8 * static_cast<int>(element_bytes(out.type)));
    return units / static_cast<double>(in.shape.back()) >= 1.01;
}

bool keeps_greatest(const Graph& graph, const Node& node)
{
    const Tensor& in = graph.input(node, 0);
    if (in.kind == TensorKind::state) return false;  // may be written in between
    if (node.op->name == "dequantize") return dequantize_keeps_order(in);
    if (node.op->name != "softmax") return false;
    return softmax_keeps_greatest(in, graph.output(node, 0), softmax_beta(node));
}

// Rows of a softmax are those of its last axis.
bool along_last_axis(const Graph& graph, const Node& arg_max)
{
    const auto rank = static_cast<int64_t>(graph.input(arg_max, 0).shape.size());
    const std::vector<int64_t> axis = graph.input(arg_max, 1).integers();
    return axis.size() == 1 && (axis[0] == rank - 1 || axis[0] == -1);
}

}  // namespace

void argmax_of_logits(Graph& graph)
{
    for (Node& node : graph.nodes) {
        if (!node.op || node.source_op != "ARG_MAX" || !along_last_axis(graph, node)) continue;
        for (const Node* before = producer_of(graph, node.inputs[0]);
             before && keeps_greatest(graph, *before);
             before = producer_of(graph, node.inputs[0]))
            node.inputs[0] = before->inputs[0];
    }
}

}  // namespace thimble
