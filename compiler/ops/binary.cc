#include "ops/binary.h"

#include "base/error.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/broadcast.h"
#include "ops/elements.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thimble {

// ---- oracle ----

namespace {

__extension__ using WideInteger = __int128;

float real_result(Binary function, float x, float y)
{
    switch (function) {
    case Binary::add: return x + y;
    case Binary::sub: return x - y;
    case Binary::mul: return x * y;
    case Binary::div: return x / y;
    case Binary::floor_div: return std::floor(x / y);
    case Binary::floor_mod: {
        const float rest = std::fmod(x, y);
        return rest != 0.0f && (y < 0.0f) != (rest < 0.0f) ? rest + y : rest;
    }
    case Binary::maximum: return x > y ? x : y;
    case Binary::minimum: return x < y ? x : y;
    case Binary::squared_difference: return (x - y) * (x - y);
    case Binary::pow: return std::pow(x, y);
    case Binary::atan2: return std::atan2(x, y);
    }
    return 0.0f;
}

// x to the y modulo 2^64; the truncated fraction for negative y.
int64_t power(int64_t x, int64_t y)
{
    if (y < 0) return x == 1 ? 1 : x == -1 ? (y % 2 == 0 ? 1 : -1) : 0;
    uint64_t result = 1;
    auto factor = static_cast<uint64_t>(x);
    for (int64_t rest = y; rest > 0; rest /= 2, factor *= factor)
        if (rest % 2 != 0) result *= factor;
    return static_cast<int64_t>(result);
}

// Wide enough that nothing overflows before the result is narrowed, which wraps.
WideInteger integer_result(Binary function, WideInteger x, WideInteger y)
{
    const WideInteger quotient = y == 0 ? 0 : x / y;
    const WideInteger rest = y == 0 ? 0 : x % y;
    const bool below = rest != 0 && (rest < 0) != (y < 0);
    switch (function) {
    case Binary::add: return x + y;
    case Binary::sub: return x - y;
    case Binary::mul: return x * y;
    case Binary::div: return quotient;
    case Binary::floor_div: return quotient - (below ? 1 : 0);
    case Binary::floor_mod: return rest + (below ? y : 0);
    case Binary::maximum: return std::max(x, y);
    case Binary::minimum: return std::min(x, y);
    case Binary::squared_difference: return (x - y) * (x - y);
    case Binary::pow: return power(static_cast<int64_t>(x), static_cast<int64_t>(y));
    case Binary::atan2: break;
    }
    THIMBLE_CHECK(false, "no integer form");
    return 0;
}

struct IntegerClamp {
    int64_t lowest = std::numeric_limits<int64_t>::min();
    int64_t highest = std::numeric_limits<int64_t>::max();
};

// The limits as raw integers: RELU6 is 0 to 6.
IntegerClamp integer_clamp(int activation)
{
    IntegerClamp clamp;
    if (activation == 1 || activation == 3) clamp.lowest = 0;
    if (activation == 3) clamp.highest = 6;
    if (activation == 2) clamp = {-1, 1};
    return clamp;
}

template <typename T> void eval_integers(EvalContext& c, Binary function, int activation)
{
    const IntegerClamp clamp = integer_clamp(activation);
    eval_pairs<T, T>(c, [&](T x, T y) {
        return std::clamp(static_cast<int64_t>(static_cast<T>(integer_result(function, x, y))),
                          clamp.lowest, clamp.highest);
    });
}

}  // namespace

void eval_plain(EvalContext& c, Binary function, int activation)
{
    switch (c.output().type) {
    case DType::i8: return eval_integers<int8_t>(c, function, activation);
    case DType::u8: return eval_integers<uint8_t>(c, function, activation);
    case DType::i16: return eval_integers<int16_t>(c, function, activation);
    case DType::i32: return eval_integers<int32_t>(c, function, activation);
    case DType::i64: return eval_integers<int64_t>(c, function, activation);
    default: break;
    }
    const reference::FloatClamp clamp = reference::float_clamp(activation);
    eval_pairs<float, float>(c, [&](float x, float y) {
        const float result = real_result(function, x, y);
        return activation == kNoClamp ? result
                                      : std::min(std::max(result, clamp.lowest), clamp.highest);
    });
}

// ---- lowering ----

namespace {

std::string function_key(Binary function)
{
    constexpr std::string_view names[] = {"ADD",     "SUB",       "MUL",
                                          "DIV",     "FLOOR_DIV", "FLOOR_MOD",
                                          "MAXIMUM", "MINIMUM",   "SQUARED_DIFFERENCE",
                                          "POW",     "ATAN2"};
    return "THB_BINARY_" + std::string(names[static_cast<size_t>(function)]);
}

StoredClamp plain_clamp(int activation)
{
    switch (activation) {
    case 1: return {0, INT32_MAX};
    case 2: return {-1, 1};
    case 3: return {0, 6};
    default: return {INT32_MIN, INT32_MAX};
    }
}

}  // namespace

void lower_plain(LowerContext& c, Binary function, int activation)
{
    std::vector<Arg> args = pair_args(c);
    const DType type = c.output().type;
    if (type == DType::f32) {
        const RealClamp clamp = real_clamp(activation);
        const Arg clamped = c.key(int64_t{activation != kNoClamp});
        for (const Arg& arg : {c.key_text(function_key(function)), clamped, c.number(clamp.lowest),
                               c.number(clamp.highest)})
            args.push_back(arg);
        return c.call("thb_binary_f32", args);
    }
    const StoredClamp clamp = plain_clamp(activation);
    if (type != DType::i64) args.push_back(type_key(c, type));
    for (const Arg& arg : {c.key_text(function_key(function)), c.key(int64_t{activation > 0}),
                           c.number(clamp.lowest, "int32_t"), c.number(clamp.highest, "int32_t")})
        args.push_back(arg);
    c.call(type == DType::i64 ? "thb_binary_s64" : "thb_binary_int", args);
}

}  // namespace thimble
