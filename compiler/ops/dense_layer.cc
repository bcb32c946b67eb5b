#include "ops/dense_layer.h"

#include "ops/fast_variants.h"
#include "ops/window.h"

namespace thimble {

static std::vector<Arg> size_args(LowerContext& c, int64_t rows, int64_t in_count,
                                  int64_t out_count)
{
    return {c.number(rows, "thb_index_t"), c.number(in_count, "thb_index_t"),
            c.number(out_count, "thb_index_t")};
}

static std::vector<Arg> ending_args(LowerContext& c, const IntegerLayer& layer)
{
    return {c.number(layer.weight_zero_point, "int16_t"), c.number(layer.out_zero_point, "int16_t"),
            c.number(layer.clamp.lowest, "int16_t"), c.number(layer.clamp.highest, "int16_t")};
}

static double macs_of(const IntegerLayer& layer, int64_t rows)
{
    return static_cast<double>(rows) * static_cast<double>(layer.k_count) *
           static_cast<double>(layer.out_count);
}

void lower_dense_s8(LowerContext& c, const IntegerLayer& layer, int64_t rows)
{
    std::vector<Variant> variants;
    const double cycles = c.target.int_bits == 16 ? 30 : 8;
    const double outputs = static_cast<double>(rows * layer.out_count);
    variants.push_back(
        {"portable", "", macs_of(layer, rows) * cycles + outputs * 50 * cycles / 8, [&] {
             const std::vector<Arg> sizes = size_args(c, rows, layer.k_count, layer.out_count);
             c.call("thb_dense_s8",
                    joined(joined(layer_args_s8(c, layer), sizes), ending_args(c, layer)));
         }});
    add_dense_variants(c, layer, rows, variants);
    c.choose(std::move(variants));
}

void lower_dense_s16(LowerContext& c, const IntegerLayer& layer, int64_t rows)
{
    c.choose({{"portable", "", macs_of(layer, rows) * 10, [&] {
                   const std::vector<Arg> sizes =
                       size_args(c, rows, layer.k_count, layer.out_count);
                   c.call("thb_dense_s16",
                          joined(joined(layer_args_s16(c, layer), sizes), ending_args(c, layer)));
               }}});
}

void lower_dense_f32(LowerContext& c, int64_t rows, int64_t in_count, int64_t out_count,
                     int activation)
{
    const RealClamp clamp = real_clamp(activation);
    const double macs = static_cast<double>(rows * in_count * out_count);
    const double cycles = c.target.has_float_unit ? 10 : 100;
    c.choose({{"portable", "", macs * cycles, [&] {
                   std::vector<Arg> args =
                       joined(layer_args_f32(c), size_args(c, rows, in_count, out_count));
                   args.push_back(c.number(clamp.lowest));
                   args.push_back(c.number(clamp.highest));
                   c.call("thb_dense_f32", std::move(args));
               }}});
}

}  // namespace thimble
