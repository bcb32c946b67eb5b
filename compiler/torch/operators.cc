#include "torch/operators.h"

#include "base/error.h"
#include "formats/tflite_fields.h"
#include "ops/op.h"

#include <ATen/ATen.h>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace thimble {

namespace {

namespace field = tflite_field;

torch::Tensor dense(const NodeValues& n)
{
    return at::linear(n.value(0), n.value(1), n.value(2));
}

// Zeros, or `filler`, that TensorFlow Lite adds around [N, C, H, W] for padding SAME.
torch::Tensor padded(const torch::Tensor& x, int64_t window_h, int64_t window_w, int64_t stride_h,
                     int64_t stride_w, double filler)
{
    const auto total = [](int64_t size, int64_t window, int64_t stride) {
        return std::max<int64_t>(((size + stride - 1) / stride - 1) * stride + window - size, 0);
    };
    const int64_t high = total(x.size(2), window_h, stride_h);
    const int64_t wide = total(x.size(3), window_w, stride_w);
    if (high == 0 && wide == 0) return x;
    return at::constant_pad_nd(x, {wide / 2, wide - wide / 2, high / 2, high - high / 2}, filler);
}

torch::Tensor channels_first(const torch::Tensor& x)
{
    return x.permute({0, 3, 1, 2});
}

torch::Tensor channels_last(const torch::Tensor& x)
{
    return x.permute({0, 2, 3, 1});
}

// Filters [O, H, W, C]; a depthwise convolution's [1, H, W, O].
torch::Tensor convolution(const NodeValues& n)
{
    const bool depthwise = n.form.name == "DEPTHWISE_CONV_2D";
    torch::Tensor x = channels_first(n.value(0));
    const torch::Tensor filter =
        depthwise ? n.value(1).permute({3, 0, 1, 2}) : channels_first(n.value(1));
    const int64_t stride_h = n.option(field::conv2d::stride_h, 1);
    const int64_t stride_w = n.option(field::conv2d::stride_w, 1);
    if (n.option(field::conv2d::padding) == field::kPaddingSame)
        x = padded(x, filter.size(2), filter.size(3), stride_h, stride_w, 0);
    const std::array<int64_t, 2> stride = {stride_h, stride_w}, none = {0, 0}, dilation = {1, 1};
    return channels_last(at::conv2d(x, filter, n.value(2), at::IntArrayRef(stride),
                                    at::IntArrayRef(none), at::IntArrayRef(dilation),
                                    depthwise ? x.size(1) : 1));
}

torch::Tensor pool(const NodeValues& n)
{
    torch::Tensor x = channels_first(n.value(0));
    const int64_t high = n.option(field::pool2d::filter_h),
                  wide = n.option(field::pool2d::filter_w);
    const int64_t stride_h = n.option(field::pool2d::stride_h);
    const int64_t stride_w = n.option(field::pool2d::stride_w);
    const bool same = n.option(field::pool2d::padding) == field::kPaddingSame;
    if (n.form.name == "MAX_POOL_2D") {
        constexpr double kLeast = -std::numeric_limits<double>::infinity();
        if (same) x = padded(x, high, wide, stride_h, stride_w, kLeast);
        return channels_last(at::max_pool2d(x, {high, wide}, {stride_h, stride_w}));
    }
    const auto mean = [&](const torch::Tensor& of) {
        const torch::Tensor whole = same ? padded(of, high, wide, stride_h, stride_w, 0) : of;
        return at::avg_pool2d(whole, {high, wide}, {stride_h, stride_w});
    };
    // Places outside do not count: the mean of ones says which share lies inside.
    return channels_last(same ? mean(x) / mean(at::ones_like(x)) : mean(x));
}

torch::Tensor reduce(const NodeValues& n)
{
    std::vector<int64_t> axes = n.input(1).integers();
    for (int64_t& axis : axes) axis = axis < 0 ? axis + n.value(0).dim() : axis;
    const bool keeps = n.option(field::reducer::keep_dims) != 0;
    if (n.form.name == "MEAN") return n.value(0).mean(axes, keeps);
    if (n.form.name == "SUM") return n.value(0).sum(axes, keeps);
    if (n.form.name == "REDUCE_MAX") return n.value(0).amax(axes, keeps);
    fail(ErrorCode::T0202,
         {n.graph.node_place(n.node), n.form.name, "MEAN, SUM or REDUCE_MAX", "another layer"});
}

torch::Tensor gather(const NodeValues& n)
{
    return at::embedding(n.value(0), n.value(1));
}

torch::Tensor batch_matmul(const NodeValues& n)
{
    torch::Tensor a = n.value(0), b = n.value(1);
    if (n.option(field::batch_matmul::adj_x)) a = a.transpose(-1, -2);
    if (n.option(field::batch_matmul::adj_y)) b = b.transpose(-1, -2);
    return at::matmul(a, b);
}

torch::Tensor concat(const NodeValues& n)
{
    std::vector<torch::Tensor> parts;
    int64_t samples = 1;
    for (size_t i = 0; i < n.node.inputs.size(); ++i) {
        parts.push_back(n.value(i));
        samples = std::max(samples, parts.back().size(0));
    }
    // A constant stands beside every sample.
    for (torch::Tensor& part : parts) {
        std::vector<int64_t> shape = part.sizes().vec();
        shape[0] = samples;
        part = part.expand(shape);
    }
    return at::cat(parts, n.option(field::concatenation::axis));
}

torch::Tensor transpose(const NodeValues& n)
{
    return n.value(0).permute(n.input(1).integers());
}

// The steps of a spelled-out recurrence, one below the other.
torch::Tensor pack(const NodeValues& n)
{
    std::vector<torch::Tensor> rows;
    for (size_t i = 0; i < n.node.inputs.size(); ++i) rows.push_back(n.value(i));
    return at::stack(rows, 1);
}

using Evaluate = torch::Tensor (*)(const NodeValues&);

const std::map<std::string_view, Evaluate>& operators()
{
    static const std::map<std::string_view, Evaluate> table = {
        {"FULLY_CONNECTED", dense},
        {"CONV_2D", convolution},
        {"DEPTHWISE_CONV_2D", convolution},
        {"MAX_POOL_2D", pool},
        {"AVERAGE_POOL_2D", pool},
        {"MEAN", reduce},
        {"SUM", reduce},
        {"REDUCE_MAX", reduce},
        {"GATHER", gather},
        {"BATCH_MATMUL", batch_matmul},
        {"CONCATENATION", concat},
        {"TRANSPOSE", transpose},
        {"PACK", pack},
        {"RESHAPE", [](const NodeValues& n) { return n.value(0); }},
        {"SOFTMAX", [](const NodeValues& n) { return at::softmax(n.value(0), -1); }},
        {"LOGISTIC", [](const NodeValues& n) { return at::sigmoid(n.value(0)); }},
        {"TANH", [](const NodeValues& n) { return at::tanh(n.value(0)); }},
        {"RELU", [](const NodeValues& n) { return at::relu(n.value(0)); }},
        {"RELU6", [](const NodeValues& n) { return at::clamp(n.value(0), 0, 6); }},
        {"ADD", [](const NodeValues& n) { return n.value(0) + n.value(1); }},
        {"SUB", [](const NodeValues& n) { return n.value(0) - n.value(1); }},
        {"MUL", [](const NodeValues& n) { return n.value(0) * n.value(1); }},
    };
    return table;
}

}  // namespace

