// Cuts a box out of a tensor, with steps: SLICE, STRIDED_SLICE.
//
//   y[i, j, ...] = x[begin_0 + i * stride_0, begin_1 + j * stride_1, ...]
//
// STRIDED_SLICE's masks follow TensorFlow: bit d of begin_mask or end_mask ignores that bound, of
// shrink_axis_mask takes one element and drops the axis, of new_axis_mask inserts an axis of size
// 1, of ellipsis_mask stands for all axes that are not named. Bounds beyond the tensor are clamped,
// negative ones count from the end, `offset` makes the end relative to the begin. All bounds must
// be constant; they are resolved to one (begin, stride, count) per input axis here.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/by_turn.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kRankMax = 8;

struct SliceAttributes {
    bool strided = false;
    int32_t begin_mask = 0;
    int32_t end_mask = 0;
    int32_t ellipsis_mask = 0;
    int32_t new_axis_mask = 0;
    int32_t shrink_axis_mask = 0;
    bool offset = false;
    // Set by infer, one entry an input axis.
    std::vector<int64_t> begin;
    std::vector<int64_t> stride;
    std::vector<int64_t> count;
    bool operator==(const SliceAttributes&) const = default;
};

void import_slice(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = SliceAttributes{};
}

void import_strided_slice(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::strided_slice;
    SliceAttributes attributes;
    attributes.strided = true;
    attributes.begin_mask = source.options.i32(field::begin_mask);
    attributes.end_mask = source.options.i32(field::end_mask);
    attributes.ellipsis_mask = source.options.i32(field::ellipsis_mask);
    attributes.new_axis_mask = source.options.i32(field::new_axis_mask);
    attributes.shrink_axis_mask = source.options.i32(field::shrink_axis_mask);
    attributes.offset = source.options.boolean(field::offset);
    node.attributes = attributes;
}

bool bit(int32_t mask, size_t index)
{
    return index < 32 && ((static_cast<uint32_t>(mask) >> index) & 1u) != 0;
}

void take(SliceAttributes& attributes, int64_t begin, int64_t stride, int64_t count)
{
    attributes.begin.push_back(begin);
    // A stride that leads nowhere may be any number.
    attributes.stride.push_back(count > 1 ? stride : 1);
    attributes.count.push_back(count);
}

Shape infer_slice(const Graph& graph, const Node& node, SliceAttributes& attributes)
{
    const Shape& in = graph.input(node, 0).shape;
    const std::vector<int64_t> begin = constant_integers(graph, node, 1, "begin");
    const std::vector<int64_t> size = constant_integers(graph, node, 2, "size");
    require_shape(begin.size() == in.size() && size.size() == in.size(),
                  fmt::format("begin and size for {} and {} axes", begin.size(), size.size()),
                  fmt::format("{}, the rank of the input", in.size()));
    for (size_t d = 0; d < in.size(); ++d) {
        const bool begins_inside = begin[d] >= 0 && begin[d] <= in[d];
        const int64_t count = begins_inside && size[d] == -1 ? in[d] - begin[d] : size[d];
        require_shape(begins_inside && count >= 0 && count <= in[d] - begin[d],
                      fmt::format("begin {} and size {} along axis {}", begin[d], size[d], d),
                      fmt::format("a part of {} elements", in[d]));
        take(attributes, begin[d], 1, count);
    }
    return attributes.count;
}

struct Bounds {
    int64_t begin, end, stride;
};

// Bounds of 64 bits, brought near the tensor so that adding its size cannot overflow.
int64_t near(int64_t bound)
{
    constexpr int64_t far = int64_t{1} << 40;
    return std::clamp(bound, -far, far);
}

// Resolves entry i of the begin, end and strides tensors against an axis of n elements.
void take_strided(SliceAttributes& attributes, size_t i, Bounds bounds, int64_t n)
{
    const int64_t stride = bounds.stride;
    require_shape(stride != 0 && stride >= INT32_MIN && stride <= INT32_MAX,
                  fmt::format("stride {}", stride), "a stride other than 0");
    const int64_t low = stride > 0 ? 0 : -1;
    const int64_t high = stride > 0 ? n : n - 1;
    const auto resolved = [&](int64_t bound) {
        return std::clamp(bound < 0 ? bound + n : bound, low, high);
    };
    if (bit(attributes.shrink_axis_mask, i)) {
        const int64_t wanted =
            bit(attributes.begin_mask, i) ? (stride > 0 ? 0 : n - 1) : bounds.begin;
        const int64_t begin = wanted < 0 ? wanted + n : wanted;
        require_shape(begin >= 0 && begin < n,
                      fmt::format("element {} of an axis of {}", wanted, n), "an element inside");
        return take(attributes, begin, 1, 1);
    }
    const int64_t begin =
        bit(attributes.begin_mask, i) ? (stride > 0 ? 0 : n - 1) : resolved(bounds.begin);
    const int64_t given = attributes.offset ? bounds.end + begin : bounds.end;
    const int64_t end = bit(attributes.end_mask, i) ? (stride > 0 ? n : -1) : resolved(given);
    const int64_t span = stride > 0 ? end - begin : begin - end;
    const int64_t step = stride > 0 ? stride : -stride;
    take(attributes, begin, stride, span > 0 ? (span + step - 1) / step : 0);
}

