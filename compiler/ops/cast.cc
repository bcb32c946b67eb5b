// The same numbers as another element type.
//
// Integers wrap when they do not fit. Floats lose their fraction; beyond int32 (int64 for 64-bit
// types), which C leaves undefined, they saturate there before they wrap, and NaN becomes 0.
// Anything but zero is true.
#include "formats/tflite_fields.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void export_cast(TfliteExport& file, const Node& node)
{
    namespace field = tflite_field::cast;
    const auto number = [](const Tensor& tensor) {
        return static_cast<int8_t>(tflite_type_number(tensor.type));
    };
    file.write(node, "CAST",
               {{field::in_data_type, number(file.graph.input(node, 0))},
                {field::out_data_type, number(file.graph.output(node, 0))}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    Tensor& out = graph.tensor(node.outputs[0]);
    const std::initializer_list<DType> known = {DType::f32, DType::i8,     DType::u8,  DType::i16,
                                                DType::u16, DType::i32,    DType::u32, DType::i64,
                                                DType::u64, DType::boolean};
    if (!(in.type == DType::f16 && out.type == DType::f32)) {
        require_plain_type(in.type, known);
        require_plain_type(out.type, known);
    }
    out.shape = in.shape;
}

bool is_64_bit(DType type)
{
    return type == DType::i64 || type == DType::u64 || type == DType::u32;
}

// ---- oracle ----

int64_t whole(float x, bool wide)
{
    if (std::isnan(x)) return 0;
    const double limit = wide ? 9223372036854775808.0 : 2147483648.0;
    if (x >= limit) return wide ? INT64_MAX : INT32_MAX;
    if (x < -limit) return wide ? INT64_MIN : INT32_MIN;
    return static_cast<int64_t>(x);
}

template <typename From, typename To> void eval_between(EvalContext& c)
{
    const auto in = c.in<From>(0);
    const auto out = c.out<To>();
    for (size_t i = 0; i < out.size(); ++i) {
        if (c.output().type == DType::boolean) {
            out[i] = static_cast<To>(in[i] != From{0});
        } else if (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
            out[i] = static_cast<To>(whole(static_cast<float>(in[i]), is_64_bit(c.output().type)));
        } else {
            out[i] = static_cast<To>(in[i]);
        }
    }
}

template <typename From> void eval_from(EvalContext& c)
{
    switch (c.output().type) {
    case DType::f32: return eval_between<From, float>(c);
    case DType::i8: return eval_between<From, int8_t>(c);
    case DType::i16: return eval_between<From, int16_t>(c);
    case DType::u16: return eval_between<From, uint16_t>(c);
    case DType::i32: return eval_between<From, int32_t>(c);
    case DType::u32: return eval_between<From, uint32_t>(c);
    case DType::i64: return eval_between<From, int64_t>(c);
    case DType::u64: return eval_between<From, uint64_t>(c);
    default: return eval_between<From, uint8_t>(c);
    }
}

void eval(EvalContext& c)
{
    switch (c.input(0).type) {
    case DType::f32: return eval_from<float>(c);
    case DType::i8: return eval_from<int8_t>(c);
    case DType::i16: return eval_from<int16_t>(c);
    case DType::u16: return eval_from<uint16_t>(c);
    case DType::i32: return eval_from<int32_t>(c);
    case DType::u32: return eval_from<uint32_t>(c);
    case DType::i64: return eval_from<int64_t>(c);
    case DType::u64: return eval_from<uint64_t>(c);
    case DType::f16: break;
    default: return eval_from<uint8_t>(c);
    }
    const std::vector<double> halves = c.raw(0);
    for (size_t i = 0; i < halves.size(); ++i) c.out<float>()[i] = static_cast<float>(halves[i]);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const DType from = c.input(0).type;
    const DType to = c.output().type;
    const Arg count = c.number(c.output().count(), "thb_index_t");
    if (from == DType::f16)
        return c.call("thb_dequantize_f16", {c.in(0), c.in_flash(0), c.out(), count});
    const bool same_bits = is_integer(from) && is_integer(to) &&
                           element_bytes(from) == element_bytes(to);
    if (from == to || same_bits || (from == DType::boolean && (to == DType::i8 || to == DType::u8)))
        return c.alias(0);
    if (element_bytes(from) >= element_bytes(to)) c.allow_in_place(0);
    c.call("thb_cast",
           {c.in(0), c.in_flash(0), type_key(c, from), c.out(), type_key(c, to), count});
}

}  // namespace

extern const OpDef op_cast;
const OpDef op_cast = {.name = "cast",
                       .tflite = {{"CAST", import_nothing}},
                       .infer = infer,
                       .eval = eval,
                       .lower = lower,
                       .export_tflite = export_cast};

}  // namespace thimble
