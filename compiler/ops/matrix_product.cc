#include "ops/matrix_product.h"

#include "base/error.h"
#include "ops/window.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace thimble {

double MatrixProduct::macs() const
{
    return static_cast<double>(batches[0] * batches[1] * batches[2] * rows) *
           static_cast<double>(depth * columns);
}

static std::vector<Arg> matrix_args(LowerContext& c, const MatrixProduct& product)
{
    std::vector<Arg> args;
    for (const auto& numbers : {product.batches, product.x_steps, product.y_steps})
        for (const int64_t number : numbers) args.push_back(c.number(number, "thb_index_t"));
    for (const int64_t size : {product.rows, product.depth, product.columns})
        args.push_back(c.number(size, "thb_index_t"));
    args.push_back(c.key(int64_t{product.adj_x}));
    args.push_back(c.key(int64_t{product.adj_y}));
    return args;
}

static Arg as_void(Arg arg)
{
    arg.c_type = "const void*";
    return arg;
}

static std::vector<Arg> requant_args(LowerContext& c, const RequantTables& requant)
{
    return {c.table(requant.multipliers, "multipliers of " + c.node.name, false),
            c.table(requant.shifts, "shifts of " + c.node.name, false),
            c.key(int64_t{requant.per_channel()})};
}

// The bias as int32, and true, when all of it fits.
static bool narrow(const std::vector<int64_t>& bias, std::vector<int32_t>& result)
{
    for (const int64_t value : bias) {
        if (value < INT32_MIN || value > INT32_MAX) return false;
        result.push_back(static_cast<int32_t>(value));
    }
    return true;
}

static std::vector<Arg> leading_s8(LowerContext& c, const ProductScaling& scaling)
{
    std::vector<int32_t> bias;
    narrow(scaling.bias, bias);
    return {c.in(0), c.in_flash(0), c.in(1), c.in_flash(1),
            bias.empty() ? c.null("const int32_t*") : c.table(bias, "bias of " + c.node.name)};
}

static std::vector<Arg> leading_s16(LowerContext& c, const ProductScaling& scaling)
{
    std::vector<Arg> args = {c.in(0), c.in_flash(0), as_void(c.in(1)),
                             c.key(int64_t{c.input(1).type == DType::i8}), c.in_flash(1)};
    const std::string purpose = "bias of " + c.node.name;
    std::vector<int32_t> bias;
    const bool fits = narrow(scaling.bias, bias);
    if (scaling.bias.empty()) args.push_back(c.null("const void*"));
    else args.push_back(as_void(fits ? c.table(bias, purpose) : c.table(scaling.bias, purpose)));
    args.push_back(c.key(int64_t{!fits}));
    return args;
}

// The kernel for int8 sums products of at most 255 * 255 in int32 without a check.
static void require_sums_in_int32(const LowerContext& c, const MatrixProduct& product,
                                  const ProductScaling& scaling)
{
    int64_t bias = 0;
    for (const int64_t value : scaling.bias) bias = std::max(bias, std::abs(value));
    const int64_t bound = bias + product.depth * 255 * 255;
    require(bound <= INT32_MAX, ErrorCode::T0202,
            {c.node.name, fmt::format("sums of {} products can reach {}", product.depth, bound),
             "sums that fit 32 bits", "split the product"});
}

void lower_product_integer(LowerContext& c, const MatrixProduct& product,
                           const ProductScaling& scaling)
{
    const bool wide = c.input(0).type == DType::i16;
    if (!wide) require_sums_in_int32(c, product, scaling);
    c.choose({{"portable", "", product.macs() * (wide ? 20 : 10), [&] {
                   std::vector<Arg> args =
                       joined(wide ? leading_s16(c, scaling) : leading_s8(c, scaling),
                              requant_args(c, scaling.requant));
                   if (wide) args.push_back(c.key(int64_t{scaling.wide_multiply}));
                   args.push_back(c.out());
                   args = joined(args, matrix_args(c, product));
                   const int32_t y_zero_point =
                       c.input(1).quant.per_channel() ? 0 : c.input(1).quant.zero_point();
                   for (const int32_t number :
                        {c.input(0).quant.zero_point(), y_zero_point, c.output().quant.zero_point(),
                         scaling.clamp.lowest, scaling.clamp.highest})
                       args.push_back(c.number(number, "int16_t"));
                   c.call(wide ? "thb_batch_matmul_s16" : "thb_batch_matmul_s8", std::move(args));
               }}});
}

void lower_product_f32(LowerContext& c, const MatrixProduct& product)
{
    const double cycles = c.target.has_float_unit ? 12 : 100;
    c.choose({{"portable", "", product.macs() * cycles, [&] {
                   const FloatWeights y = float_weights(c, 1);
                   std::vector<Arg> args = {c.in(0),       c.in_flash(0), y.data,        y.format,
                                            c.in_flash(1), y.scales,      y.per_channel, c.out()};
                   c.call("thb_batch_matmul_f32", joined(args, matrix_args(c, product)));
               }}});
}

}  // namespace thimble
