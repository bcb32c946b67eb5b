// Comparisons with broadcasting: EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL.
//
// Quantized int8 and uint8 are compared in steps of 1/256 of the real unit, as the reference does:
// two different small numbers may compare equal (docs/numerics.md, "Comparisons"). Other types: as
// they are.
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

enum class Relation { equal, not_equal, less, less_equal, greater, greater_equal };

template <Relation relation> void import_relation(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = relation;
}

bool is_scaled(const Graph& graph, const Node& node)
{
    const Tensor& a = graph.input(node, 0);
    return (a.type == DType::i8 || a.type == DType::u8) && a.quant.present() &&
           graph.input(node, 1).quant.present();
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    const DType type = graph.input(node, 0).type;
    require_plain_type(type, {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64,
                              DType::boolean});
    infer_pair(graph, node, DType::boolean);
    require_per_tensor(graph, node);
    if (!is_scaled(graph, node)) return;
    for (const size_t input : {size_t{0}, size_t{1}}) {
        const float scale = graph.input(node, input).quant.scale();
        require(scale < 1.0f, ErrorCode::T0205,
                {"", fmt::format("input {} has scale {}", input, scale), "a scale below 1",
                 "quantise the model again"});
    }
}

// ---- oracle ----

template <typename T> bool holds(Relation relation, T a, T b)
{
    switch (relation) {
    case Relation::equal: return a == b;
    case Relation::not_equal: return a != b;
    case Relation::less: return a < b;
    case Relation::less_equal: return a <= b;
    case Relation::greater: return a > b;
    case Relation::greater_equal: return a >= b;
    }
    return false;
}

template <typename T> void eval_scaled(EvalContext& c)
{
    const auto value = [&](T q, size_t input) {
        const Quantization& quant = c.input(input).quant;
        const auto factor = reference::quantize_multiplier(static_cast<double>(quant.scale()));
        return reference::multiply((q - quant.zero_point()) * 256, factor);
    };
    const auto relation = std::any_cast<Relation>(c.node.attributes);
    eval_pairs<T, uint8_t>(c, [&](T a, T b) { return holds(relation, value(a, 0), value(b, 1)); });
}

template <typename T> void eval_direct(EvalContext& c)
{
    const auto relation = std::any_cast<Relation>(c.node.attributes);
    eval_pairs<T, uint8_t>(c, [&](T a, T b) { return holds(relation, a, b); });
}

void eval(EvalContext& c)
{
    const DType type = c.input(0).type;
    if (is_scaled(c.graph, c.node))
        return type == DType::i8 ? eval_scaled<int8_t>(c) : eval_scaled<uint8_t>(c);
    switch (type) {
    case DType::f32: return eval_direct<float>(c);
    case DType::i8: return eval_direct<int8_t>(c);
    case DType::i16: return eval_direct<int16_t>(c);
    case DType::i32: return eval_direct<int32_t>(c);
    case DType::i64: return eval_direct<int64_t>(c);
    default: return eval_direct<uint8_t>(c);
    }
}

// ---- lowering ----

Arg relation_key(LowerContext& c)
{
    constexpr std::string_view names[] = {"EQUAL",      "NOT_EQUAL", "LESS",
                                          "LESS_EQUAL", "GREATER",   "GREATER_EQUAL"};
    const auto relation = std::any_cast<Relation>(c.node.attributes);
    return c.key_text("THB_COMPARE_" + std::string(names[static_cast<size_t>(relation)]));
}

void lower_scaled(LowerContext& c)
{
    std::vector<Arg> args = pair_args(c);
    args.push_back(relation_key(c));
    for (const size_t input : {size_t{0}, size_t{1}}) {
        const Quantization& quant = c.input(input).quant;
        const Requant factor = requant_of(quant.scale());
        args.push_back(c.number(quant.zero_point(), "int16_t"));
        args.push_back(c.number(factor.multiplier, "int32_t"));
        args.push_back(c.number(factor.shift, "int8_t"));
    }
    c.call("thb_compare_s8", args);
}

void lower(LowerContext& c)
{
    if (is_scaled(c.graph, c.node)) return lower_scaled(c);
    const DType type = c.input(0).type;
    std::vector<Arg> args = pair_args(c);
    args.push_back(relation_key(c));
    if (type == DType::f32) return c.call("thb_compare_f32", args);
    if (type == DType::i64) return c.call("thb_compare_s64", args);
    args.push_back(type_key(c, type));
    c.call("thb_compare_int", args);
}

}  // namespace

extern const OpDef op_compare;
const OpDef op_compare = {.name = "compare",
                          .tflite = {{"EQUAL", import_relation<Relation::equal>},
                                     {"NOT_EQUAL", import_relation<Relation::not_equal>},
                                     {"LESS", import_relation<Relation::less>},
                                     {"LESS_EQUAL", import_relation<Relation::less_equal>},
                                     {"GREATER", import_relation<Relation::greater>},
                                     {"GREATER_EQUAL", import_relation<Relation::greater_equal>}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .same_attributes = equal_attributes<Relation>,
                          .export_tflite = export_plain};

}  // namespace thimble
