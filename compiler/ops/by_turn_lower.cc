// Arguments of kernels whose scales change from turn to turn, and the dense layer (by_turn.h).
#include "numeric/requantize.h"
#include "ops/by_turn.h"
#include "ops/dense_accumulate_variants.h"
#include "ops/dense_layer.h"
#include "ops/dense_sum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

ScaleArgs scale_args(LowerContext& c, const Tensor& tensor)
{
    std::vector<std::vector<uint32_t>> bits;
    std::vector<std::vector<int8_t>> zero_points;
    for (const Quantization& q : scales_by_turn(tensor)) {
        bits.push_back({std::bit_cast<uint32_t>(q.scale())});
        zero_points.push_back({static_cast<int8_t>(q.zero_point())});
    }
    return {turn_table(c, bits, "scales of " + tensor.name),
            turn_table(c, zero_points, "zero points of " + tensor.name)};
}

std::vector<Arg> pair_scale_args(LowerContext& c)
{
    std::vector<Arg> args;
    for (const Tensor* tensor : {&c.input(0), &c.input(1), &c.output()}) {
        const ScaleArgs scale = scale_args(c, *tensor);
        args.push_back(scale.scale);
        args.push_back(scale.zero_point);
    }
    return args;
}

namespace {

constexpr int64_t kDepthMax = 32768;        // so that a sum of 255 * 128 * k fits int32
constexpr int64_t kBiasMost = int64_t{1} << 29;

// The biases, by turn; empty: there are none.
std::vector<std::vector<int32_t>> biases_by_turn(const Graph& graph, const Node& node)
{
    if (!graph.has_input(node, 2)) return {};
    std::vector<std::vector<int32_t>> result;
    Tensor bias = graph.input(node, 2);
    const auto add = [&] {
        const std::span<const int32_t> values = bias.values<int32_t>();
        result.emplace_back(values.begin(), values.end());
    };
    if (!bias.by_turn || bias.by_turn->data.empty()) {
        add();
        return result;
    }
    const std::vector<std::shared_ptr<const std::vector<uint8_t>>> data = bias.by_turn->data;
    for (const auto& one : data) {
        bias.data = one;
        add();
    }
    const bool same = std::ranges::all_of(result, [&](const auto& b) { return b == result[0]; });
    if (same) result.resize(1);
    return result;
}

// Every factor is one that the kernel can give: normal, and its shift within that of a requantiser.
bool factors_in_range(const Graph& graph, const Node& node)
{
    const std::vector<Quantization> in = scales_by_turn(graph.input(node, 0));
    const std::vector<Quantization> out = scales_by_turn(graph.output(node, 0));
    const Quantization& weights = graph.input(node, 1).quant;
    for (const float w : weights.scales) {
        if (!(w >= 0x1p-60f && w <= 0x1p60f)) return false;
        for (const Quantization& a : in)
            for (const Quantization& y : out) {
                const double factor = double{a.scale()} * w / y.scale();
                if (!(factor >= 0x1p-31 && factor < 0x1p30)) return false;
            }
    }
    return !weights.scales.empty();
}

}  // namespace

std::string no_dense_by_turn(const Graph& graph, const Node& dense)
{
    const Tensor& weights = graph.input(dense, 1);
    const std::string reason = only_plain_int8(graph, dense, {0}, dense_activation(dense));
    if (!reason.empty()) return reason;
    if (!weights.is_constant() || weights.type != DType::i8 || weights.by_turn)
        return "weights that are no int8 constant";
    if (!weights.quant.per_channel() && weights.quant.zero_point() != 0)
        return "weights with a zero point";
    if (graph.input(dense, 0).count() != weights.shape[1]) return "more rows than one";
    if (weights.shape[1] > kDepthMax) return fmt::format("{} inputs", weights.shape[1]);
    if (graph.has_input(dense, 2)) {
        if (!graph.input(dense, 2).is_constant() || graph.input(dense, 2).type != DType::i32)
            return "a bias that is no int32 constant";
        for (const auto& bias : biases_by_turn(graph, dense))
            for (const int32_t b : bias)
                if (std::abs(int64_t{b}) > kBiasMost) return fmt::format("a bias of {}", b);
    }
    return factors_in_range(graph, dense) ? "" : "scales out of range";
}

void lower_dense_by_turn(LowerContext& c)
{
    const Tensor& weights = c.input(1);
    const int64_t out_count = weights.shape[0], k_count = weights.shape[1];
    const std::span<const int8_t> values = weights.values<int8_t>();
    std::vector<int32_t> sums;
    for (int64_t o = 0; o < out_count; ++o) {
        sums.push_back(0);
        for (int64_t k = 0; k < k_count; ++k)
            sums.back() += values[static_cast<size_t>(o * k_count + k)];
    }
    const bool wide = std::ranges::any_of(
        sums, [](int32_t sum) { return sum < INT16_MIN || sum > INT16_MAX; });
    const std::string purpose = "weight sums of " + weights.name;
    Arg sum_table = wide ? c.table(sums, purpose, false)
                         : c.table(std::vector<int16_t>(sums.begin(), sums.end()), purpose, false);
    sum_table.c_type = "const void*";
    const auto biases = biases_by_turn(c.graph, c.node);
    const Arg bias = biases.empty() ? c.null("const int32_t*")
                                    : turn_table(c, biases, "bias of " + c.node.name, true);
    const ScaleArgs in = scale_args(c, c.input(0)), out = scale_args(c, c.output());
    const Arg acc = c.scratch(out_count * 4, 4, "int32_t*");
    Arg acc_read = acc;
    acc_read.c_type = "const int32_t*";
    const Arg outputs = c.number(out_count, "thb_index_t");
    c.call("thb_dense_start_turn_s8",
           {sum_table, c.key(int64_t{wide}), bias, acc, outputs, in.zero_point});
    lower_accumulated_rows(c, {.steps = 1,
                               .out_count = out_count,
                               .k_count = k_count,
                               .values = values,
                               .name = weights.name,
                               .in = c.in(0),
                               .sums = acc_read,
                               .out = acc});
    std::vector<uint32_t> scales;
    for (const float scale : weights.quant.scales)
        scales.push_back(std::bit_cast<uint32_t>(scale));
    c.call("thb_dense_finish_turn_s8",
           {acc_read, c.table(scales, "scales of " + weights.name, false),
            c.key(int64_t{weights.quant.per_channel()}), c.out(), outputs, in.scale, out.scale,
            out.zero_point});
}

}  // namespace thimble
