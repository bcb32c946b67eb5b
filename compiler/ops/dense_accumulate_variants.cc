#include "ops/dense_accumulate_variants.h"

#include "base/error.h"
#include "ops/dense_sum.h"
#include "ops/weights.h"
#include "ops/window.h"

#include <algorithm>
#include <cstdlib>

namespace thimble {

namespace {

namespace input = dense_accumulate_input;

// Costs in cycles or instructions, counted from the code.
constexpr double kPortableMac = 8, kPortableMac16 = 32;
constexpr double kDspGroup = 14, kDspBlock = 60;         // 16 products; four sums
constexpr double kArmv6mInput = 13.5, kArmv6mBlock = 70; // four products; four sums
constexpr double kRv32Input = 15.5, kRv32Block = 45;     // four products; four sums
constexpr double kAvrInput = 47, kAvrSum = 60;           // five products; one sum

int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

// A table of all steps, of which each iteration of the loop reads its own part.
template <typename T>
Arg step_table(LowerContext& c, const std::vector<T>& packed, const AccumulatedRows& w)
{
    const Arg arg = c.table(packed, w.name);
    const auto bytes = static_cast<int64_t>(packed.size() * sizeof(T));
    return w.steps > 1 ? c.per_turn(arg, bytes / w.steps) : arg;
}

// The sums from which kernels start that subtract the zero point, or that add 128 (`by_128`).
Arg start_sums(const AccumulatedRows& w, bool by_128)
{
    return w.start ? w.start(by_128) : w.sums;
}

// The arguments up to the sums of kernels that subtract the zero point.
std::vector<Arg> head_args(LowerContext& c, const AccumulatedRows& w, Arg weights)
{
    return {w.in, w.in_zero ? *w.in_zero : c.null("const int8_t*"), std::move(weights),
            c.key(int64_t{w.in_zero.has_value()})};
}

std::vector<Arg> tail_args(LowerContext& c, const AccumulatedRows& w, Arg sums)
{
    return {std::move(sums), w.out, c.number(w.k_count, "thb_index_t"),
            c.number(w.out_count, "thb_index_t")};
}

Variant portable(LowerContext& c, const AccumulatedRows& w)
{
    const double cost = c.target.int_bits == 16 ? kPortableMac16 : kPortableMac;
    return {"portable", "", cost * static_cast<double>(w.out_count * w.k_count), [&c, w] {
                const std::vector<int8_t> all(w.values.begin(), w.values.end());
                const Arg sums = start_sums(w, false);
                c.call("thb_dense_accumulate_s8",
                       joined(head_args(c, w, step_table(c, all, w)), tail_args(c, w, sums)));
            }};
}

// Pairs of outputs in one halfword, as arch/dsp/dot_dsp.h describes it; four outputs at once.
std::vector<uint32_t> packed_pairs(const AccumulatedRows& w)
{
    std::vector<uint32_t> words;
    const auto pair = [&](int64_t t, int64_t o, int64_t k) {
        return static_cast<uint32_t>(256 * w.at(t, o + 1, k) + w.at(t, o, k)) & 0xFFFF;
    };
    for (int64_t t = 0; t < w.steps; ++t)
        for (int64_t o = 0; o < w.out_count; o += 4)
            for (int64_t k = 0; k < w.k_count; k += 4)
                for (int64_t half = 0; half < 2; ++half)
                    for (int64_t first = o; first < o + 4; first += 2)
                        words.push_back(pair(t, first, k + half) |
                                        pair(t, first, k + half + 2) << 16);
    return words;
}

void add_dsp(LowerContext& c, const AccumulatedRows& w, std::vector<Variant>& variants)
{
    // The second output of a pair is recovered from the upper 24 bits.
    if (w.largest_sum() >= int64_t{1} << 23) return;
    for (int64_t t = 0; t < w.steps; ++t)
        for (int64_t o = 0; o < w.out_count; o += 2)
            for (int64_t k = 0; k < w.k_count; ++k)
                if (256 * w.at(t, o + 1, k) + w.at(t, o, k) < INT16_MIN) return;
    const int64_t blocks = divide_up(w.out_count, 4), groups = divide_up(w.k_count, 4);
    const double cost = static_cast<double>(blocks) *
                            (static_cast<double>(groups) * kDspGroup + kDspBlock) +
                        static_cast<double>(groups) * 8;
    variants.push_back({"dsp_4x1", "dsp", cost, [&c, w, groups] {
                            const Arg sums = start_sums(w, false);
                            std::vector<Arg> args =
                                head_args(c, w, step_table(c, packed_pairs(w), w));
                            args = joined(args, tail_args(c, w, sums));
                            args.push_back(c.scratch(groups * 8, 4, "int32_t*"));
                            c.call("thb_dense_accumulate_s8_dsp", args);
                        }});
}

// [t][block][k][outputs at once] with 128 added, as the dense kernels of Armv6-M and AVR read it.
std::vector<uint8_t> interleaved(const AccumulatedRows& w, int64_t outputs_at_once, int64_t k_unit)
{
    std::vector<uint8_t> bytes;
    const int64_t k_filled = divide_up(w.k_count, k_unit) * k_unit;
    for (int64_t t = 0; t < w.steps; ++t)
        for (int64_t block = 0; block < w.out_count; block += outputs_at_once)
            for (int64_t k = 0; k < k_filled; ++k)
                for (int64_t o = block; o < block + outputs_at_once; ++o)
                    bytes.push_back(static_cast<uint8_t>(w.at(t, o, k) + 128));
    return bytes;
}

void add_armv6m(LowerContext& c, const AccumulatedRows& w, std::vector<Variant>& variants)
{
    constexpr int64_t kOutputs = 4, kInputs = 8;
    const int64_t filled = divide_up(w.k_count, kInputs) * kInputs;
    const double cost = static_cast<double>(divide_up(w.out_count, kOutputs)) *
                            (static_cast<double>(filled) * kArmv6mInput + kArmv6mBlock) +
                        static_cast<double>(w.k_count) * 5;
    variants.push_back({"armv6m_4x1", "armv6m", cost, [&c, w, filled] {
                            const Arg sums = start_sums(w, true);
                            std::vector<Arg> args = {
                                w.in,
                                step_table(c, interleaved(w, kOutputs, kInputs), w)};
                            args = joined(args, tail_args(c, w, sums));
                            args.push_back(c.scratch(filled, 4, "uint8_t*"));
                            c.call("thb_dense_accumulate_s8_armv6m", args);
                        }});
}

// [t][block of four][k][4]
std::vector<int8_t> blocks_of_four(const AccumulatedRows& w)
{
    std::vector<int8_t> packed;
    for (int64_t t = 0; t < w.steps; ++t)
        for (int64_t block = 0; block < w.out_count; block += 4)
            for (int64_t k = 0; k < w.k_count; ++k)
                for (int64_t o = block; o < block + 4; ++o)
                    packed.push_back(static_cast<int8_t>(w.at(t, o, k)));
    return packed;
}

void add_rv32(LowerContext& c, const AccumulatedRows& w, std::vector<Variant>& variants)
{
    const double cost = static_cast<double>(divide_up(w.out_count, 4)) *
                        (static_cast<double>(w.k_count) * kRv32Input + kRv32Block);
    variants.push_back({"rv32_4x1", "rv32", cost, [&c, w] {
                            const Arg sums = start_sums(w, false);
                            const Arg weights = step_table(c, blocks_of_four(w), w);
                            c.call("thb_dense_accumulate_s8_rv32",
                                   joined(head_args(c, w, weights), tail_args(c, w, sums)));
                        }});
}

void add_avr(LowerContext& c, const AccumulatedRows& w, std::vector<Variant>& variants)
{
    constexpr int64_t kOutputs = 5;
    // The sums of one step are kept modulo 2^24.
    if (w.largest_sum() >= int64_t{1} << 23 || w.k_count > 32767) return;
    const double cost = static_cast<double>(divide_up(w.out_count, kOutputs) * w.k_count) *
                            kAvrInput +
                        static_cast<double>(w.out_count) * kAvrSum;
    variants.push_back(
        {"avr_5", "avr", cost, [&c, w] {
             const Arg sums = start_sums(w, true);
             c.call("thb_dense_accumulate_s8_avr",
                    joined({w.in, step_table(c, interleaved(w, kOutputs, 1), w)},
                           tail_args(c, w, sums)));
         }});
}

}  // namespace

int AccumulatedRows::at(int64_t step, int64_t o, int64_t k) const
{
    if (o >= out_count || k >= k_count) return 0;
    return values[static_cast<size_t>((step * out_count + o) * k_count + k)];
}

int64_t AccumulatedRows::largest_sum() const
{
    int64_t largest = 0;
    for (int64_t row = 0; row < steps * out_count; ++row) {
        int64_t sum = 0;
        for (int64_t k = 0; k < k_count; ++k)
            sum += std::abs(int64_t{values[static_cast<size_t>(row * k_count + k)]});
        largest = std::max(largest, sum * 255);
    }
    return largest;
}

void lower_accumulated_rows(LowerContext& c, const AccumulatedRows& rows)
{
    std::vector<Variant> variants = {portable(c, rows)};
    add_dsp(c, rows, variants);
    add_armv6m(c, rows, variants);
    add_rv32(c, rows, variants);
    add_avr(c, rows, variants);
    c.choose(std::move(variants));
}

void lower_dense_accumulate_s8(LowerContext& c)
{
    const Tensor& weights = c.input(input::weights);
    const Shape& shape = weights.shape;
    lower_accumulated_rows(c, {.steps = shape[0],
                               .out_count = shape[1],
                               .k_count = shape[2],
                               .values = weights.values<int8_t>(),
                               .name = weights.name,
                               .in = c.in(input::x),
                               .sums = c.in(input::sums),
                               .out = c.out()});
}

void lower_dense_accumulate_f32(LowerContext& c)
{
    const Shape& shape = c.input(input::weights).shape;
    FloatWeights weights = float_weights(c, input::weights);
    const int64_t bytes = c.input(input::weights).bytes();
    if (shape[0] > 1) weights.data = c.per_turn(weights.data, bytes / shape[0]);
    c.call("thb_dense_accumulate_f32",
           {c.in(input::x), weights.data, weights.format, weights.scales, weights.per_channel,
            c.in(input::sums), c.out(), c.number(shape[2], "thb_index_t"),
            c.number(shape[1], "thb_index_t")});
}

}  // namespace thimble
