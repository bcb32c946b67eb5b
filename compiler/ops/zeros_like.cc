// A tensor of zeros in the shape of another: ZEROS_LIKE.
//
// Only the input's shape matters, so the import hook drops the input, and whatever computed it may
// go too. The zeros are stored zeros, as in the reference kernel; a quantised type is refused
// because that would not be the real value 0.
#include "formats/tflite.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

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

void export_zeros_like(TfliteExport& file, const Node& node)
{
    // The import hook dropped the tensor whose shape this one takes.
    const Tensor& out = file.graph.output(node, 0);
    Graph scratch;
    Tensor zero;
    zero.name = node.name + "/zero";
    zero.type = out.type;
    const TensorId value = scratch.add_tensor(zero);
    scratch.set_constant(value, std::vector<uint8_t>(static_cast<size_t>(element_bytes(out.type))));
    TfliteDraftOperator op;
    op.name = "FILL";
    op.inputs = {file.add_integers(node.name + "/shape", out.shape),
                 file.add_constant(scratch.tensor(value))};
    op.outputs = file.tensors(node.outputs);
    file.write(std::move(op));
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
                             .lower = lower,
                             .export_tflite = export_zeros_like};

}  // namespace thimble
