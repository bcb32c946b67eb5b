#include "evaluate/values.h"

#include <cstring>

namespace thimble {

namespace {

template <typename T>
double element(std::span<const uint8_t> bytes, int64_t index)
{
    T value;
    std::memcpy(&value, bytes.data() + static_cast<size_t>(index) * sizeof(T), sizeof(T));
    return static_cast<double>(value);
}

double stored_value(DType type, std::span<const uint8_t> bytes, int64_t index)
{
    switch (type) {
    case DType::f32:
        return element<float>(bytes, index);
    case DType::i16:
        return element<int16_t>(bytes, index);
    case DType::u16:
        return element<uint16_t>(bytes, index);
    case DType::i32:
        return element<int32_t>(bytes, index);
    case DType::u32:
        return element<uint32_t>(bytes, index);
    case DType::i64:
        return element<int64_t>(bytes, index);
    case DType::i8:
    case DType::i4:  // one a byte
        return element<int8_t>(bytes, index);
    default:
        return element<uint8_t>(bytes, index);
    }
}

}  // namespace

double real_value(const Tensor& tensor, std::span<const uint8_t> bytes, int64_t index)
{
    const double stored = stored_value(tensor.type, bytes, index);
    if (!tensor.quant.present() || is_float(tensor.type)) return stored;
    return static_cast<double>(tensor.quant.scale()) * (stored - tensor.quant.zero_point());
}

}  // namespace thimble
