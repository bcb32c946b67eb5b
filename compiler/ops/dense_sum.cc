#include "ops/dense_sum.h"

#include "base/error.h"
#include "ops/op.h"

#include <algorithm>
#include <cstring>

namespace thimble {

namespace {

constexpr int64_t kInputOffset = 128;  // of int8 inputs: they count from -128
constexpr int64_t kInputMost = 255;

template <typename T> std::shared_ptr<const std::vector<uint8_t>> bytes_of(const std::vector<T>& v)
{
    std::vector<uint8_t> bytes(v.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), v.data(), bytes.size());
    return std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
}

// [o, T * k] to [T, o, k].
Tensor weights_by_step(const Tensor& weights, int64_t steps)
{
    const int64_t out_count = weights.shape[0], k_count = weights.shape[1] / steps;
    const int64_t row = k_count * element_bytes(weights.type);
    std::vector<uint8_t> bytes;
    bytes.reserve(weights.data->size());
    for (int64_t t = 0; t < steps; ++t)
        for (int64_t o = 0; o < out_count; ++o) {
            const auto from = weights.data->begin() + (o * steps + t) * row;
            bytes.insert(bytes.end(), from, from + row);
        }
    Tensor result = weights;
    result.shape = {steps, out_count, k_count};
    result.quant.axis = 1;
    result.data = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    return result;
}

// The bias with all that is constant; nothing when a partial sum could leave int32.
std::optional<std::vector<int32_t>> first_sums(const Graph& graph, const Node& dense)
{
    const Tensor& weights = graph.input(dense, 1);
    const int64_t out_count = weights.shape[0], in_count = weights.shape[1];
    const int64_t zero_point = graph.input(dense, 0).quant.zero_point();
    std::vector<int64_t> bias(static_cast<size_t>(out_count), 0);
    if (graph.has_input(dense, 2)) bias = graph.input(dense, 2).integers();
    std::vector<int32_t> result;
    for (size_t o = 0; o < bias.size(); ++o) {
        const auto row = weights.values<int8_t>().subspan(o * static_cast<size_t>(in_count),
                                                          static_cast<size_t>(in_count));
        int64_t sum = 0, least = 0, most = 0;
        for (const int8_t w : row) {
            sum += w;
            (w < 0 ? least : most) += kInputMost * w;
        }
        const int64_t first = bias[o] - (zero_point + kInputOffset) * sum;
        if (first + least < INT32_MIN || first + most > INT32_MAX || first < INT32_MIN ||
            first > INT32_MAX)
            return std::nullopt;
        result.push_back(static_cast<int32_t>(first));
    }
    return result;
}

}  // namespace

std::optional<SplitDense> split_dense(const Graph& graph, const Node& dense, int64_t steps)
{
    const Tensor& weights = graph.input(dense, 1);
    THIMBLE_CHECK(weights.shape.at(1) % steps == 0, dense.name);
    SplitDense result;
    result.sums.name = dense.name + "_sums";
    result.sums.kind = TensorKind::constant;
    result.sums.shape = graph.output(dense, 0).shape;
    result.finish.activation = dense_activation(dense);
    if (graph.input(dense, 0).type == DType::f32) {
        result.sums.type = DType::f32;
        std::vector<float> first(static_cast<size_t>(weights.shape[0]), 0.0f);
        result.sums.data =
            graph.has_input(dense, 2) ? graph.input(dense, 2).data : bytes_of(first);
    } else {
        const auto first = first_sums(graph, dense);
        if (!first) return std::nullopt;
        result.sums.type = DType::i32;
        result.sums.data = bytes_of(*first);
        result.finish.factors = dense_factors(graph, dense);
        if (!weights.quant.per_channel()) result.finish.factors.resize(1);
    }
    result.weights = weights_by_step(weights, steps);
    return result;
}

bool is_read_on_device(const Node& node, size_t input)
{
    return node.op->name != "dense_accumulate" || input != dense_accumulate_input::step;
}

}  // namespace thimble
