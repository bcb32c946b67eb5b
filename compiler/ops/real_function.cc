#include "ops/real_function.h"

#include "numeric/reference.h"
#include "ops/elements.h"
#include "ops/lookup.h"

#include <algorithm>
#include <cmath>

namespace thimble {

// ---- oracle ----

template <typename T> static void eval_table(EvalContext& c, const RealFunction& function)
{
    const Quantization& from = c.input(0).quant;
    const Quantization& to = c.output().quant;
    const reference::Clamp limits = reference::type_limits(c.output().type);
    const auto in = c.in<T>(0);
    const auto out = c.out<T>();
    for (size_t i = 0; i < out.size(); ++i) {
        const float y = function(from.scale() * static_cast<float>(in[i] - from.zero_point()));
        const double steps = reference::round_half_away(y * (1.0f / to.scale())) + to.zero_point();
        // Outside the function's domain: the least number.
        const double q = std::isnan(steps)
                             ? limits.lowest
                             : std::clamp<double>(steps, limits.lowest, limits.highest);
        out[i] = static_cast<T>(q);
    }
}

void eval_real_function(EvalContext& c, const RealFunction& function)
{
    if (c.input(0).type == DType::i8) return eval_table<int8_t>(c, function);
    if (c.input(0).type == DType::u8) return eval_table<uint8_t>(c, function);
    const auto in = c.in<float>(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i) out[i] = function(in[i]);
}

// ---- lowering ----

void lower_real_function(LowerContext& c, const RealFunction& function, std::string kernel_function)
{
    if (c.input(0).type == DType::f32) return lower_unary_f32(c, std::move(kernel_function));
    lower_lookup(c, [&](int32_t q) { return real_lookup(c, q, function); });
}

}  // namespace thimble
