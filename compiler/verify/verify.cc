#include "verify/verify.h"

#include "base/error.h"
#include "ops/control.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

constexpr size_t kTracedTicksMax = 4096;  // what they compute is kept in memory
constexpr size_t kCasesBySteps = 2;  // run again by NAME_step; the second follows upon the first

template <typename T> std::vector<double> numbers(std::span<const uint8_t> bytes)
{
    std::vector<double> values;
    for (size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + i, sizeof(T));
        values.push_back(static_cast<double>(value));
    }
    return values;
}

std::vector<double> numbers_of(DType type, std::span<const uint8_t> bytes)
{
    switch (type) {
    case DType::f32: return numbers<float>(bytes);
    case DType::f64: return numbers<double>(bytes);
    case DType::i16: return numbers<int16_t>(bytes);
    case DType::u16: case DType::f16: return numbers<uint16_t>(bytes);
    case DType::i32: return numbers<int32_t>(bytes);
    case DType::u32: return numbers<uint32_t>(bytes);
    case DType::i64: return numbers<int64_t>(bytes);
    case DType::u64: return numbers<uint64_t>(bytes);
    case DType::i8: case DType::i4: return numbers<int8_t>(bytes);
    default: return numbers<uint8_t>(bytes);
    }
}

// Steps whose outputs are compared besides the graph outputs: all, or what a final softmax hides.
std::vector<int> steps_to_trace(const Program& program, bool all)
{
    std::vector<int> steps;
    for (size_t s = 0; s < program.steps.size(); ++s) {
        const Node& node = program.graph.nodes[static_cast<size_t>(program.steps[s].node)];
        bool wanted = all;
        for (const Step& other : program.steps) {
            const Node& reader = program.graph.nodes[static_cast<size_t>(other.node)];
            const bool saturates =
                other.op == "softmax" || other.op == "logistic" || other.op == "log_softmax";
            wanted |= saturates &&
                      std::ranges::find(node.outputs, reader.inputs[0]) != node.outputs.end();
        }
        if (wanted && !traceable_outputs(program, static_cast<int>(s)).empty())
            steps.push_back(static_cast<int>(s));
    }
    return steps;
}

std::string layer_of(const Graph& graph, TensorId id)
{
    for (const Node& node : graph.nodes)
        if (std::ranges::find(node.outputs, id) != node.outputs.end()) return node.name;
    return "input";
}

// What was compared so far, a line for each tensor of the imported graph and its branches.
class Comparison {
public:
    Comparison(const Graph& imported, VerifyReport& report) : imported_(imported), report_(report)
    {
        report_.bit_exact = true;
    }

    void compare(size_t run, const TracePoint& point, const Bytes& want, const Bytes& have)
    {
        const TracePlace place = place_of(imported_, point);
        compare_values(place.graph->tensor(point.tensor), want, have, static_cast<int>(run),
                       line_of(point, place));
        report_.bit_exact = report_.bit_exact && want == have;
    }
    // Tensors of this graph and its branches that were not compared.
    void report_fused(const Graph& graph, const TracePoint& inside, const std::string& prefix)
    {
        for (const Node& node : graph.nodes) {
            for (const TensorId id : node.outputs)
                if (!lines_.count({inside.path, id}) && graph.tensor(id).bytes() > 0)
                    report_.tensors.push_back({.name = graph.tensor(id).name,
                                               .layer = prefix + node.name,
                                               .compared = false,
                                               .note = "fused away or computed at compile time"});
            if (node.attributes.type() != typeid(IfAttributes) || node.outputs.empty()) continue;
            int which = 0;
            for (const auto& body : bodies_of(node)) {
                TracePoint deeper = inside;
                deeper.path.emplace_back(node.outputs[0], which++);
                report_fused(*body, deeper, prefix + node.name + " / ");
            }
        }
    }

private:
    TensorReport& line_of(const TracePoint& point, const TracePlace& place)
    {
        const auto key = std::pair(point.path, point.tensor);
        if (const auto it = lines_.find(key); it != lines_.end())
            return report_.tensors[it->second];
        lines_[key] = report_.tensors.size();
        report_.tensors.push_back({.name = place.graph->tensor(point.tensor).name,
                                   .layer = place.prefix + layer_of(*place.graph, point.tensor),
                                   .compared = true});
        return report_.tensors.back();
    }

    const Graph& imported_;
    VerifyReport& report_;
    std::map<std::pair<std::vector<std::pair<TensorId, int>>, TensorId>, size_t> lines_;
};

