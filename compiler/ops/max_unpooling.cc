// Puts the values of a max pooling back where they came from, zeros elsewhere: the custom operator
// MaxUnpooling2D of LiteRT.
//
//   y = 0;  y[n, index[n, h, w, c]] = x[n, h, w, c],  index: flat within one batch of the output
//
// The options are the bytes of a C struct: padding (1 SAME, 2 VALID), strides w and h, filter w and
// h, as int32. The output is as large as the pooling's input was: SAME h * stride, VALID (h - 1) *
// stride + filter. An index that points outside of its batch writes nothing (the reference kernel
// writes there).
#include "formats/tflite.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct UnpoolingAttributes {
    bool same = true;
    int64_t stride_w = 1, stride_h = 1, filter_w = 1, filter_h = 1;
};

void import_max_unpooling(const TfliteOperator& source, Graph&, Node& node)
{
    require(source.custom_options.size() >= 20, ErrorCode::T0202,
            {"", fmt::format("{} bytes of options", source.custom_options.size()),
             "padding, strides and filter size as five int32", "export the model again"});
    int64_t words[5];
    for (size_t i = 0; i < 5; ++i) {
        uint32_t word = 0;
        for (size_t b = 0; b < 4; ++b)
            word |= static_cast<uint32_t>(source.custom_options[i * 4 + b]) << (b * 8);
        words[i] = static_cast<int32_t>(word);
    }
    require(words[0] == 1 || words[0] == 2, ErrorCode::T0202,
            {"", fmt::format("padding {}", words[0]), "1 (SAME) or 2 (VALID)",
             "export the model again"});
    node.attributes = UnpoolingAttributes{words[0] == 1, words[1], words[2], words[3], words[4]};
}

void export_max_unpooling(TfliteExport& file, const Node& node)
{
    const auto& a = std::any_cast<const UnpoolingAttributes&>(node.attributes);
    TfliteDraftOperator op;
    op.name = "CUSTOM:MaxUnpooling2D";
    op.inputs = file.tensors(node.inputs);
    op.outputs = file.tensors(node.outputs);
    for (const int64_t word :
         {int64_t{a.same ? 1 : 2}, a.stride_w, a.stride_h, a.filter_w, a.filter_h})
        for (int shift = 0; shift < 32; shift += 8)
            op.custom_options.push_back(static_cast<uint8_t>(word >> shift));
    file.write(std::move(op));
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_input_type(graph, node, 1, {DType::i32});
    require_rank(graph, node, 0, 4, 4);
    const Tensor& in = graph.input(node, 0);
    require_shape(graph.input(node, 1).shape == in.shape,
                  "indices " + shape_text(graph.input(node, 1).shape), shape_text(in.shape));
    const auto& a = std::any_cast<const UnpoolingAttributes&>(node.attributes);
    for (const int64_t size : {a.stride_w, a.stride_h, a.filter_w, a.filter_h})
        require_shape(size >= 1 && size <= 1024, fmt::format("a stride or filter of {}", size),
                      "1 to 1024");
    require_shape(in.count() > 0, "an empty image", "at least one element");
    const int64_t height =
        a.same ? in.shape[1] * a.stride_h : (in.shape[1] - 1) * a.stride_h + a.filter_h;
    const int64_t width =
        a.same ? in.shape[2] * a.stride_w : (in.shape[2] - 1) * a.stride_w + a.filter_w;
    if (element_bytes(in.type) <= 2 && in.type != DType::boolean)
        require(in.quant.zero_point() == 0, ErrorCode::T0205,
                {"", "a zero point other than 0", "symmetric quantisation", "use float32"});
    set_output(graph, node, 0, in.type, {in.shape[0], height, width, in.shape[3]});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const int64_t batch = c.output().count() / c.output().shape[0];
    const int64_t in_batch = c.input(0).count() / c.input(0).shape[0];
    const auto bytes = static_cast<size_t>(element_bytes(c.input(0).type));
    const auto indices = c.in<int32_t>(1);
    std::ranges::fill(c.out_bytes(), uint8_t{0});
    for (size_t e = 0; e < indices.size(); ++e) {
        if (indices[e] < 0 || indices[e] >= batch) continue;
        const int64_t to = static_cast<int64_t>(e) / in_batch * batch + indices[e];
        std::ranges::copy(c.in_bytes(0).subspan(e * bytes, bytes),
                          c.out_bytes().begin() + to * static_cast<int64_t>(bytes));
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t batches = c.output().shape[0];
    const int64_t bytes = element_bytes(c.output().type);
    emit_fill(c, 0, std::vector<uint8_t>(static_cast<size_t>(bytes), 0));
    c.call("thb_max_unpooling",
           {untyped_in(c.in(0)), c.in_flash(0), c.in(1), c.in_flash(1), untyped_out(c.out()),
            c.number(batches, "thb_index_t"), c.number(c.input(0).count() / batches, "thb_index_t"),
            c.number(c.output().count() / batches, "thb_index_t"), c.key(bytes)});
}

}  // namespace

extern const OpDef op_max_unpooling;
const OpDef op_max_unpooling = {.name = "max_unpooling",
                                .tflite = {{"CUSTOM:LiteRtMaxUnpooling2D", import_max_unpooling},
                                           {"CUSTOM:MaxUnpooling2D", import_max_unpooling}},
                                .infer = infer,
                                .eval = eval,
                                .lower = lower,
                                .export_tflite = export_max_unpooling};

}  // namespace thimble
