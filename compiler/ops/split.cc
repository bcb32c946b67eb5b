// Cuts a tensor along one axis: SPLIT (equal parts), SPLIT_V (given sizes), UNPACK (parts of size 1
// whose axis disappears). Output i is the slice that begins where output i - 1 ended.
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
#include <numeric>

namespace thimble {

namespace {

enum class SplitForm { split, split_v, unpack };

struct SplitAttributes {
    SplitForm form = SplitForm::split;
    size_t data = 0;                  // which input is cut
    int64_t axis = 0;                 // of an UNPACK until infer; then normal
    std::vector<int64_t> sizes = {};  // along the axis, one an output; set by infer
    bool operator==(const SplitAttributes&) const = default;
};

void import_split(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = SplitAttributes{.form = SplitForm::split, .data = 1};
}

void import_split_v(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = SplitAttributes{.form = SplitForm::split_v, .data = 0};
}

void import_unpack(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::unpack;
    node.attributes = SplitAttributes{
        .form = SplitForm::unpack, .data = 0, .axis = source.options.i32(field::axis)};
}

const SplitAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const SplitAttributes&>(node.attributes);
}

std::vector<int64_t> sizes_of_split_v(const Graph& graph, const Node& node, int64_t total)
{
    std::vector<int64_t> sizes = constant_integers(graph, node, 1, "split sizes");
    int64_t known = 0, free = 0;
    for (const int64_t size : sizes) {
        require_shape(size >= -1 && size <= total, fmt::format("split size {}", size),
                      fmt::format("0 to {}, or -1 once", total));
        if (size < 0) ++free;
        else known += size;
    }
    require_shape(free <= 1 && (free == 1 ? known <= total : known == total),
                  fmt::format("split sizes {} of {}", shape_text(sizes), total),
                  fmt::format("a sum of {}", total));
    for (int64_t& size : sizes)
        if (size < 0) size = total - known;
    return sizes;
}

void export_split(TfliteExport& file, const Node& node)
{
    const SplitAttributes& a = attributes_of(node);
    const auto parts = static_cast<int32_t>(node.outputs.size());
    switch (a.form) {
    case SplitForm::split:
        return file.write(node, "SPLIT", {{tflite_field::split::num_splits, parts}});
    case SplitForm::split_v:
        return file.write(node, "SPLIT_V", {{tflite_field::split_v::num_splits, parts}});
    case SplitForm::unpack:
        return file.write(node, "UNPACK",
                          {{tflite_field::unpack::num, parts},
                           {tflite_field::unpack::axis, static_cast<int32_t>(a.axis)}});
    }
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<SplitAttributes&>(node.attributes);
    const size_t input_count[] = {2, 3, 1};
    const size_t inputs = input_count[static_cast<size_t>(attributes.form)];
    require_inputs(node, inputs, inputs);
    require_elements(graph, node, {attributes.data});
    const Tensor& in = graph.input(node, attributes.data);
    if (attributes.form == SplitForm::split)
        attributes.axis = constant_integer(graph, node, 0, "axis");
    if (attributes.form == SplitForm::split_v)
        attributes.axis = constant_integer(graph, node, 2, "axis");
    const size_t axis = normal_axis(attributes.axis, in.shape.size());
    attributes.axis = static_cast<int64_t>(axis);
    const int64_t total = in.shape[axis];
    const auto parts = static_cast<int64_t>(node.outputs.size());
    if (attributes.form == SplitForm::split_v) {
        attributes.sizes = sizes_of_split_v(graph, node, total);
    } else {
        require_shape(parts > 0 && total % parts == 0,
                      fmt::format("{} outputs of {} elements", parts, total), "equal parts");
        attributes.sizes.assign(node.outputs.size(), total / parts);
    }
    const bool unpack = attributes.form == SplitForm::unpack;
    require_shape(
        attributes.sizes.size() == node.outputs.size() && (!unpack || parts == total),
        fmt::format("{} outputs", parts),
        fmt::format("{}", unpack ? total : static_cast<int64_t>(attributes.sizes.size())));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
        Shape shape = graph.input(node, attributes.data).shape;
        shape[axis] = attributes.sizes[i];
        if (unpack) shape.erase(shape.begin() + attributes.axis);
        set_output(graph, node, i, graph.input(node, attributes.data).type, shape);
    }
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const SplitAttributes& attributes = attributes_of(c.node);
    const auto axis = static_cast<size_t>(attributes.axis);
    const Shape& whole = c.input(attributes.data).shape;
    int64_t begin = 0;
    for (size_t i = 0; i < c.node.outputs.size(); ++i) {
        Shape part = whole;
        part[axis] = attributes.sizes[i];
        for (int64_t e = 0; e < element_count(part); ++e) {
            Shape at = coordinates_of(e, part);
            at[axis] += begin;
            copy_element(c, attributes.data, index_of(at, whole), i, e);
        }
        begin += attributes.sizes[i];
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const SplitAttributes& attributes = attributes_of(c.node);
    const auto axis = static_cast<size_t>(attributes.axis);
    const Shape& whole = c.input(attributes.data).shape;
    const std::vector<int64_t> steps = row_major_steps(whole);
    int64_t begin = 0;
    for (size_t i = 0; i < c.node.outputs.size(); ++i) {
        Shape part = whole;
        part[axis] = attributes.sizes[i];
        emit_move_or_alias(c, attributes.data, i, whole_output(part, steps, begin * steps[axis]));
        begin += attributes.sizes[i];
    }
}

}  // namespace

extern const OpDef op_split;
const OpDef op_split = {
    .name = "split",
    .tflite = {{"SPLIT", import_split}, {"SPLIT_V", import_split_v}, {"UNPACK", import_unpack}},
    .infer = infer,
    .eval = eval,
    .lower = lower,
    .same_attributes = equal_attributes<SplitAttributes>,
    .no_changing_scales = keeps_scales,
    .export_tflite = export_split,
    .quantization = rule_for_moves};

}  // namespace thimble
