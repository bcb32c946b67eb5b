// Colours to brightness: uint8 [..., 3] red, green, blue to uint8 [..., 1].
//
//   y = (77 r + 150 g + 29 b + 128) >> 8
//
// The weights are those of ITU-R BT.601 in 1/256; their sum is 256, so that grey stays grey. The
// import hook is for text cases.
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/shapes.h"

#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kChannels = 3;

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_input_type(graph, node, 0, {DType::u8});
    require_rank(graph, node, 0, 1, 8);
    Shape shape = graph.input(node, 0).shape;
    require_shape(shape.back() == kChannels, shape_text(shape), "3 channels in the last axis");
    shape.back() = 1;
    set_output(graph, node, 0, DType::u8, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto in = c.in<uint8_t>(0);
    const auto out = c.out<uint8_t>();
    for (size_t i = 0; i < out.size(); ++i) {
        const int sum = 77 * in[3 * i] + 150 * in[3 * i + 1] + 29 * in[3 * i + 2];
        out[i] = static_cast<uint8_t>((sum + 128) / 256);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_grey_u8", {c.in(0), c.out(), c.number(c.output().count(), "thb_index_t")});
}

}  // namespace

extern const OpDef op_grey;
const OpDef op_grey = {.name = "grey",
                       .tflite = {{"CUSTOM:ThimbleGrey", import_nothing}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower};

}  // namespace thimble
