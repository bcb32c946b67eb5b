// Collects a window of rows once the motion starts.
//
//   strong(row) = sum_c |row[c]| > threshold
//
// While it waits, the last `before` rows are kept at the begin of the window. A strong row starts
// it, if `before` rows are there and, after a window, at least `rearm` rows in a row have been
// weak: this row and those that follow are appended until the window is full. Then `valid` is true
// for one run. The rows of a full window are the history of the next one.
//
// Row int8, int16 or float32. Integers are summed exactly; floats one after another in float32.
// The import hook is for text cases: options threshold, samples, before, rearm; outputs valid and a
// copy of the window.
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/signal.h"
#include "ops/stream.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kRow, kWindow, kProgress };
// Elements of the progress: rows held, whether the window has started, weak rows still to pass.
enum : size_t { kHeld, kStarted, kQuiet, kProgressSize };

constexpr int64_t kRowsMax = INT16_MAX;
constexpr int64_t kChannelsMax = 1024;  // their sum of int16 fits 31 bits

const TriggerAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const TriggerAttributes&>(node.attributes);
}

void import_trigger(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    TriggerAttributes attributes;
    attributes.threshold = options.f64("threshold");
    attributes.before = signal_option(options, "before", 0, kRowsMax);
    attributes.rearm = signal_option(options, "rearm", 0, kRowsMax);
    const int64_t samples = signal_option(options, "samples", 1, kRowsMax);
    require_inputs(node, 1, 1);
    const Tensor row = graph.input(node, kRow);
    require_shape(row.count() >= 1 && row.count() <= kChannelsMax, "row " + shape_text(row.shape),
                  fmt::format("1 to {} values", kChannelsMax));
    const TensorId window = add_stream_state(graph, node, "window", row.type,
                                             {samples, row.count()}, row.quant, {});
    add_stream_state(graph, node, "progress", DType::i16, {kProgressSize}, {}, {});
    node.attributes = attributes;
    give_window(graph, node, window);
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    const TriggerAttributes& a = attributes_of(node);
    const Tensor& row = graph.input(node, kRow);
    const Tensor& window = graph.input(node, kWindow);
    require_plain_type(row.type, {DType::i8, DType::i16, DType::f32});
    const bool states = window.kind == TensorKind::state && window.type == row.type &&
                        graph.input(node, kProgress).kind == TensorKind::state &&
                        graph.input(node, kProgress).type == DType::i16;
    THIMBLE_CHECK(states, "states of " + node.name);
    require_shape(row.count() >= 1 && row.count() <= kChannelsMax && window.shape.size() == 2 &&
                      window.shape[1] == row.count() && window.shape[0] >= 1 &&
                      window.shape[0] <= kRowsMax &&
                      graph.input(node, kProgress).count() == kProgressSize,
                  fmt::format("row {} of window {}", shape_text(row.shape),
                              shape_text(window.shape)),
                  fmt::format("[channels] of [samples, channels], at most {} of {}", kRowsMax,
                              kChannelsMax));
    require_shape(a.before >= 0 && a.before < window.shape[0] && a.rearm >= 0 &&
                      a.rearm <= kRowsMax && std::isfinite(a.threshold),
                  fmt::format("{} rows before, rearm {}, threshold {}", a.before, a.rearm,
                              a.threshold),
                  "fewer rows before than the window has; a finite threshold");
    Tensor& valid = graph.tensor(node.outputs[0]);
    valid.type = DType::boolean;
    valid.shape = {1};
}

// ---- oracle ----

bool is_strong(EvalContext& c, double threshold)
{
    if (c.input(kRow).type == DType::f32) {
        float sum = 0;
        for (const float value : c.in<float>(kRow)) sum += std::fabs(value);
        return sum > static_cast<float>(threshold);
    }
    double sum = 0;
    for (const double value : c.raw(kRow)) sum += std::fabs(value);
    return sum > threshold;
}