// Tensors of loops have many values in a run: they are named, not compared.
void report_loops(const Program& program, VerifyReport& report)
{
    for (const Step& step : program.steps) {
        if (step.kind != StepKind::layer || !is_in_loop(program, step)) continue;
        const Node& node = program.graph.nodes[static_cast<size_t>(step.node)];
        const std::string outer = program.steps[static_cast<size_t>(step.region)].layer;
        for (const TensorId id : node.outputs)
            report.tensors.push_back({.name = program.graph.tensor(id).name,
                                      .layer = outer + " / " + step.layer,
                                      .compared = false,
                                      .note = "inside of a loop"});
    }
}

void sum_up(VerifyReport& report)
{
    report.outputs_compared = report.mismatches = 0;
    report.max_abs_error = 0;
    for (const TensorReport& tensor : report.tensors) {
        report.outputs_compared += tensor.elements;
        report.mismatches += tensor.mismatches;
        report.max_abs_error = std::max(report.max_abs_error, tensor.max_abs_error);
    }
}

// Which steps are traced, and what of it the imported graph has too.
struct TracePlan {
    std::vector<int> steps;
    std::vector<TracePoint> points;
    std::map<TensorId, size_t> of_tensor;  // of the program's graph -> points
};

TracePlan trace_plan(const Graph& imported, const Program& program, bool all)
{
    TracePlan plan;
    plan.steps = steps_to_trace(program, all);
    for (const int step : plan.steps)
        for (const TensorId id : traceable_outputs(program, step))
            if (std::optional<TracePoint> point = trace_point(imported, program, id)) {
                plan.of_tensor[id] = plan.points.size();
                plan.points.push_back(std::move(*point));
            }
    return plan;
}

void compare_runs(const Graph& imported, const TracePlan& plan, Comparison& comparison,
                  const std::vector<RunOutputs>& expected, const std::vector<RunOutputs>& found)
{
    for (size_t run = 0; run < found.size(); ++run) {
        for (const TracedTensor& tensor : found[run].traced) {
            const auto it = plan.of_tensor.find(tensor.tensor);
            if (it == plan.of_tensor.end()) continue;
            // A branch that only one of both took shows in what decided it, and in its results.
            const Bytes& want = expected[run].traced[it->second].bytes;
            if (want.size() != tensor.bytes.size()) continue;
            comparison.compare(run, plan.points[it->second], want, tensor.bytes);
        }
        for (size_t i = 0; i < imported.outputs.size(); ++i)
            comparison.compare(run, {{}, imported.outputs[i]}, expected[run].outputs[i],
                               found[run].outputs[i]);
    }
}

// The decisions of NAME_push and NAME_poll, the recordings cut in blocks, against those of the
// ticks.
void compare_pushed(const Program& program, const ResolvedTarget& target,
                    const std::vector<RawRecording>& recordings,
                    const std::vector<PipelineDecision>& expected, VerifyReport& report)
{
    const PipelineInterface& interface = *program.graph.interface;
    const std::vector<int64_t> blocks =
        interface.streamed() ? std::vector<int64_t>{1, 7, 160, 0} : std::vector<int64_t>{0};
    for (const int64_t block : blocks) {
        const auto found = run_recordings(program, target, recordings, block);
        TensorReport line{.name = "decisions", .layer = "NAME_decide", .compared = true};
        if (interface.streamed())
            line.layer = block == 0 ? "NAME_push of all samples"
                                    : fmt::format("NAME_push in blocks of {}", block);
        line.elements = static_cast<int64_t>(std::max(expected.size(), found.size()));
        for (size_t i = 0; i < std::max(expected.size(), found.size()); ++i) {
            const bool both = i < expected.size() && i < found.size();
            const bool same = both && expected[i].recording == found[i].recording &&
                              expected[i].samples == found[i].samples;
            bool equal = same;
            for (size_t v = 0; same && v < expected[i].values.size(); ++v) {
                TensorReport values;
                const Tensor& tensor = program.graph.tensor(program.graph.outputs[v + 1]);
                compare_values(tensor, expected[i].values[v], found[i].values[v], 0, values);
                equal = equal && values.mismatches == 0;
                line.max_abs_error = std::max(line.max_abs_error, values.max_abs_error);
            }
            if (equal || line.mismatches++ > 0) continue;
            const size_t recording =
                i < expected.size() ? expected[i].recording : found[i].recording;
            line.note = fmt::format("decision {} ({})", i, recordings[recording].name);
            line.first_case = static_cast<int>(recording);
            line.first_index = static_cast<int64_t>(i);
            line.first_expected = static_cast<double>(expected.size());
            line.first_found = static_cast<double>(found.size());
        }
        report.tensors.push_back(std::move(line));
    }
}

}  // namespace

