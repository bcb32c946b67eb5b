// Runs a body once for every step of a sequence (control.h): for t: (c, y[t]) = body(x[t], c, ...).
//
// No file format holds it: passes make it from loops and from unrolled networks. There is no
// `lower`: plan/schedule puts the body's own kernel calls between the two ends of a loop.
#include "ops/by_turn.h"
#include "ops/control.h"
#include "ops/evaluate.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace thimble {

namespace {

const ScanAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ScanAttributes&>(node.attributes);
}

Shape slice_shape(Shape shape, int64_t axis)
{
    shape.at(static_cast<size_t>(axis)) = 1;
    return shape;
}

void check_sequences(const Graph& graph, const Node& node)
{
    const ScanAttributes& a = attributes_of(node);
    for (size_t i = 0; i < a.sequence_axes.size(); ++i) {
        const Tensor& sequence = graph.input(node, i);
        const int64_t axis = a.sequence_axes[i];
        require_shape(axis >= 0 && axis < static_cast<int64_t>(sequence.shape.size()) &&
                          sequence.shape[static_cast<size_t>(axis)] == a.trip_count,
                      fmt::format("sequence {} has shape {}", i, shape_text(sequence.shape)),
                      fmt::format("{} steps along axis {}", a.trip_count, axis));
        require_shape(sequence.kind != TensorKind::state, "a state as a sequence", "an activation");
        Tensor slice = sequence;
        slice.shape = slice_shape(sequence.shape, axis);
        require_same_tensor(a.body->tensor(a.body->inputs[i]), slice,
                            fmt::format("input {} of the body", i));
    }
}

void set_outputs(Graph& graph, Node& node)
{
    const ScanAttributes& a = attributes_of(node);
    const auto carried = static_cast<size_t>(a.carried);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
        const Tensor& from = a.body->tensor(a.body->outputs[i]);
        Tensor& to = graph.tensor(node.outputs[i]);
        to.type = from.type;
        to.shape = from.shape;
        if (!to.quant.present()) to.quant = from.quant;
        if (i < carried) continue;
        const int64_t axis = a.stacked_axes[i - carried];
        require_shape(axis >= 0 && axis < static_cast<int64_t>(from.shape.size()) &&
                          from.shape[static_cast<size_t>(axis)] == 1,
                      fmt::format("output {} of the body has shape {}", i, shape_text(from.shape)),
                      fmt::format("one step along axis {}", axis));
        to.shape[static_cast<size_t>(axis)] = a.trip_count;
    }
}

void infer(Graph& graph, Node& node)
{
    const ScanAttributes& a = attributes_of(node);
    const size_t sequences = a.sequence_axes.size();
    const auto carried = static_cast<size_t>(a.carried);
    require_shape(a.trip_count > 0, fmt::format("{} steps", a.trip_count), "at least one step");
    check_body(graph, node, *a.body, 0);
    require_shape(node.inputs.size() >= sequences + carried,
                  fmt::format("{} inputs", node.inputs.size()),
                  fmt::format("at least {}", sequences + carried));
    require_outputs(node, carried + a.stacked_axes.size());
    require_body_outputs(*a.body, node.outputs.size());
    check_sequences(graph, node);
    for (size_t i = sequences; i < node.inputs.size(); ++i)
        require_same_tensor(a.body->tensor(a.body->inputs[i]), graph.input(node, i),
                            fmt::format("input {} of the body", i));
    for (size_t i = 0; i < carried; ++i)
        require_same_tensor(a.body->tensor(a.body->outputs[i]), graph.input(node, sequences + i),
                            fmt::format("output {} of the body", i));
    set_outputs(graph, node);
}

// ---- oracle ----

// Bytes of the blocks in front of which, and of one step in which, a tensor is cut along an axis.
struct Cut {
    size_t blocks;      // product of the dimensions before the axis
    size_t step_bytes;  // of one step within a block
    size_t steps;
};

Cut cut_of(const Tensor& tensor, int64_t axis)
{
    Cut cut = {1, static_cast<size_t>(element_bytes(tensor.type)),
               static_cast<size_t>(tensor.shape[static_cast<size_t>(axis)])};
    for (size_t d = 0; d < tensor.shape.size(); ++d) {
        const auto size = static_cast<size_t>(tensor.shape[d]);
        if (static_cast<int64_t>(d) < axis) cut.blocks *= size;
        if (static_cast<int64_t>(d) > axis) cut.step_bytes *= size;
    }
    return cut;
}

std::vector<uint8_t> slice_at(std::span<const uint8_t> bytes, const Cut& cut, size_t t)
{
    std::vector<uint8_t> slice;
    for (size_t b = 0; b < cut.blocks; ++b) {
        const auto from = bytes.subspan((b * cut.steps + t) * cut.step_bytes, cut.step_bytes);
        slice.insert(slice.end(), from.begin(), from.end());
    }
    return slice;
}

void put_slice(std::span<const uint8_t> slice, const Cut& cut, size_t t, std::span<uint8_t> bytes)
{
    for (size_t b = 0; b < cut.blocks; ++b)
        std::ranges::copy(
            slice.subspan(b * cut.step_bytes, cut.step_bytes),
            bytes.subspan((b * cut.steps + t) * cut.step_bytes, cut.step_bytes).begin());
}

void eval(EvalContext& c)
{
    const ScanAttributes& a = attributes_of(c.node);
    const size_t sequences = a.sequence_axes.size();
    const auto carried = static_cast<size_t>(a.carried);
    std::optional<Graph> changed;  // the body of this turn, where scales change with the turns
    std::optional<BodyEvaluator> evaluator;
    if (!changes_by_turn(*a.body)) evaluator.emplace(c, *a.body, 0, c.budget);
    std::vector<std::vector<uint8_t>> values;
    for (size_t i = 0; i < carried; ++i)
        values.emplace_back(c.in_bytes(sequences + i).begin(), c.in_bytes(sequences + i).end());
    for (int64_t step = 0; step < a.trip_count; ++step) {
        const auto t = static_cast<size_t>(a.reverse ? a.trip_count - 1 - step : step);
        if (changes_by_turn(*a.body)) {
            changed = graph_at_turn(*a.body, static_cast<size_t>(step));
            evaluator.emplace(c, *changed, 0, c.budget);
        }
        BodyEvaluator& body = *evaluator;
        for (size_t i = 0; i < sequences; ++i)
            body.set_input(i, slice_at(c.in_bytes(i), cut_of(c.input(i), a.sequence_axes[i]), t));
        for (size_t i = 0; i < carried; ++i) body.set_input(sequences + i, values[i]);
        body.run();
        for (size_t i = 0; i < carried; ++i)
            values[i].assign(body.output(i).begin(), body.output(i).end());
        for (size_t i = carried; i < c.node.outputs.size(); ++i)
            put_slice(body.output(i), cut_of(c.output(i), a.stacked_axes[i - carried]), t,
                      c.out_bytes(i));
    }
    for (size_t i = 0; i < carried; ++i) std::ranges::copy(values[i], c.out_bytes(i).begin());
}

int64_t macs(const Graph&, const Node& node)
{
    return attributes_of(node).trip_count * graph_macs(*attributes_of(node).body);
}

}  // namespace

extern const OpDef op_scan;
const OpDef op_scan = {.name = "scan", .tflite = {}, .infer = infer, .eval = eval, .macs = macs};

}  // namespace thimble
