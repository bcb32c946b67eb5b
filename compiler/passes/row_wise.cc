#include "passes/row_wise.h"

#include "ops/op.h"

#include <algorithm>
#include <string_view>

namespace thimble {

namespace {

constexpr std::string_view kElementWise[] = {
    "abs",  "add",        "cast",      "compare",    "dequantize", "div",      "elu",
    "gelu", "hard_swish", "floor_div", "leaky_relu", "logical",    "logistic", "maximum",
    "mul",  "pow",        "prelu",     "quantize",   "relu",       "select",   "squared_difference",
    "tanh", "unary",      "atan2"};
constexpr std::string_view kLastAxis[] = {"softmax", "log_softmax", "l2_normalization"};

}  // namespace

bool is_element_wise(const Node& node)
{
    return std::ranges::find(kElementWise, node.op->name) != std::end(kElementWise);
}

bool is_along_last_axis(const Node& node)
{
    return std::ranges::find(kLastAxis, node.op->name) != std::end(kLastAxis);
}

bool constant_in_time(const Tensor& operand, const Tensor& out, int64_t axis)
{
    const auto from_end = static_cast<int64_t>(out.shape.size()) - axis;
    const auto rank = static_cast<int64_t>(operand.shape.size());
    return rank < from_end || operand.shape[static_cast<size_t>(rank - from_end)] == 1;
}

}  // namespace thimble