void eval(EvalContext& c)
{
    const TriggerAttributes& a = attributes_of(c.node);
    const auto row = c.in_bytes(kRow);
    const auto window = c.state_bytes(kWindow);
    const auto progress = c.state<int16_t>(kProgress);
    const auto before = static_cast<size_t>(a.before);
    const size_t samples = window.size() / row.size();
    // The rows as a list, for the sake of clarity.
    std::vector<std::vector<uint8_t>> rows;
    for (size_t i = 0; i < static_cast<size_t>(progress[kHeld]); ++i) {
        const auto begin = window.begin() + static_cast<std::ptrdiff_t>(i * row.size());
        rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(row.size()));
    }
    bool started = progress[kStarted] != 0;
    int64_t quiet = progress[kQuiet];
    if (rows.size() == samples) {
        rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(before));
        started = false;
        quiet = a.rearm;
    }
    const bool strong = is_strong(c, a.threshold);
    if (!started) {
        started = strong && quiet == 0 && rows.size() == before;
        if (quiet > 0) quiet = strong ? a.rearm : quiet - 1;
    }
    rows.emplace_back(row.begin(), row.end());
    if (!started && rows.size() > before) rows.erase(rows.begin());
    for (size_t i = 0; i < rows.size(); ++i)
        std::ranges::copy(rows[i],
                          window.begin() + static_cast<std::ptrdiff_t>(i * row.size()));
    progress[kHeld] = static_cast<int16_t>(rows.size());
    progress[kStarted] = started;
    progress[kQuiet] = static_cast<int16_t>(quiet);
    c.out<uint8_t>()[0] = rows.size() == samples;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const TriggerAttributes& a = attributes_of(c.node);
    const Tensor& row = c.input(kRow);
    const int64_t channels = row.count();
    const bool real = row.type == DType::f32;
    const Arg strong = c.scratch(1, 1, "uint8_t*");
    Arg strong_in = strong;
    strong_in.c_type = "const uint8_t*";
    if (real) {
        c.call("thb_is_strong_f32",
               {c.in(kRow), c.in_flash(kRow), strong, c.number(channels, "thb_index_t"),
                c.number(static_cast<float>(a.threshold))});
    } else {
        // A sum of integers is above the threshold when it is above its whole part.
        const double whole = std::clamp(std::floor(a.threshold), -1.0, double{INT32_MAX});
        c.call("thb_is_strong_int",
               {c.in(kRow), c.in_flash(kRow), type_key(c, row.type), strong,
                c.number(channels, "thb_index_t"),
                c.number(static_cast<int64_t>(whole), "int32_t")});
    }
    c.call("thb_trigger",
           {strong_in, c.in(kRow), c.in_flash(kRow), c.state(kWindow), c.state(kProgress), c.out(),
            c.number(channels * element_bytes(row.type), "thb_index_t"),
            c.number(c.input(kWindow).shape[0], "int16_t"), c.number(a.before, "int16_t"),
            c.number(a.rearm, "int16_t")});
}

}  // namespace

extern const OpDef op_read;

void give_window(Graph& graph, Node& node, TensorId window)
{
    require_outputs(node, 2);
    Node copy = node;
    copy.name += " window";
    copy.op = &op_read;
    copy.attributes.reset();
    copy.inputs = {window};
    copy.outputs = {node.outputs[1]};
    // The hook's node is appended behind those that it adds itself: the two change places.
    Node collect = node;
    collect.outputs = {node.outputs[0]};
    collect.op->infer(graph, collect);
    graph.nodes.push_back(std::move(collect));
    node = std::move(copy);
}

TensorId add_stream_state(Graph& graph, Node& node, const std::string& what, DType type,
                          Shape shape, Quantization quant, std::vector<uint8_t> initial)
{
    Tensor tensor;
    tensor.name = what + " of " + node.name;
    tensor.type = type;
    tensor.shape = std::move(shape);
    tensor.quant = std::move(quant);
    tensor.kind = TensorKind::state;
    require_shape(tensor.bytes() <= int64_t{1} << 24,
                  "a state of shape " + shape_text(tensor.shape), "at most 2^24 bytes");
    initial.resize(static_cast<size_t>(tensor.bytes()));
    tensor.data = std::make_shared<const std::vector<uint8_t>>(std::move(initial));
    const TensorId id = graph.add_tensor(std::move(tensor));
    node.inputs.push_back(id);
    return id;
}

extern const OpDef op_trigger;
const OpDef op_trigger = {.name = "trigger",
                          .tflite = {{"CUSTOM:ThimbleTrigger", import_trigger}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .has_side_effect = true};

}  // namespace thimble
