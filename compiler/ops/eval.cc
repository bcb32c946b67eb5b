#include "ops/eval.h"

#include "base/error.h"
#include "numeric/float16.h"

namespace thimble {

void EvalContext::check_view(TensorId id, size_t size) const
{
    const Tensor& tensor = graph.tensor(id);
    THIMBLE_CHECK(static_cast<int64_t>(size) == element_bytes(tensor.type),
                  "oracle reads " + tensor.name + " as another type");
    THIMBLE_CHECK(static_cast<int64_t>(values_[slot(id)].size()) == tensor.bytes(),
                  "oracle has no value of " + tensor.name);
}

template <typename T> static std::vector<double> widened(std::span<const T> values)
{
    return {values.begin(), values.end()};
}

std::vector<double> EvalContext::raw(size_t index) const
{
    switch (input(index).type) {
    case DType::f32: return widened(in<float>(index));
    case DType::f64: return widened(in<double>(index));
    case DType::i4: case DType::i8: return widened(in<int8_t>(index));
    case DType::u8: case DType::boolean: return widened(in<uint8_t>(index));
    case DType::i16: return widened(in<int16_t>(index));
    case DType::u16: return widened(in<uint16_t>(index));
    case DType::i32: return widened(in<int32_t>(index));
    case DType::u32: return widened(in<uint32_t>(index));
    case DType::i64: return widened(in<int64_t>(index));
    case DType::u64: return widened(in<uint64_t>(index));
    case DType::f16: {
        std::vector<double> result;
        result.reserve(in<uint16_t>(index).size());
        for (const uint16_t bits : in<uint16_t>(index)) result.push_back(float16_value(bits));
        return result;
    }
    default: THIMBLE_CHECK(false, input(index).name + " has no numbers"); return {};
    }
}

std::vector<double> EvalContext::real(size_t index) const
{
    std::vector<double> result = raw(index);
    const Tensor& tensor = input(index);
    if (!tensor.quant.present() || is_float(tensor.type)) return result;
    int64_t inner = 1;
    const auto axis = static_cast<size_t>(tensor.quant.axis);
    for (size_t d = axis + 1; d < tensor.shape.size(); ++d) inner *= tensor.shape[d];
    for (size_t i = 0; i < result.size(); ++i) {
        const int64_t channel =
            tensor.quant.per_channel() ? (static_cast<int64_t>(i) / inner) % tensor.shape[axis] : 0;
        const auto c = static_cast<size_t>(channel);
        result[i] = static_cast<double>(tensor.quant.scales[c]) *
                    (result[i] - static_cast<double>(tensor.quant.zero_points[c]));
    }
    return result;
}

}  // namespace thimble