int64_t NodeValues::option(FlatField wanted, int64_t fallback) const
{
    for (const TfliteOption& option : form.options) {
        if (std::string_view(option.field.name) != wanted.name) continue;
        if (const auto* byte = std::get_if<int8_t>(&option.value)) return *byte;
        if (const auto* word = std::get_if<int32_t>(&option.value)) return *word;
        if (const auto* flag = std::get_if<bool>(&option.value)) return *flag;
    }
    return fallback;
}

std::vector<torch::Tensor> evaluate_operator(const NodeValues& n)
{
    if (n.form.name == "UNPACK") return n.value(0).unbind(1);
    if (n.form.name == "SPLIT")
        return n.value(1).chunk(static_cast<int64_t>(n.node.outputs.size()),
                                n.input(0).integers()[0]);
    const auto found = operators().find(n.form.name);
    if (found == operators().end())
        fail(ErrorCode::T0202, {n.graph.node_place(n.node), "operator " + n.form.name,
                                "operators of the layers of docs/project-file.md",
                                "thimble quantize, which needs no training"});
    const torch::Tensor y = found->second(n);
    const int64_t activation = n.option({0, "fused_activation"});
    if (activation == field::kActivationNone) return {y};
    if (activation == field::kActivationRelu) return {at::relu(y)};
    if (activation == field::kActivationRelu6) return {at::clamp(y, 0, 6)};
    fail(ErrorCode::T0202, {n.graph.node_place(n.node), fmt::format("activation {}", activation),
                            "none, relu or relu6", "another activation"});
}

}  // namespace thimble
