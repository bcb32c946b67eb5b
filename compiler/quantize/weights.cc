#include "quantize/weights.h"

#include "base/error.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace thimble {

namespace {

// Elements of one index of the quantised axis lie `inner` apart in runs.
size_t channel_of(const Tensor& tensor, int64_t axis, size_t element)
{
    if (axis < 0) return 0;
    size_t inner = 1;
    for (size_t d = static_cast<size_t>(axis) + 1; d < tensor.shape.size(); ++d)
        inner *= static_cast<size_t>(tensor.shape[d]);
    return element / inner % static_cast<size_t>(tensor.shape[static_cast<size_t>(axis)]);
}

double squared_error(std::span<const float> values, double scale, int most)
{
    double error = 0;
    for (const float value : values) {
        const double q = std::clamp(std::round(value / scale), -double(most), double(most));
        error += (value - q * scale) * (value - q * scale);
    }
    return error;
}

// Of all values, the scale that spans them, or a smaller one that rounds them better.
double best_scale(std::span<const float> values, double spanning, int most)
{
    constexpr int tries = 30;
    double best = spanning, least = squared_error(values, spanning, most);
    for (int i = 1; i < tries; ++i) {
        const double scale = spanning * (1 - 0.5 * i / tries);
        const double error = squared_error(values, scale, most);
        if (error >= least) continue;
        least = error;
        best = scale;
    }
    return best;
}

template <typename T>
void put(std::vector<uint8_t>& bytes, size_t at, T value)
{
    std::memcpy(bytes.data() + at * sizeof(T), &value, sizeof(T));
}

}  // namespace

Quantization weight_scales(const Tensor& weights, int64_t axis, DType type,
                           std::span<const float> bias, float in_scale)
{
    const int most = type == DType::i4 ? 7 : 127;
    const auto values = weights.values<float>();
    const size_t channels =
        axis < 0 ? 1 : static_cast<size_t>(weights.shape[static_cast<size_t>(axis)]);
    std::vector<std::vector<float>> parts(channels);
    for (size_t i = 0; i < values.size(); ++i)
        parts[channel_of(weights, axis, i)].push_back(values[i]);
    Quantization quant;
    quant.axis = std::max<int64_t>(axis, 0);
    for (size_t c = 0; c < channels; ++c) {
        double greatest = 0;
        for (const float value : parts[c]) greatest = std::max(greatest, std::abs(double{value}));
        double scale = std::max(greatest / most, 1e-9);
        // Where steps are coarse, it may pay to cut the greatest weights off.
        const bool coarse = type == DType::i4 || axis < 0;
        if (coarse && greatest > 0) scale = best_scale(parts[c], scale, most);
        // The accumulator adds products to the bias: the bias may take half of its range.
        const auto limit = [&](float b) {
            return std::abs(double{b}) / (double{in_scale} * (1 << 30));
        };
        if (axis < 0 || bias.size() != channels)
            for (const float b : bias) scale = std::max(scale, limit(b));
        else
            scale = std::max(scale, limit(bias[c]));
        quant.scales.push_back(static_cast<float>(scale));
        quant.zero_points.push_back(0);
    }
    return quant;
}

Quantization bias_scales(const Quantization& weights, float in_scale)
{
    Quantization quant;
    for (const float scale : weights.scales) {
        quant.scales.push_back(in_scale * scale);
        quant.zero_points.push_back(0);
    }
    return quant;
}

// Round to nearest, ties to even; beyond 65504 infinity.
uint16_t float16_bits(float value)
{
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    const float magnitude = std::abs(value);
    if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7e00);
    if (magnitude >= 65520.0f) return static_cast<uint16_t>(sign | 0x7c00);
    if (magnitude < 0x1p-14f)  // Subnormal: steps of 2^-24.
        return static_cast<uint16_t>(sign |
                                     static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24f)));
    const uint32_t whole = std::bit_cast<uint32_t>(magnitude);
    const uint32_t rounded = whole + 0xfff + (whole >> 13 & 1);
    return static_cast<uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
}

std::vector<uint8_t> rounded(const Tensor& constant, DType type, const Quantization& quant)
{
    const auto values = constant.values<float>();
    std::vector<uint8_t> bytes(values.size() * static_cast<size_t>(element_bytes(type)));
    const int64_t axis = quant.per_channel() ? quant.axis : -1;
    for (size_t i = 0; i < values.size(); ++i) {
        if (type == DType::f32) put(bytes, i, values[i]);
        if (type == DType::f16) put(bytes, i, float16_bits(values[i]));
        if (is_float(type)) continue;
        const size_t c = channel_of(constant, axis, i);
        const double steps = std::round(double{values[i]} / double{quant.scales[c]}) +
                             static_cast<double>(quant.zero_points[c]);
        const auto kept = [&](double least, double most) { return std::clamp(steps, least, most); };
        switch (type) {
        case DType::i4:
            put(bytes, i, static_cast<int8_t>(kept(-7, 7)));
            break;
        case DType::i8:
            put(bytes, i, static_cast<int8_t>(kept(-128, 127)));
            break;
        case DType::i16:
            put(bytes, i, static_cast<int16_t>(kept(-32768, 32767)));
            break;
        case DType::i32:
            put(bytes, i, static_cast<int32_t>(kept(-2147483648.0, 2147483647.0)));
            break;
        case DType::i64:
            put(bytes, i, static_cast<int64_t>(kept(-0x1p62, 0x1p62)));
            break;
        default:
            THIMBLE_CHECK(false, "a constant of this type is not rounded");
        }
    }
    return bytes;
}

}  // namespace thimble