Shape infer_strided(const Graph& graph, const Node& node, SliceAttributes& attributes)
{
    const Shape in = graph.input(node, 0).shape;
    const std::vector<int64_t> begin = constant_integers(graph, node, 1, "begin");
    const std::vector<int64_t> end = constant_integers(graph, node, 2, "end");
    const std::vector<int64_t> stride = constant_integers(graph, node, 3, "strides");
    const size_t entries = begin.size();
    require_shape(entries <= 32 && end.size() == entries && stride.size() == entries,
                  fmt::format("begin, end and strides of {}, {} and {} entries", entries,
                              end.size(), stride.size()),
                  "one entry an axis in each");
    size_t named = 0, ellipses = 0;
    for (size_t i = 0; i < entries; ++i) {
        if (bit(attributes.ellipsis_mask, i)) ++ellipses;
        else if (!bit(attributes.new_axis_mask, i)) ++named;
    }
    require_shape(named <= in.size() && ellipses <= 1,
                  fmt::format("{} axes and {} ellipses", named, ellipses),
                  fmt::format("at most {} axes and one ellipsis", in.size()));
    Shape out;
    const auto keep_rest = [&](size_t count) {
        for (; count > 0; --count) {
            const int64_t n = in[attributes.count.size()];
            take(attributes, 0, 1, n);
            out.push_back(n);
        }
    };
    for (size_t i = 0; i < entries; ++i) {
        if (bit(attributes.ellipsis_mask, i)) {
            keep_rest(in.size() - named);
        } else if (bit(attributes.new_axis_mask, i)) {
            out.push_back(1);
        } else {
            take_strided(attributes, i, {near(begin[i]), near(end[i]), stride[i]},
                         in[attributes.count.size()]);
            if (!bit(attributes.shrink_axis_mask, i)) out.push_back(attributes.count.back());
        }
    }
    keep_rest(in.size() - attributes.count.size());
    return out;
}

void export_slice(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::strided_slice;
    const auto& a = std::any_cast<const SliceAttributes&>(node.attributes);
    if (!a.strided) return file.write(node, "SLICE");
    file.write(node, "STRIDED_SLICE",
               {{field::begin_mask, a.begin_mask},
                {field::end_mask, a.end_mask},
                {field::ellipsis_mask, a.ellipsis_mask},
                {field::new_axis_mask, a.new_axis_mask},
                {field::shrink_axis_mask, a.shrink_axis_mask},
                {field::offset, a.offset}});
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<SliceAttributes&>(node.attributes);
    const size_t inputs = attributes.strided ? 4 : 3;
    require_inputs(node, inputs, inputs);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 0, kRankMax);
    attributes.begin.clear();
    attributes.stride.clear();
    attributes.count.clear();
    const Shape shape = attributes.strided ? infer_strided(graph, node, attributes)
                                           : infer_slice(graph, node, attributes);
    set_output(graph, node, 0, graph.input(node, 0).type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto& slice = std::any_cast<const SliceAttributes&>(c.node.attributes);
    Shape at(slice.count.size(), 0), from(slice.count.size());
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, slice.count)) {
        for (size_t d = 0; d < at.size(); ++d) from[d] = slice.begin[d] + at[d] * slice.stride[d];
        copy_element(c, 0, index_of(from, c.input(0).shape), 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const auto& slice = std::any_cast<const SliceAttributes&>(c.node.attributes);
    std::vector<int64_t> steps = row_major_steps(c.input(0).shape);
    int64_t start = 0;
    for (size_t d = 0; d < steps.size(); ++d) {
        start += slice.begin[d] * steps[d];
        steps[d] *= slice.stride[d];
    }
    if (c.output().count() == 0) return;
    emit_move_or_alias(c, 0, 0, whole_output(slice.count, steps, start));
}

}  // namespace

extern const OpDef op_slice;
const OpDef op_slice = {
    .name = "slice",
    .tflite = {{"SLICE", import_slice}, {"STRIDED_SLICE", import_strided_slice}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .same_attributes = equal_attributes<SliceAttributes>,
    .no_changing_scales = keeps_scales,
    .export_tflite = export_slice,
    .quantization = rule_for_moves};

}  // namespace thimble