void compare_values(const Tensor& tensor, std::span<const uint8_t> expected,
                    std::span<const uint8_t> found, int case_index, TensorReport& report)
{
    THIMBLE_CHECK(expected.size() == found.size(), tensor.name);
    report.elements += tensor.count();
    if (std::ranges::equal(expected, found)) return;
    const std::vector<double> a = numbers_of(tensor.type, expected);
    const std::vector<double> b = numbers_of(tensor.type, found);
    double largest = 0;
    for (const double value : a)
        if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
    const double tolerance = is_float(tensor.type) ? 1e-5 + 1e-4 * largest : 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]));
        const double error = same ? 0 : std::fabs(a[i] - b[i]);
        if (std::isfinite(error)) report.max_abs_error = std::max(report.max_abs_error, error);
        if (same || error <= tolerance) continue;
        if (report.mismatches++ > 0) continue;
        report.first_case = case_index;
        report.first_index = static_cast<int64_t>(i);
        report.first_expected = a[i];
        report.first_found = b[i];
    }
}

VerifyReport verify(const Graph& imported, const Program& program, const ResolvedTarget& target,
                    Match match, const std::vector<Case>& cases, const VerifyOptions& options)
{
    const TracePlan plan = trace_plan(imported, program, options.all_layers);
    std::vector<TensorBytes> inputs;
    for (const Case& one : cases) inputs.push_back(one.inputs);
    const std::vector<RunOutputs> expected =
        run_oracle(imported, match, options.keep_state, inputs, plan.points);
    const std::vector<RunOutputs> found = run_on_target(program, target, inputs, plan.steps);

    VerifyReport report;
    report.target = target.name;
    report.cases = static_cast<int>(cases.size());
    Comparison comparison(imported, report);
    compare_runs(imported, plan, comparison, expected, found);
    if (program.sequence_loop && program.sequence_loop->holds_input) {
        inputs.resize(std::min(inputs.size(), kCasesBySteps));
        const std::vector<RunOutputs> stepped = run_by_steps(program, target, inputs);
        for (size_t run = 0; run < inputs.size(); ++run)
            for (size_t i = 0; i < imported.outputs.size(); ++i)
                comparison.compare(run, {{}, imported.outputs[i]}, expected[run].outputs[i],
                                   stepped[run].outputs[i]);
    }
    sum_up(report);
    if (options.all_layers) {
        comparison.report_fused(imported, {}, "");
        report_loops(program, report);
    }
    return report;
}

VerifyReport verify_pipeline(const Graph& imported, const Program& program,
                             const ResolvedTarget& target, Match match,
                             const std::vector<RawRecording>& recordings)
{
    const TracePlan plan = trace_plan(imported, program, true);
    const std::vector<Tick> ticks = cut_ticks(imported, recordings);
    // Of long recordings all layers of the first ticks, and what every tick gives.
    const std::vector<Tick> traced(
        ticks.begin(),
        ticks.begin() + static_cast<std::ptrdiff_t>(std::min(ticks.size(), kTracedTicksMax)));
    auto expected = run_ticks_on_oracle(imported, match, traced, plan.points);
    auto found = run_ticks_on_target(program, target, traced, plan.steps);
    VerifyReport report;
    report.target = target.name;
    report.cases = static_cast<int>(recordings.size());
    report.ticks = static_cast<int64_t>(ticks.size());
    Comparison comparison(imported, report);
    compare_runs(imported, plan, comparison, expected, found);
    if (traced.size() < ticks.size()) {
        expected = run_ticks_on_oracle(imported, match, ticks);
        found = run_ticks_on_target(program, target, ticks);
        compare_runs(imported, plan, comparison, expected, found);
    }
    const std::vector<PipelineDecision> decisions = decisions_of(ticks, expected);
    report.decisions = static_cast<int64_t>(decisions.size());
    compare_pushed(program, target, recordings, decisions, report);
    sum_up(report);
    comparison.report_fused(imported, {}, "");
    report_loops(program, report);
    return report;
}

}  // namespace thimble
