// Surrounds a tensor with a constant: PAD, PADV2.
//
// The fill is PADV2's third input, else the real value 0: the output's zero point for int8 and
// uint8, 0 for every other type (int16's zero point is 0). Lowers to a fill and a move into the
// middle.
#include "formats/tflite.h"
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

struct PadAttributes {
    std::vector<int64_t> before;  // elements put before each axis; set by infer
    bool operator==(const PadAttributes&) const = default;
};

void import_pad(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = PadAttributes{};
}

const std::vector<int64_t>& before_of(const Node& node)
{
    return std::any_cast<const PadAttributes&>(node.attributes).before;
}

void export_pad(TfliteExport& file, const Node& node)
{
    file.write(node, file.graph.has_input(node, 2) ? "PADV2" : "PAD");
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 3);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 0, kRankMax);
    const Tensor& in = graph.input(node, 0);
    const std::vector<int64_t> amounts = constant_integers(graph, node, 1, "padding");
    require_shape(amounts.size() == in.shape.size() * 2, fmt::format("{} paddings", amounts.size()),
                  fmt::format("two for each of {} axes", in.shape.size()));
    if (graph.has_input(node, 2)) {
        const Tensor& fill = graph.input(node, 2);
        require(fill.is_constant(), ErrorCode::T0204,
                {"", "the padding value is computed at run time", "a constant",
                 "export the model with a constant padding value"});
        if (fill.type != in.type)
            fail_type(
                fmt::format("padding value {} for {}", dtype_name(fill.type), dtype_name(in.type)),
                "one type");
        require_shape(fill.count() == 1, "a padding value of shape " + shape_text(fill.shape),
                      "one number");
        if (graph.output(node, 0).quant.present())
            require(same_quantization(fill, graph.output(node, 0)), ErrorCode::T0205,
                    {"", "the padding value and the output have different scales or zero points",
                     "the same quantisation", "convert the model again"});
    }
    PadAttributes attributes;
    Shape shape = in.shape;
    for (size_t d = 0; d < shape.size(); ++d) {
        const int64_t before = amounts[d * 2], after = amounts[d * 2 + 1];
        require_shape(before >= 0 && after >= 0 && before <= INT32_MAX && after <= INT32_MAX,
                      fmt::format("padding {} and {}", before, after), "0 or more");
        attributes.before.push_back(before);
        shape[d] += before + after;
    }
    set_output(graph, node, 0, in.type, shape);
    node.attributes = attributes;
}

// ---- oracle ----

// The bytes of one element of padding.
std::vector<uint8_t> oracle_fill(const EvalContext& c)
{
    std::vector<uint8_t> fill(static_cast<size_t>(element_bytes(c.input(0).type)), 0);
    if (c.has_input(2)) return *c.input(2).data;
    const DType type = c.input(0).type;
    if (type == DType::i8 || type == DType::u8)
        fill[0] = static_cast<uint8_t>(c.output().quant.zero_point());
    return fill;
}

void eval(EvalContext& c)
{
    const std::vector<int64_t>& before = before_of(c.node);
    const std::vector<uint8_t> fill = oracle_fill(c);
    const Shape& in = c.input(0).shape;
    Shape at(in.size(), 0), from(in.size());
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, c.output().shape)) {
        bool inside = true;
        for (size_t d = 0; d < in.size(); ++d) {
            from[d] = at[d] - before[d];
            inside = inside && from[d] >= 0 && from[d] < in[d];
        }
        if (inside) {
            copy_element(c, 0, index_of(from, in), 0, e);
        } else {
            std::ranges::copy(fill, c.out_bytes().begin() + e * static_cast<int64_t>(fill.size()));
        }
    }
}

// ---- lowering ----

std::vector<uint8_t> fill_bytes(const LowerContext& c)
{
    if (c.has_input(2)) return *c.input(2).data;
    std::vector<uint8_t> zero(static_cast<size_t>(element_bytes(c.output().type)), 0);
    if (zero.size() == 1 && c.output().type != DType::boolean && c.output().type != DType::i4)
        zero[0] = static_cast<uint8_t>(c.output().quant.zero_point() & 255);
    return zero;
}

void lower(LowerContext& c)
{
    const std::vector<int64_t>& before = before_of(c.node);
    const Shape& in = c.input(0).shape;
    if (in == c.output().shape) return c.alias(0);
    const std::vector<int64_t> in_steps = row_major_steps(in);
    const std::vector<int64_t> out_steps = row_major_steps(c.output().shape);
    Movement middle;
    for (size_t d = 0; d < in.size(); ++d) {
        middle.out_start += before[d] * out_steps[d];
        middle.axes.push_back({in[d], in_steps[d], out_steps[d]});
    }
    emit_fill(c, 0, fill_bytes(c));
    emit_move(c, 0, 0, middle);
}

}  // namespace

extern const OpDef op_pad;
const OpDef op_pad = {.name = "pad",
                      .tflite = {{"PAD", import_pad}, {"PADV2", import_pad}},
                      .infer = infer,
                      .eval = eval,
                      .lower = lower,
                      .same_attributes = equal_attributes<PadAttributes>,
                      .export_tflite = export_pad,
                      .quantization = rule_for_moves};

}  // namespace thimble
