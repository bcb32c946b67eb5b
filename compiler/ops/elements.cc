#include "ops/elements.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

void import_nothing(const TfliteOperator&, Graph&, Node&) {}

static void require_one_scale(const Tensor& tensor)
{
    require(!tensor.quant.per_channel(), ErrorCode::T0205,
            {"", fmt::format("tensor '{}' has {} scales", tensor.name, tensor.quant.scales.size()),
             "one scale per tensor",
             "convert the model with per-tensor quantisation of activations"});
}

void require_per_tensor(const Graph& graph, const Node& node)
{
    for (size_t i = 0; i < node.inputs.size(); ++i)
        if (graph.has_input(node, i)) require_one_scale(graph.input(node, i));
    for (const TensorId id : node.outputs) require_one_scale(graph.tensor(id));
}

void infer_unary(Graph& graph, Node& node, std::initializer_list<DType> known)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    Tensor& out = graph.tensor(node.outputs[0]);
    require_plain_type(in.type, known);
    out.shape = in.shape;
    out.type = in.type;
}

void infer_quantized_unary(Graph& graph, Node& node, std::initializer_list<DType> known)
{
    infer_unary(graph, node, known);
    const DType type = graph.input(node, 0).type;
    if (type != DType::i8 && type != DType::u8 && type != DType::i16) return;
    require_quantized(graph, node, {0});
    require_output_quantized(graph, node);
    require_per_tensor(graph, node);
}

void require_plain_type(DType type, std::initializer_list<DType> known)
{
    if (std::find(known.begin(), known.end(), type) != known.end()) return;
    std::vector<std::string_view> names;
    for (const DType one : known) names.push_back(dtype_name(one));
    fail_type(std::string(dtype_name(type)), fmt::format("{}", fmt::join(names, ", ")));
}

// ---- lowering ----

Arg type_key(LowerContext& c, DType type)
{
    switch (type) {
    case DType::i8: return c.key_text("THB_S8");
    case DType::u8: return c.key_text("THB_U8");
    case DType::boolean: return c.key_text("THB_BOOL");
    case DType::i16: return c.key_text("THB_S16");
    case DType::u16: return c.key_text("THB_U16");
    case DType::i32: return c.key_text("THB_S32");
    case DType::u32: return c.key_text("THB_U32");
    case DType::i64: return c.key_text("THB_S64");
    case DType::u64: return c.key_text("THB_U64");
    case DType::f32: return c.key_text("THB_F32");
    default: THIMBLE_CHECK(false, "element type without a key"); return {};
    }
}

void lower_unary_f32(LowerContext& c, std::string function)
{
    THIMBLE_CHECK(c.input(0).type == DType::f32, "float32 kernel for another type");
    c.allow_in_place(0);
    c.call("thb_unary_f32", {c.in(0), c.in_flash(0), c.out(), c.key_text(std::move(function)),
                             c.number(c.output().count(), "thb_index_t")});
}

}  // namespace thimble
