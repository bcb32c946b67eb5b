// Resizes images [n, h, w, c] to a constant size: RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR.
//
// Source place of output pixel i (per axis), s = in / out, or (in - 1) / (out - 1) with
// align_corners:
//   p = i * s, with half_pixel_centers (i + 1/2) * s - 1/2
// Bilinear int8 and int16 work in 1/1024 of a pixel with s rounded to that; the weighted sum, in
// 2^-20, is rounded half away from zero. Float and legacy uint8 compute in float; uint8 adds 1/2
// and truncates. Nearest takes floor(p), with align_corners the rounded p (here without the - 1/2).
// s rounded to 1/1024 can lead beyond the image when the output is much larger; then the last row
// or column is taken (the reference kernel reads outside).
// Lowering puts the places and weights of all rows and columns into tables.
// Source: TFLM reference kernels resize_bilinear, resize_nearest_neighbor.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

struct ResizeAttributes {
    bool bilinear = true;
    bool align_corners = false;
    bool half_pixel = false;
};

void import_bilinear(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::resize_bilinear;
    node.attributes = ResizeAttributes{true, source.options.boolean(field::align_corners),
                                       source.options.boolean(field::half_pixel_centers)};
}

void import_nearest(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::resize_nearest_neighbor;
    node.attributes = ResizeAttributes{false, source.options.boolean(field::align_corners),
                                       source.options.boolean(field::half_pixel_centers)};
}

const ResizeAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ResizeAttributes&>(node.attributes);
}

void export_resize(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::resize_bilinear;
    const ResizeAttributes& a = attributes_of(node);
    if (a.bilinear)
        return file.write(node, "RESIZE_BILINEAR",
                          {{field::align_corners, a.align_corners},
                           {field::half_pixel_centers, a.half_pixel}});
    file.write(node, "RESIZE_NEAREST_NEIGHBOR",
               {{tflite_field::resize_nearest_neighbor::align_corners, a.align_corners},
                {tflite_field::resize_nearest_neighbor::half_pixel_centers, a.half_pixel}});
}

void infer(Graph& graph, Node& node)
{
    const ResizeAttributes& attributes = attributes_of(node);
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 4, 4);
    if (attributes.bilinear)
        require_input_type(graph, node, 0, {DType::f32, DType::i8, DType::u8, DType::i16});
    require_shape(!attributes.bilinear || !attributes.align_corners || !attributes.half_pixel,
                  "align_corners together with half_pixel_centers", "one of the two");
    const Tensor& in = graph.input(node, 0);
    const std::vector<int64_t> size = constant_integers(graph, node, 1, "size");
    require_shape(size.size() == 2 && size[0] >= 1 && size[1] >= 1 && size[0] <= 16384 &&
                      size[1] <= 16384,
                  "new size " + shape_text(size), "height and width from 1 to 16384");
    require_shape(in.shape[1] >= 1 && in.shape[2] >= 1 && in.shape[1] <= 16384 &&
                      in.shape[2] <= 16384,
                  "an image " + shape_text(in.shape), "height and width from 1 to 16384");
    set_output(graph, node, 0, in.type, {in.shape[0], size[0], size[1], in.shape[3]});
}

// ---- oracle ----

struct OraclePlace {
    int64_t low, high;
    int64_t fixed;   // distance from low, in 1/1024
    float distance;  // the same in float
};

OraclePlace fixed_place(const ResizeAttributes& a, int64_t i, int64_t in, int64_t out)
{
    int64_t scale = (1024 * in + out / 2) / out;
    if (a.align_corners && out > 1) scale = (1024 * (in - 1) + (out - 1) / 2) / (out - 1);
    const int64_t p = a.half_pixel ? i * scale + scale / 2 - 512 : i * scale;
    const int64_t low = std::clamp<int64_t>(p / 1024, 0, in - 1);
    return {low, std::min((p + 1023) / 1024, in - 1), p - 1024 * low, 0.0f};
}

OraclePlace float_place(const ResizeAttributes& a, int64_t i, int64_t in, int64_t out)
{
    float scale = static_cast<float>(in) / static_cast<float>(out);
    if (a.align_corners && out > 1)
        scale = static_cast<float>(in - 1) / static_cast<float>(out - 1);
    const float p = a.half_pixel ? (static_cast<float>(i) + 0.5f) * scale - 0.5f
                                 : static_cast<float>(i) * scale;
    const int64_t low = std::clamp<int64_t>(static_cast<int64_t>(std::floor(p)), 0, in - 1);
    return {low, std::min<int64_t>(static_cast<int64_t>(std::ceil(p)), in - 1), 0,
            p - static_cast<float>(low)};
}

