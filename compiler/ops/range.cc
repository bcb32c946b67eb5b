// Numbers with equal distances: y[i] = start + i * delta, up to but without the limit: RANGE.
//
// The length is the output's shape, so start, limit and delta must be constants. Floats are added
// up one after the other, as the reference kernel does.
#include "formats/tflite.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

void import_range(const TfliteOperator&, Graph&, Node&) {}

// The number in input `index`, widened.
double constant_number(const Graph& graph, const Node& node, size_t index)
{
    const Tensor& tensor = graph.input(node, index);
    require(tensor.is_constant(), ErrorCode::T0204,
            {"", fmt::format("range '{}' is computed at run time", tensor.name), "a constant",
             "export the model with fixed shapes"});
    require_shape(tensor.count() == 1, "a bound of shape " + shape_text(tensor.shape),
                  "one number");
    return tensor.type == DType::f32 ? static_cast<double>(tensor.values<float>()[0])
                                     : static_cast<double>(tensor.integers()[0]);
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    double numbers[3];
    for (size_t i = 0; i < 3; ++i) {
        require_input_type(graph, node, i, {DType::f32, DType::i32, DType::i64});
        if (graph.input(node, i).type != graph.input(node, 0).type)
            fail_type("bounds of different types", "one type");
        numbers[i] = constant_number(graph, node, i);
        require_shape(std::abs(numbers[i]) < 1e15, fmt::format("bound {}", numbers[i]),
                      "a finite number below 10^15");
    }
    const double delta = numbers[2];
    const double steps = delta == 0 ? -1 : std::ceil((numbers[1] - numbers[0]) / delta);
    require_shape(delta != 0 && steps < 1e9,
                  fmt::format("from {} to {} by {}", numbers[0], numbers[1], delta),
                  "a step other than 0, and below 10^9 numbers");
    set_output(graph, node, 0, graph.input(node, 0).type,
               {steps > 0 ? static_cast<int64_t>(steps) : 0});
}

// ---- oracle ----

template <typename T> void eval_integer(EvalContext& c)
{
    int64_t value = c.in<T>(0)[0];
    for (T& element : c.out<T>()) {
        element = static_cast<T>(value);
        value += c.in<T>(2)[0];
    }
}

void eval_float(EvalContext& c)
{
    float value = c.in<float>(0)[0];
    for (float& element : c.out<float>()) {
        element = value;
        value += c.in<float>(2)[0];
    }
}

void eval(EvalContext& c)
{
    switch (c.output().type) {
    case DType::i32: return eval_integer<int32_t>(c);
    case DType::i64: return eval_integer<int64_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

// Wide is float, or int64: the number behind the last one may not fit T.
template <typename T, typename Wide> Arg numbers(LowerContext& c)
{
    std::vector<T> values;
    Wide next = c.input(0).values<T>()[0];
    while (static_cast<int64_t>(values.size()) < c.output().count()) {
        values.push_back(static_cast<T>(next));
        next += c.input(2).values<T>()[0];
    }
    return c.table(values, "range " + c.node.name);
}

void lower(LowerContext& c)
{
    if (c.output().count() == 0) return;
    const DType type = c.output().type;
    const Arg table = type == DType::i32   ? numbers<int32_t, int64_t>(c)
                      : type == DType::i64 ? numbers<int64_t, int64_t>(c)
                                           : numbers<float, float>(c);
    c.call("thb_copy", {untyped_in(table), c.key(int64_t{1}), untyped_out(c.out()),
                        c.number(c.output().bytes(), "uint32_t")});
}

}  // namespace

extern const OpDef op_range;
const OpDef op_range = {.name = "range",
                        .tflite = {{"RANGE", import_range}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .export_tflite = export_plain};

}  // namespace thimble
