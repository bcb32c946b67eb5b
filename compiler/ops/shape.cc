// The shape of a tensor, or its number of axes: SHAPE, RANK.
//
// Every shape is known here, so the import hook drops the input: what is left has no inputs at all,
// and is folded into a constant like everything that depends on constants only.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"

namespace thimble {

namespace {

struct ShapeAttributes {
    std::vector<int64_t> numbers;
    bool scalar = false;
    DType type = DType::i32;
};

void import_shape(const TfliteOperator& source, Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    // The element type of the file: INT64 is 4, anything else the default INT32.
    const bool wide =
        source.options.i8(tflite_field::shape::out_type) == static_cast<int>(TfliteType::int64);
    node.attributes =
        ShapeAttributes{graph.input(node, 0).shape, false, wide ? DType::i64 : DType::i32};
    node.inputs.clear();
}

void import_rank(const TfliteOperator&, Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    node.attributes = ShapeAttributes{
        {static_cast<int64_t>(graph.input(node, 0).shape.size())}, true, DType::i32};
    node.inputs.clear();
}

const ShapeAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ShapeAttributes&>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    require_outputs(node, 1);
    const ShapeAttributes& attributes = attributes_of(node);
    set_output(graph, node, 0, attributes.type,
               attributes.scalar ? Shape{}
                                 : Shape{static_cast<int64_t>(attributes.numbers.size())});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const std::vector<int64_t>& numbers = attributes_of(c.node).numbers;
    for (size_t i = 0; i < numbers.size(); ++i) {
        if (c.output().type == DType::i64) c.out<int64_t>()[i] = numbers[i];
        else c.out<int32_t>()[i] = static_cast<int32_t>(numbers[i]);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const std::vector<int64_t>& numbers = attributes_of(c.node).numbers;
    if (numbers.empty()) return;
    const Arg table =
        c.output().type == DType::i64
            ? c.table(numbers, "shape", false)
            : c.table(std::vector<int32_t>(numbers.begin(), numbers.end()), "shape", false);
    c.call("thb_copy", {untyped_in(table), c.key(int64_t{1}), untyped_out(c.out()),
                        c.number(c.output().bytes(), "uint32_t")});
}

}  // namespace

extern const OpDef op_shape;
const OpDef op_shape = {.name = "shape",
                        .tflite = {{"SHAPE", import_shape}, {"RANK", import_rank}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower};

}  // namespace thimble
