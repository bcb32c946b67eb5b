// A tensor of zeros in the shape of another: ZEROS_LIKE.
//
// Only the input's shape matters, so the import hook drops the input, and whatever computed it may
// go too. The zeros are stored zeros, as in the reference kernel; a quantised type is refused
// because that would not be the real value 0.
#include "formats/tflite.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"

namespace thimble {

namespace {

struct ZerosAttributes {
    DType type = DType::f32;
    Shape shape;
};

void import_zeros_like(const TfliteOperator&, Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_input_type(graph, node, 0, {DType::f32, DType::i32, DType::i64, DType::boolean});
    node.attributes = ZerosAttributes{graph.input(node, 0).type, graph.input(node, 0).shape};
    node.inputs.clear();
}

void infer(Graph& graph, Node& node)
{
    require_outputs(node, 1);
    const auto& attributes = std::any_cast<const ZerosAttributes&>(node.attributes);
    set_output(graph, node, 0, attributes.type, attributes.shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    std::ranges::fill(c.out_bytes(), uint8_t{0});
}

// ---- lowering ----

void lower(LowerContext& c)
{
    emit_fill(c, 0, std::vector<uint8_t>(static_cast<size_t>(element_bytes(c.output().type)), 0));
}

}  // namespace

extern const OpDef op_zeros_like;
const OpDef op_zeros_like = {.name = "zeros_like",
                             .tflite = {{"ZEROS_LIKE", import_zeros_like}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower};

}  // namespace thimble
