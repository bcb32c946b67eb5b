#include "ops/lookup.h"

#include "base/error.h"
#include "numeric/requantize.h"

#include <algorithm>
#include <cmath>

namespace thimble {

// The kernel moves bytes: a uint8 tensor is passed to it as int8.
static Arg as_int8(Arg arg, std::string c_type)
{
    arg.c_type = std::move(c_type);
    return arg;
}

void lower_lookup(LowerContext& c, const std::function<int64_t(int32_t)>& function, size_t input)
{
    const DType from = c.input(input).type;
    const DType to = c.output().type;
    const bool bytes = (from == DType::i8 || from == DType::u8) &&
                       (to == DType::i8 || to == DType::u8);
    THIMBLE_CHECK(bytes, "a table of 256 results is for 8-bit types");
    const StoredClamp from_limits = limits_of(from);
    const StoredClamp to_limits = limits_of(to);
    std::vector<int8_t> table(256);
    for (int32_t q = from_limits.lowest; q <= from_limits.highest; ++q) {
        const int64_t result = std::clamp<int64_t>(function(q), to_limits.lowest,
                                                   to_limits.highest);
        table[static_cast<uint8_t>(q)] = static_cast<int8_t>(result);
    }
    c.allow_in_place(input);
    c.call("thb_lookup_s8",
           {as_int8(c.in(input), "const int8_t*"), c.in_flash(input),
            c.table(table, "results of " + c.node.name, false), as_int8(c.out(), "int8_t*"),
            c.number(c.output().count(), "thb_index_t")});
}

int64_t real_lookup(const LowerContext& c, int32_t q, const std::function<float(float)>& function,
                    size_t input)
{
    const Quantization& from = c.input(input).quant;
    const Quantization& to = c.output().quant;
    const float real = from.scale() * static_cast<float>(q - from.zero_point());
    const float per_step = 1.0f / to.scale();
    const float steps = std::round(function(real) * per_step);
    if (std::isnan(steps)) return INT32_MIN;
    return static_cast<int64_t>(std::clamp(steps, -1e6f, 1e6f)) + to.zero_point();
}

}  // namespace thimble
