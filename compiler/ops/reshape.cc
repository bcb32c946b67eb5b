// The same elements, in the same order, under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS.
//
// Costs nothing at run time: the output shares the input's memory.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/by_turn.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/tflite_export.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum class Form { reshape, squeeze, expand_dims };

struct ReshapeAttributes {
    Form form = Form::reshape;
    std::vector<int64_t>
        numbers;  // new shape of a RESHAPE without a second input, dimensions of a SQUEEZE
    bool numbers_given = false;
    bool operator==(const ReshapeAttributes&) const = default;
};

ReshapeAttributes attributes_of(Form form, const std::vector<int32_t>& numbers, bool given)
{
    return {form, {numbers.begin(), numbers.end()}, given};
}

void import_reshape(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::reshape;
    node.attributes = attributes_of(Form::reshape, source.options.vector<int32_t>(field::new_shape),
                                    source.options.has(field::new_shape));
}

void import_squeeze(const TfliteOperator& source, Graph&, Node& node)
{
    namespace field = tflite_field::squeeze;
    node.attributes =
        attributes_of(Form::squeeze, source.options.vector<int32_t>(field::squeeze_dims), true);
}

void import_expand_dims(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = attributes_of(Form::expand_dims, {}, false);
}

// The numbers of a constant second input; a computed one is refused by name.
std::vector<int64_t> constant_numbers(const Graph& graph, const Node& node, size_t index)
{
    const Tensor& tensor = graph.input(node, index);
    require(tensor.is_constant(), ErrorCode::T0204,
            {"", fmt::format("'{}' is computed at run time", tensor.name), "a constant shape",
             "export the model with fixed shapes"});
    if (!is_integer(tensor.type) || tensor.type == DType::u64)
        fail_type(fmt::format("a shape of {}", dtype_name(tensor.type)), "int32 or int64");
    return tensor.integers();
}

Shape reshaped(const Graph& graph, const Node& node, const ReshapeAttributes& attributes)
{
    Shape shape = attributes.numbers;
    if (graph.has_input(node, 1)) {
        shape = constant_numbers(graph, node, 1);
    } else if (!attributes.numbers_given) {
        shape = graph.output(node, 0).shape;
    }
    const int64_t total = graph.input(node, 0).count();
    Shape known;
    int64_t* free = nullptr;
    for (int64_t& dimension : shape) {
        require_shape(dimension >= -1 && !(dimension == -1 && free),
                      "new shape " + shape_text(shape), "at most one -1");
        if (dimension == -1) {
            free = &dimension;
        } else {
            known.push_back(dimension);
        }
    }
    if (free) *free = element_count(known) > 0 ? total / element_count(known) : 0;
    require_shape(
        element_count(shape) == total, "new shape " + shape_text(shape),
        fmt::format("{} elements, as in {}", total, shape_text(graph.input(node, 0).shape)));
    return shape;
}

Shape squeezed(const Shape& in, const std::vector<int64_t>& dimensions)
{
    const auto rank = static_cast<int64_t>(in.size());
    Shape out;
    for (int64_t d = 0; d < rank; ++d) {
        const bool named = std::any_of(dimensions.begin(), dimensions.end(),
                                       [&](int64_t x) { return x == d || x + rank == d; });
        const bool dropped = dimensions.empty() ? in[static_cast<size_t>(d)] == 1 : named;
        require_shape(!dropped || in[static_cast<size_t>(d)] == 1,
                      "a squeezed dimension of " + shape_text(in), "size 1");
        if (!dropped) out.push_back(in[static_cast<size_t>(d)]);
    }
    return out;
}

void export_reshape(TfliteExport& file, const Node& node)
{
    constexpr std::string_view names[] = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS"};
    const auto* given = std::any_cast<ReshapeAttributes>(&node.attributes);
    const Form form = given ? given->form : Form::reshape;
    TfliteDraftOperator op;
    op.name = names[static_cast<size_t>(form)];
    op.inputs = file.tensors(node.inputs);
    op.outputs = file.tensors(node.outputs);
    if (form == Form::squeeze) {
        std::vector<int32_t> dimensions;
        for (const int64_t d : given->numbers) dimensions.push_back(static_cast<int32_t>(d));
        op.options = {{tflite_field::squeeze::squeeze_dims, dimensions}};
    }
    // Where the attributes alone say the shape, other runtimes want it as a tensor.
    if (form == Form::reshape && !file.graph.has_input(node, 1))
        op.inputs = {op.inputs.at(0),
                     file.add_integers(node.name + "/shape", file.graph.output(node, 0).shape)};
    file.write(std::move(op));
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 2);
    require_outputs(node, 1);
    // A pass that makes a reshape says its shape by the output tensor alone.
    const auto* given = std::any_cast<ReshapeAttributes>(&node.attributes);
    const ReshapeAttributes attributes = given ? *given : ReshapeAttributes{};
    const Tensor& in = graph.input(node, 0);
    Shape shape;
    switch (attributes.form) {
    case Form::reshape:
        shape = reshaped(graph, node, attributes);
        break;
    case Form::squeeze:
        shape = squeezed(in.shape, attributes.numbers);
        break;
    case Form::expand_dims: {
        const std::vector<int64_t> axis = constant_numbers(graph, node, 1);
        const auto rank = static_cast<int64_t>(in.shape.size());
        require_shape(axis.size() == 1 && axis[0] >= -rank - 1 && axis[0] <= rank,
                      "axis out of range", "-rank-1 to rank");
        shape = in.shape;
        shape.insert(shape.begin() + (axis[0] < 0 ? axis[0] + rank + 1 : axis[0]), 1);
        break;
    }
    }
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = in.type;
    out.shape = shape;
}

// ---- oracle ----

void eval(EvalContext& c)
{
    std::ranges::copy(c.in_bytes(0), c.out_bytes().begin());
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.alias(0);
}

}  // namespace

extern const OpDef op_reshape;
const OpDef op_reshape = {.name = "reshape",
                          .tflite = {{"RESHAPE", import_reshape},
                                     {"SQUEEZE", import_squeeze},
                                     {"EXPAND_DIMS", import_expand_dims}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .same_attributes = equal_attributes<ReshapeAttributes>,
                          .no_changing_scales = keeps_scales,
                          .export_tflite = export_reshape,
                          .quantization = rule_for_moves};

}  // namespace thimble