int64_t nearest_place(const ResizeAttributes& a, int64_t i, int64_t in, int64_t out)
{
    float scale = static_cast<float>(in) / static_cast<float>(out);
    if (a.align_corners && out > 1)
        scale = static_cast<float>(in - 1) / static_cast<float>(out - 1);
    const float p = (static_cast<float>(i) + (a.half_pixel ? 0.5f : 0.0f)) * scale;
    const auto place = static_cast<int64_t>(a.align_corners ? std::round(p) : std::floor(p));
    return std::min(place, in - 1);
}

// The four neighbours of output element `at`: upper left, lower left, upper right, lower right.
template <typename T> struct Corners {
    T value[4];
};

template <typename T>
Corners<T> corners(EvalContext& c, const Shape& at, const OraclePlace& y, const OraclePlace& x)
{
    const auto in = c.in<T>(0);
    const auto pick = [&](int64_t row, int64_t column) {
        return in[static_cast<size_t>(index_of({at[0], row, column, at[3]}, c.input(0).shape))];
    };
    return {{pick(y.low, x.low), pick(y.high, x.low), pick(y.low, x.high), pick(y.high, x.high)}};
}

template <typename T> T blend_fixed(const Corners<T>& q, int64_t fy, int64_t fx)
{
    const int64_t sum = q.value[0] * (1024 - fy) * (1024 - fx) + q.value[1] * fy * (1024 - fx) +
                        q.value[2] * (1024 - fy) * fx + q.value[3] * fy * fx;
    return static_cast<T>((sum > 0 ? sum + (1 << 19) : sum - (1 << 19)) / (1 << 20));
}

template <typename T> T blend_float(const Corners<T>& q, float fy, float fx)
{
    const float offset = std::is_integral_v<T> ? 0.5f : 0.0f;
    return static_cast<T>(q.value[0] * (1 - fy) * (1 - fx) + q.value[1] * fy * (1 - fx) +
                          q.value[2] * (1 - fy) * fx + q.value[3] * fy * fx + offset);
}

template <typename T, bool fixed> void eval_bilinear(EvalContext& c)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    const Shape& shape = c.output().shape;
    Shape at(4, 0);
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, shape)) {
        const auto place = fixed ? fixed_place : float_place;
        const OraclePlace y = place(a, at[1], in[1], shape[1]);
        const OraclePlace x = place(a, at[2], in[2], shape[2]);
        const Corners<T> q = corners<T>(c, at, y, x);
        if constexpr (fixed) c.out<T>()[static_cast<size_t>(e)] = blend_fixed(q, y.fixed, x.fixed);
        else c.out<T>()[static_cast<size_t>(e)] = blend_float(q, y.distance, x.distance);
    }
}

void eval_nearest(EvalContext& c)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    const Shape& shape = c.output().shape;
    Shape at(4, 0);
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, shape)) {
        const Shape from = {at[0], nearest_place(a, at[1], in[1], shape[1]),
                            nearest_place(a, at[2], in[2], shape[2]), at[3]};
        copy_element(c, 0, index_of(from, in), 0, e);
    }
}

void eval(EvalContext& c)
{
    if (!attributes_of(c.node).bilinear) return eval_nearest(c);
    switch (c.input(0).type) {
    case DType::i8: return eval_bilinear<int8_t, true>(c);
    case DType::i16: return eval_bilinear<int16_t, true>(c);
    case DType::u8: return eval_bilinear<uint8_t, false>(c);
    default: return eval_bilinear<float, false>(c);
    }
}

// ---- lowering ----

// Exact factor in / out of one axis, as a fraction.
struct Ratio {
    int64_t numerator, denominator;
};

Ratio ratio_of(const ResizeAttributes& a, int64_t in, int64_t out)
{
    return a.align_corners && out > 1 ? Ratio{in - 1, out - 1} : Ratio{in, out};
}

