#include "verify/verify.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

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

TensorReport& report_of(VerifyReport& report, std::map<TensorId, size_t>& index, TensorId id,
                        const Tensor& tensor, std::string layer)
{
    if (const auto it = index.find(id); it != index.end()) return report.tensors[it->second];
    index[id] = report.tensors.size();
    report.tensors.push_back({.name = tensor.name, .layer = std::move(layer), .compared = true});
    return report.tensors.back();
}

std::string layer_of(const Graph& graph, TensorId id)
{
    for (const Node& node : graph.nodes)
        if (std::ranges::find(node.outputs, id) != node.outputs.end()) return node.name;
    return "input";
}

// With all layers asked for, tensors of the imported graph that no step produced are listed too.
void report_fused(const Graph& imported, const std::map<TensorId, size_t>& index,
                  VerifyReport& report)
{
    for (const Node& node : imported.nodes)
        for (const TensorId id : node.outputs)
            if (!index.count(id) && imported.tensor(id).bytes() > 0)
                report.tensors.push_back({.name = imported.tensor(id).name,
                                          .layer = node.name,
                                          .compared = false,
                                          .note = "fused away or computed at compile time"});
}

// Tensors of bodies have many values in a run, or none: they are named, not compared.
void report_bodies(const Program& program, VerifyReport& report)
{
    for (const Step& step : program.steps) {
        if (step.region < 0 || step.kind != StepKind::layer) continue;
        const Node& node = program.graph.nodes[static_cast<size_t>(step.node)];
        const std::string outer = program.steps[static_cast<size_t>(step.region)].layer;
        for (const TensorId id : node.outputs)
            report.tensors.push_back({.name = program.graph.tensor(id).name,
                                      .layer = outer + " / " + step.layer,
                                      .compared = false,
                                      .note = "inside of a loop or branch"});
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
    const std::vector<int> steps = steps_to_trace(program, options.all_layers);
    std::vector<TensorId> traced;  // those that exist in the imported graph with the same meaning
    for (const int step : steps)
        for (const TensorId id : traceable_outputs(program, step))
            if (id < static_cast<TensorId>(imported.tensors.size())) traced.push_back(id);
    std::vector<TensorBytes> inputs;
    for (const Case& one : cases) inputs.push_back(one.inputs);
    const std::vector<RunOutputs> expected =
        run_oracle(imported, match, options.keep_state, inputs, traced);
    const std::vector<RunOutputs> found =
        run_on_target(program, target, inputs, steps);

    VerifyReport report;
    report.target = target.name;
    report.cases = static_cast<int>(cases.size());
    report.bit_exact = true;
    std::map<TensorId, size_t> index;
    const auto compare = [&](size_t run, TensorId id, const Bytes& want, const Bytes& have) {
        const Tensor& tensor = imported.tensor(id);
        compare_values(tensor, want, have, static_cast<int>(run),
                       report_of(report, index, id, tensor, layer_of(imported, id)));
        report.bit_exact = report.bit_exact && want == have;
    };
    for (size_t run = 0; run < cases.size(); ++run) {
        size_t next = 0;
        for (const TracedTensor& tensor : found[run].traced) {
            if (next >= traced.size() || traced[next] != tensor.tensor) continue;
            compare(run, tensor.tensor, expected[run].traced[next].bytes, tensor.bytes);
            ++next;
        }
        for (size_t i = 0; i < imported.outputs.size(); ++i)
            compare(run, imported.outputs[i], expected[run].outputs[i], found[run].outputs[i]);
    }
    if (program.sequence_loop && program.sequence_loop->holds_input) {
        inputs.resize(std::min(inputs.size(), kCasesBySteps));
        const std::vector<RunOutputs> stepped = run_by_steps(program, target, inputs);
        for (size_t run = 0; run < inputs.size(); ++run)
            for (size_t i = 0; i < imported.outputs.size(); ++i)
                compare(run, imported.outputs[i], expected[run].outputs[i],
                        stepped[run].outputs[i]);
    }
    for (const TensorReport& tensor : report.tensors) {
        report.outputs_compared += tensor.elements;
        report.mismatches += tensor.mismatches;
        report.max_abs_error = std::max(report.max_abs_error, tensor.max_abs_error);
    }
    if (options.all_layers) {
        report_fused(imported, index, report);
        report_bodies(program, report);
    }
    return report;
}

}  // namespace thimble
