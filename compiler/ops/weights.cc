#include "ops/weights.h"

#include "base/error.h"
#include "numeric/requantize.h"

namespace thimble {

FoldedWeights fold_weights(const LowerContext& c, int64_t out_count, int64_t k_count)
{
    FoldedWeights folded;
    const auto weights = c.input(1).values<int8_t>();
    folded.weights.assign(weights.begin(), weights.end());
    const Quantization& quant = c.input(1).quant;
    folded.weight_zero_point = quant.per_channel() ? 0 : quant.zero_point();
    std::vector<int64_t> bias(static_cast<size_t>(out_count), 0);
    if (c.has_input(2)) bias = c.input(2).integers();
    const int64_t in_zero_point = c.input(0).quant.zero_point();
    for (int64_t o = 0; o < out_count; ++o) {
        int64_t sum = 0;
        for (int64_t k = 0; k < k_count; ++k)
            sum += weights[static_cast<size_t>(o * k_count + k)] - folded.weight_zero_point;
        const int64_t total = bias[static_cast<size_t>(o)] - in_zero_point * sum;
        folded.bias.push_back(static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(total))));
    }
    return folded;
}

std::vector<uint8_t> pack_int4(std::span<const int8_t> values)
{
    std::vector<uint8_t> packed((values.size() + 1) / 2, 0);
    for (size_t i = 0; i < values.size(); ++i)
        packed[i / 2] = static_cast<uint8_t>(packed[i / 2] | (values[i] & 15) << (i % 2 * 4));
    return packed;
}

FloatWeights float_weights(LowerContext& c, size_t input)
{
    const Tensor& tensor = c.input(input);
    const auto as_void = [](Arg arg) {
        arg.c_type = "const void*";
        return arg;
    };
    FloatWeights result;
    result.scales = c.null("const float*");
    result.per_channel = c.key(int64_t{0});
    switch (tensor.type) {
    case DType::f16: result.format = c.key_text("THB_WEIGHTS_F16"); break;
    case DType::i8: result.format = c.key_text("THB_WEIGHTS_S8"); break;
    case DType::i4: result.format = c.key_text("THB_WEIGHTS_S4"); break;
    default: result.format = c.key_text("THB_WEIGHTS_F32");
    }
    const bool packed = tensor.type == DType::i4;
    result.data = as_void(packed ? c.table(pack_int4(tensor.values<int8_t>()), tensor.name) : c.in(input));
    if (is_integer(tensor.type)) {
        result.scales = c.table(tensor.quant.scales, "scales of " + tensor.name, false);
        result.per_channel = c.key(int64_t{tensor.quant.per_channel()});
    }
    return result;
}

}  // namespace thimble