Arg fixed_table(LowerContext& c, size_t axis)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const int64_t in = c.input(0).shape[axis], out = c.output().shape[axis];
    const Ratio ratio = ratio_of(a, in, out);
    const int64_t step = (1024 * ratio.numerator + ratio.denominator / 2) / ratio.denominator;
    std::vector<int16_t> table;  // low, high, distance in 1/1024
    for (int64_t i = 0; i < out; ++i) {
        const int64_t place = i * step + (a.half_pixel ? step / 2 - 512 : 0);
        const int64_t low = place < 0 ? 0 : std::min(place / 1024, in - 1);
        const int64_t high = place < 0 ? 0 : std::min((place + 1023) / 1024, in - 1);
        // Between a pixel and itself every weight gives the same sum; 0 keeps it below 1.
        const int64_t distance = low == high ? 0 : place - 1024 * low;
        table.push_back(static_cast<int16_t>(low));
        table.push_back(static_cast<int16_t>(high));
        table.push_back(static_cast<int16_t>(distance));
    }
    return c.table(table, "places of " + c.node.name, false);
}

struct FloatTables {
    Arg places;  // low, high
    Arg distances;
};

FloatTables float_tables(LowerContext& c, size_t axis)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const int64_t in = c.input(0).shape[axis], out = c.output().shape[axis];
    const Ratio ratio = ratio_of(a, in, out);
    const float step = static_cast<float>(ratio.numerator) / static_cast<float>(ratio.denominator);
    std::vector<int16_t> places;
    std::vector<float> distances;
    for (int64_t i = 0; i < out; ++i) {
        const auto pixel = static_cast<float>(i);
        const float place = a.half_pixel ? (pixel + 0.5f) * step - 0.5f : pixel * step;
        const auto last = static_cast<float>(in - 1);
        const auto below =
            static_cast<int16_t>(place < 0.0f ? 0.0f : std::min(std::floor(place), last));
        places.push_back(below);
        places.push_back(static_cast<int16_t>(std::min(std::ceil(place), last)));
        distances.push_back(place - static_cast<float>(below));
    }
    return {c.table(places, "places of " + c.node.name, false),
            c.table(distances, "distances of " + c.node.name, false)};
}

Arg nearest_table(LowerContext& c, size_t axis)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const int64_t in = c.input(0).shape[axis], out = c.output().shape[axis];
    const Ratio ratio = ratio_of(a, in, out);
    const float step = static_cast<float>(ratio.numerator) / static_cast<float>(ratio.denominator);
    std::vector<int16_t> table;
    for (int64_t i = 0; i < out; ++i) {
        const float place = (static_cast<float>(i) + (a.half_pixel ? 0.5f : 0.0f)) * step;
        const auto whole =
            static_cast<int64_t>(a.align_corners ? std::lround(place) : static_cast<long>(place));
        table.push_back(static_cast<int16_t>(whole < in ? whole : in - 1));
    }
    return c.table(table, "places of " + c.node.name, false);
}

void lower(LowerContext& c)
{
    const ResizeAttributes& a = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    const Shape& out = c.output().shape;
    if (c.output().count() == 0) return;
    const int64_t bytes = element_bytes(c.output().type);
    const std::vector<Arg> ends = {untyped_in(c.in(0)), c.in_flash(0), untyped_out(c.out())};
    const std::vector<Arg> sizes = {c.number(in[0], "thb_index_t"), c.number(in[1], "thb_index_t"),
                                    c.number(in[2], "thb_index_t"), c.number(out[1], "thb_index_t"),
                                    c.number(out[2], "thb_index_t")};
    std::vector<Arg> args = ends;
    args.insert(args.end(), sizes.begin(), sizes.end());
    if (!a.bilinear) {
        args.insert(args.end(), {c.number(out[3] * bytes, "thb_index_t"), nearest_table(c, 1),
                                 nearest_table(c, 2)});
        return c.call("thb_resize_nearest", args);
    }
    args.push_back(c.number(out[3], "thb_index_t"));
    if (c.input(0).type == DType::f32 || c.node.was_uint8) {
        const FloatTables y = float_tables(c, 1), x = float_tables(c, 2);
        const char* type =
            c.input(0).type == DType::f32 ? "THB_RESIZE_F32" : "THB_RESIZE_LEGACY_S8";
        args.insert(args.end(), {y.places, y.distances, x.places, x.distances, c.key_text(type)});
        return c.call("thb_resize_bilinear_f32", args);
    }
    args.insert(args.end(), {fixed_table(c, 1), fixed_table(c, 2)});
    c.call(c.input(0).type == DType::i8 ? "thb_resize_bilinear_s8" : "thb_resize_bilinear_s16",
           args);
}

}  // namespace

extern const OpDef op_resize;
const OpDef op_resize = {
    .name = "resize",
    .tflite = {{"RESIZE_BILINEAR", import_bilinear}, {"RESIZE_NEAREST_NEIGHBOR", import_nearest}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .export_tflite = export_resize,
    .quantization = rule_for_moves};

}  // namespace thimble
