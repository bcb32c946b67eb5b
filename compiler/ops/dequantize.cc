// Stored numbers to real ones: DEQUANTIZE, y = scale * (q - zero_point), or float16 to float32.
//
// The reference multiplies in double and rounds once; one float multiplication of an exact
// difference gives the same float, so the kernel needs no double.
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    const bool integer = in.type == DType::i8 || in.type == DType::u8 || in.type == DType::i16 ||
                         in.type == DType::i32 || in.type == DType::i4;
    if (!integer && in.type != DType::f16)
        fail_type(std::string(dtype_name(in.type)), "int4, int8, uint8, int16, int32 or float16");
    if (integer) require_quantized(graph, node, {0});
    Tensor& out = graph.tensor(node.outputs[0]);
    if (!in.is_constant()) require_per_tensor(graph, node);
    out.shape = in.shape;
    out.type = DType::f32;
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const std::vector<double> real = c.real(0);
    const auto out = c.out<float>();
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(real[i]);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Tensor& in = c.input(0);
    if (in.type == DType::f16)
        return c.call("thb_dequantize_f16",
                      {c.in(0), c.in_flash(0), c.out(), c.number(in.count(), "thb_index_t")});
    require_per_tensor(c.graph, c.node);
    const DType stored = in.type == DType::i4 ? DType::i8 : in.type;
    c.call("thb_dequantize_int", {c.in(0), c.in_flash(0), type_key(c, stored), c.out(),
                                  c.number(in.count(), "thb_index_t"), c.number(in.quant.scale()),
                                  c.number(in.quant.zero_point(), "int32_t")});
}

}  // namespace

extern const OpDef op_dequantize;
const OpDef op_dequantize = {.name = "dequantize",
                             .tflite = {{"DEQUANTIZE", import_nothing}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .export_tflite = export_plain};

}  // namespace thimble
