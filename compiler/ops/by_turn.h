// Nodes in the body of a scan whose tensors have other scales in every turn (Tensor::by_turn).
//
// Unrolled networks are quantised step by step: the copies of a layer share their weights and
// differ in the scales of what they read and write. One body serves all turns: its kernels
// (device/kernels/*_turn.h) get pointers to scales and zero points, which move on with the turns,
// and derive multipliers and shifts themselves, in integer arithmetic that gives the bits of the
// host's floating point. So a step costs 5 bytes of flash for each tensor, whatever its size.
#pragma once

#include "ops/op.h"

#include <functional>
#include <string>
#include <vector>

namespace thimble {

// The body as it is in one turn: tensors with their scales, constants with their data. The graphs
// of branches in it too; those of scans in it have turns of their own.
Graph graph_at_turn(const Graph& body, size_t turn);
// Any tensor of the graph, or of a branch in it, changes with the turns.
bool changes_by_turn(const Graph& body);
// Any tensor of the node does.
bool changes_by_turn(const Graph& graph, const Node& node);
// Why the graph with its changing tensors cannot be lowered: "layer 'x': ..."; empty when it can.
std::string no_changing_scales(const Graph& body);

// Checks that OpDef::no_changing_scales functions share; each returns a reason or nothing.
std::string only_plain_int8(const Graph& graph, const Node& node, std::initializer_list<size_t> in,
                            int activation);
// For operators that move elements: every scale is that of the result, in every turn.
std::string keeps_scales(const Graph& graph, const Node& node);

// Lowering, for nodes of which changes_by_turn is true (by_turn_lower.cc).

// A table of which every turn sees its own part; of values that are the same in all, one part.
template <typename T>
Arg turn_table(LowerContext& c, const std::vector<std::vector<T>>& by_turn, std::string purpose,
               bool is_weight = false)
{
    std::vector<T> all;
    for (const std::vector<T>& one : by_turn) all.insert(all.end(), one.begin(), one.end());
    const Arg arg = c.table(all, std::move(purpose), is_weight);
    const auto bytes = static_cast<int64_t>(by_turn[0].size() * sizeof(T));
    return by_turn.size() > 1 ? c.per_turn(arg, bytes) : arg;
}

// Scales as the bits of float32, and zero points, of a tensor of the node: tables of one element,
// or of one for each turn, in which the argument moves on.
struct ScaleArgs {
    Arg scale;       // "const uint32_t*"
    Arg zero_point;  // "const int8_t*"
};
ScaleArgs scale_args(LowerContext& context, const Tensor& tensor);
// Those of inputs 0 and 1 and the output, in the order of the kernels of two operands.
std::vector<Arg> pair_scale_args(LowerContext& context);
// Key 1 when factor(turn), a real number with `turns` values, shifts every product to the right:
// then kernels take thb_multiply_down (device/kernels/requantize.h).
Arg scales_down(LowerContext& context, size_t turns, const std::function<double(size_t)>& factor);
// The scale of a tensor in one turn.
double scale_at(const Tensor& tensor, size_t turn);
// Turns of the node's tensors.
size_t turns_of(const LowerContext& context);
// By turn; one element when it is the same in all.
std::vector<Quantization> scales_by_turn(const Tensor& tensor);

}  // namespace thimble
