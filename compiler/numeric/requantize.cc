#include "numeric/requantize.h"

#include "base/error.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace thimble {

Requant requant_of(double real_factor)
{
    if (!(real_factor > 0)) return {0, 0};
    // A quotient of extreme scales: undefined in the reference, saturates here and in the oracle.
    if (std::isinf(real_factor)) return {INT32_MAX, 30};
    int shift = std::ilogb(real_factor) + 1;  // real_factor / 2^shift lies in [1/2, 1).
    auto multiplier = static_cast<int64_t>(std::floor(std::ldexp(real_factor, 31 - shift) + 0.5));
    if (multiplier > INT32_MAX) {
        multiplier >>= 1;
        ++shift;
    }
    if (shift < -31) return {0, 0};
    return {static_cast<int32_t>(multiplier), static_cast<int8_t>(std::min(shift, 30))};
}

Requant mean_requant_of(double real_factor, int64_t count)
{
    Requant requant = requant_of(real_factor);
    int bits = 0;
    while ((count >> (bits + 1)) > 0) ++bits;
    bits = std::min({bits, 32, 31 + int{requant.shift}});
    requant.multiplier =
        static_cast<int32_t>(int64_t{requant.multiplier} * (int64_t{1} << bits) / count);
    requant.shift = static_cast<int8_t>(requant.shift - bits);
    return requant;
}

Requant requant64_of(double real_factor)
{
    Requant requant = requant_of(real_factor);
    requant.multiplier =
        std::min((requant.multiplier >> 16) + ((requant.multiplier >> 15) & 1), 0x7FFF);
    return requant;
}

RequantTables requant_tables(const std::vector<double>& real_factors, bool wide_accumulator)
{
    RequantTables tables;
    for (const double factor : real_factors) {
        const Requant requant = wide_accumulator ? requant64_of(factor) : requant_of(factor);
        tables.multipliers.push_back(requant.multiplier);
        tables.shifts.push_back(requant.shift);
    }
    const auto all_equal = [](const auto& values) {
        return std::all_of(values.begin(), values.end(),
                           [&](auto value) { return value == values[0]; });
    };
    if (all_equal(tables.multipliers) && all_equal(tables.shifts)) {
        tables.multipliers.resize(1);
        tables.shifts.resize(1);
    }
    return tables;
}

StoredClamp limits_of(DType type)
{
    switch (type) {
    case DType::i8: return {INT8_MIN, INT8_MAX};
    case DType::u8: return {0, UINT8_MAX};
    case DType::i16: return {INT16_MIN, INT16_MAX};
    default: return {INT32_MIN, INT32_MAX};
    }
}

RealClamp real_clamp(int activation)
{
    constexpr RealClamp clamps[] = {{-FLT_MAX, FLT_MAX}, {0, FLT_MAX}, {-1, 1}, {0, 6}};
    return clamps[activation >= 0 && activation <= 3 ? activation : 0];
}

StoredClamp stored_clamp(int activation, const Tensor& output)
{
    StoredClamp clamp = limits_of(output.type);
    if (activation < 1 || activation > 3) return clamp;
    const RealClamp real = real_clamp(activation);
    const auto stored = [&](float value) {
        const float steps = value / output.quant.scale();
        const double q = output.quant.zero_point() + static_cast<double>(std::round(steps));
        return static_cast<int32_t>(std::clamp(q, double{INT32_MIN}, double{INT32_MAX}));
    };
    clamp.lowest = std::max(clamp.lowest, stored(real.lowest));
    if (activation != 1) clamp.highest = std::min(clamp.highest, stored(real.highest));
    return clamp;
}

int64_t accumulator_bound(int64_t bias, const int8_t* weights, int64_t count, int64_t stride,
                          int64_t lowest, int64_t highest)
{
    int64_t least = bias, most = bias;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t w = weights[i * stride];
        least += std::min(w * lowest, w * highest);
        most += std::max(w * lowest, w * highest);
    }
    return std::max(std::abs(least), std::abs(most));
}

}  // namespace thimble
