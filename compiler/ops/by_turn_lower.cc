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
#include <numeric>

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

double scale_at(const Tensor& tensor, size_t turn)
{
    const bool changes = tensor.by_turn && !tensor.by_turn->quant.empty();
    return double{changes ? tensor.by_turn->quant.at(turn).scale() : tensor.quant.scale()};
}

size_t turns_of(const LowerContext& c)
{
    size_t turns = 1;
    for (const std::vector<TensorId>* ids : {&c.node.inputs, &c.node.outputs})
        for (const TensorId id : *ids) {
            const Tensor* tensor = id == kNoTensor ? nullptr : &c.graph.tensor(id);
            if (tensor && tensor->by_turn)
                turns = std::max(turns, tensor->by_turn->quant.size());
        }
    return turns;
}

Arg scales_down(LowerContext& c, size_t turns, const std::function<double(size_t)>& factor)
{
    // A factor of one half may round up to one that does not shift.
    bool down = true;
    for (size_t turn = 0; turn < turns; ++turn) down = down && factor(turn) < 0.49;
    return c.key(int64_t{down});
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

// The table of thb_dense_start_turn_s8.
static Arg weight_sum_table(LowerContext& c, Arg& wide)
{
    const Tensor& weights = c.input(1);
    const int64_t k_count = weights.shape[1];
    const std::span<const int8_t> values = weights.values<int8_t>();
    std::vector<int32_t> sums;
    for (int64_t o = 0; o < weights.shape[0]; ++o) {
        const auto row =
            values.subspan(static_cast<size_t>(o * k_count), static_cast<size_t>(k_count));
        sums.push_back(std::accumulate(row.begin(), row.end(), 0));
    }
    const bool is_wide = std::ranges::any_of(
        sums, [](int32_t sum) { return sum < INT16_MIN || sum > INT16_MAX; });
    wide = c.key(int64_t{is_wide});
    const std::string purpose = "weight sums of " + weights.name;
    Arg table = is_wide
                    ? c.table(sums, purpose, false)
                    : c.table(std::vector<int16_t>(sums.begin(), sums.end()), purpose, false);
    table.c_type = "const void*";
    return table;
}

// What the sums start from (AccumulatedRows::start): nothing, the bias where the kernels can read
// it in flash, or memory that a kernel fills.
static Arg start_by_turn(LowerContext& c, const Arg& acc, const Arg& in_zero, bool by_128)
{
    const auto biases = biases_by_turn(c.graph, c.node);
    // A null that is passed, not a key: layers with a bias and without share their code.
    const Arg bias = biases.empty() ? c.number(int64_t{0}, "const int32_t*")
                                    : turn_table(c, biases, "bias of " + c.node.name, true);
    if (!by_128 && (biases.empty() || !c.target.separate_flash)) return bias;
    Arg wide = c.key(int64_t{0});
    const Arg sums = by_128 ? weight_sum_table(c, wide) : c.null("const void*");
    c.call("thb_dense_start_turn_s8",
           {sums, wide, bias, acc, c.number(c.input(1).shape[0], "thb_index_t"),
            by_128 ? in_zero : c.null("const int8_t*")});
    Arg started = acc;
    started.c_type = "const int32_t*";
    return started;
}

// Products of a turn are below 2^30 and shift to the right.
static Arg dense_scales_down(LowerContext& c)
{
    const Tensor& weights = c.input(1);
    const float largest = *std::ranges::max_element(weights.quant.scales);
    int64_t most = 255 * 128 * weights.shape[1];
    for (const auto& bias : biases_by_turn(c.graph, c.node))
        for (const int32_t b : bias)
            most = std::max(most, 255 * 128 * weights.shape[1] + std::abs(int64_t{b}));
    const bool small = most < int64_t{1} << 30;
    return scales_down(c, turns_of(c), [&](size_t turn) {
        return small ? scale_at(c.input(0), turn) * largest / scale_at(c.output(), turn) : 1.0;
    });
}

void lower_dense_by_turn(LowerContext& c)
{
    const Tensor& weights = c.input(1);
    const int64_t out_count = weights.shape[0], k_count = weights.shape[1];
    const ScaleArgs in = scale_args(c, c.input(0)), out = scale_args(c, c.output());
    const Arg acc = c.scratch(out_count * 4, 4, "int32_t*");
    Arg acc_read = acc;
    acc_read.c_type = "const int32_t*";
    lower_accumulated_rows(c, {.steps = 1,
                               .out_count = out_count,
                               .k_count = k_count,
                               .values = weights.values<int8_t>(),
                               .name = weights.name,
                               .in = c.in(0),
                               .sums = {},
                               .out = acc,
                               .in_zero = in.zero_point,
                               .start = [&](bool by_128) {
                                   return start_by_turn(c, acc, in.zero_point, by_128);
                               }});
    std::vector<uint32_t> scales;
    for (const float scale : weights.quant.scales)
        scales.push_back(std::bit_cast<uint32_t>(scale));
    c.call("thb_dense_finish_turn_s8",
           {acc_read, c.table(scales, "scales of " + weights.name, false),
            c.key(int64_t{weights.quant.per_channel()}), dense_scales_down(c), c.out(),
            c.number(out_count, "thb_index_t"), in.scale, out.scale, out.zero_point});
}

}  // namespace thimble
