// The mean of the last results of a stream, as many as there are:
//   held = the last min(count, n) of all x;  y = mean of held, element by element
//
//   inputs    x int8 or float32 [k]; held [n, k] of the same type, and filled int16 [1], states
//   output    like x
//
// int8 means are rounded half up in the stored numbers; floats are added from the oldest on. The
// import hook is for text cases: option `results`.
#include "ops/smooth.h"

#include "numeric/reference.h"
#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kValues, kHeld, kFilled };

void import_smooth(const TfliteOperator& source, Graph& graph, Node& node)
{
    const int64_t results = signal_option(signal_options(source), "results", 1, kSmoothResultsMax);
    require_inputs(node, 1, 1);
    const Tensor values = graph.input(node, kValues);
    if (values.type == DType::i8)
        add_signal_state(graph, node, "held", {results, values.count()}, int8_t{0});
    else
        add_signal_state(graph, node, "held", {results, values.count()}, 0.0f);
    add_signal_state(graph, node, "filled", {1}, int16_t{0});
    node.attributes = SmoothAttributes{results};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_input_type(graph, node, kValues, {DType::i8, DType::f32});
    const Tensor values = graph.input(node, kValues);
    const Tensor& held = graph.input(node, kHeld);
    const int64_t results = std::any_cast<const SmoothAttributes&>(node.attributes).results;
    require_shape(
        results >= 1 && results <= kSmoothResultsMax && values.count() > 0 &&
            held.count() == results * values.count(),
        fmt::format("values {}, held {}", shape_text(values.shape), shape_text(held.shape)),
        fmt::format("[{}, values]", results));
    const Tensor& filled = graph.input(node, kFilled);
    THIMBLE_CHECK(held.kind == TensorKind::state && held.type == values.type &&
                      filled.kind == TensorKind::state && filled.type == DType::i16,
                  node.name);
    set_output(graph, node, 0, values.type, values.shape);
    graph.tensor(node.outputs[0]).quant = values.quant;
}

// ---- oracle ----

int8_t mean_of(const std::vector<int8_t>& values)
{
    int64_t sum = 0;
    for (const int8_t value : values) sum += value;
    const auto count = static_cast<int64_t>(values.size());
    // Half up: the floor of sum / count + 1/2, whose numerator must not be negative in C++.
    constexpr int64_t offset = 128;
    return static_cast<int8_t>((2 * (sum + offset * count) + count) / (2 * count) - offset);
}

float mean_of(const std::vector<float>& values)
{
    float sum = 0;
    for (const float value : values) sum += value;
    return sum / static_cast<float>(values.size());
}

template <typename T>
void eval_as(EvalContext& c)
{
    const auto values = c.in<T>(kValues);
    const auto held = c.state<T>(kHeld);
    int16_t& filled = c.state<int16_t>(kFilled)[0];
    const size_t k = values.size(), results = held.size() / k;
    if (static_cast<size_t>(filled) == results)
        std::copy(held.begin() + static_cast<std::ptrdiff_t>(k), held.end(), held.begin());
    else
        ++filled;
    std::ranges::copy(values, held.begin() + static_cast<std::ptrdiff_t>((filled - 1) * k));
    for (size_t i = 0; i < k; ++i) {
        std::vector<T> column;
        for (size_t row = 0; row < static_cast<size_t>(filled); ++row)
            column.push_back(held[row * k + i]);
        c.out<T>()[i] = mean_of(column);
    }
}

void eval(EvalContext& c)
{
    if (c.input(kValues).type == DType::i8)
        eval_as<int8_t>(c);
    else
        eval_as<float>(c);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call(
        c.input(kValues).type == DType::i8 ? "thb_smooth_s8" : "thb_smooth_f32",
        {c.in(kValues), c.in_flash(kValues), c.state(kHeld), c.state(kFilled), c.out(),
         c.number(c.input(kValues).count(), "thb_index_t"),
         c.number(std::any_cast<const SmoothAttributes&>(c.node.attributes).results, "int16_t")});
}

}  // namespace

extern const OpDef op_smooth;
const OpDef op_smooth = {.name = "smooth",
                         .tflite = {{"CUSTOM:ThimbleSmooth", import_smooth}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .has_side_effect = true};

}  // namespace thimble
