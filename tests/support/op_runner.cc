#include "op_runner.h"

#include "base/error.h"
#include "compile.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "verify/verify.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

struct Failure {
    std::string text;
};

OpCaseResult failed(std::string reason) { return {OpCaseResult::State::failed, std::move(reason)}; }

std::vector<OpCaseTensor> outputs_of(const OpCase& one)
{
    std::vector<OpCaseTensor> outputs;
    for (const OpCaseTensor& tensor : one.tensors)
        if (tensor.role == OpCaseRole::output) outputs.push_back(tensor);
    return outputs;
}

// Floats within `tolerance` absolute and relative to the largest magnitude; the rest byte for byte.
void compare_floats(const OpCase& one, const Tensor& tensor, const Bytes& want, const Bytes& have,
                    const std::string& who)
{
    double largest = 0;
    std::vector<float> a(want.size() / 4), b(have.size() / 4);
    std::memcpy(a.data(), want.data(), want.size());
    std::memcpy(b.data(), have.data(), have.size());
    for (const float value : a)
        if (std::isfinite(value))
            largest = std::max(largest, std::fabs(static_cast<double>(value)));
    const double allowed = one.tolerance ? *one.tolerance * (1 + largest) : 1e-5 + 1e-4 * largest;
    for (size_t i = 0; i < a.size(); ++i) {
        const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]));
        if (!same && !(std::fabs(static_cast<double>(a[i]) - b[i]) <= allowed))
            throw Failure{
                fmt::format("{}: '{}' [{}]: expected {}, found {} (allowed difference {:.3g})", who,
                            tensor.name, i, a[i], b[i], allowed)};
    }
}

void compare(const OpCase& one, const Tensor& tensor, const Bytes& want, const Bytes& have,
             const std::string& who)
{
    if (want.size() != have.size())
        throw Failure{fmt::format("{}: '{}' has {} bytes, expected {}", who, tensor.name,
                                  have.size(), want.size())};
    if (want == have) return;
    if (tensor.type == DType::f32) return compare_floats(one, tensor, want, have, who);
    TensorReport report;
    compare_values(tensor, want, have, 0, report);
    if (report.mismatches > 0)
        throw Failure{fmt::format("{}: '{}' [{}]: expected {}, found {}; {} of {} elements differ",
                                  who, tensor.name, report.first_index, report.first_expected,
                                  report.first_found, report.mismatches, tensor.count())};
}

void compare_literals(const OpCase& one, const Graph& graph, const RunOutputs& first)
{
    const std::vector<OpCaseTensor> outputs = outputs_of(one);
    for (size_t i = 0; i < outputs.size(); ++i) {
        const Tensor& tensor = graph.tensor(graph.outputs[i]);
        if (tensor.shape != outputs[i].shape)
            throw Failure{fmt::format("'{}' has shape {}, the case says {}", tensor.name,
                                      shape_text(tensor.shape), shape_text(outputs[i].shape))};
        if (outputs[i].values.empty()) continue;
        compare(one, tensor, element_bytes_of(outputs[i].type, outputs[i].values), first.outputs[i],
                "oracle");
    }
}

std::string refusal_of(const Graph& graph)
{
    for (const Node& node : graph.nodes)
        if (!node.unsupported.empty()) return node.unsupported;
    return "";
}

OpCaseResult run_on_engines(const OpCase& one, const Graph& graph, const std::string& target_name)
{
    std::vector<TensorBytes> inputs;
    for (int run = 0; run < one.repeat; ++run) inputs.push_back(inputs_of(one, run));
    for (size_t i = 0; i < graph.inputs.size(); ++i)
        if (static_cast<int64_t>(inputs[0][i].size()) != graph.tensor(graph.inputs[i]).bytes())
            return failed("an input is not a number tensor");
    const std::vector<RunOutputs> expected = run_oracle(graph, one.match, true, inputs);
    compare_literals(one, graph, expected[0]);
    if (target_name.empty()) return {};
    const ResolvedTarget target = find_target(target_name);
    const Program program =
        compile(graph, {.name = "model",
                        .target = target.facts,
                        .lower = {.match = one.match},
                        .keep_state = true});
    const std::vector<RunOutputs> found = run_on_target(program, target, inputs);
    for (size_t run = 0; run < inputs.size(); ++run)
        for (size_t i = 0; i < graph.outputs.size(); ++i)
            compare(one, graph.tensor(graph.outputs[i]), expected[run].outputs[i],
                    found[run].outputs[i],
                    fmt::format("{} against oracle, run {}", target_name, run));
    return {};
}

}  // namespace

OpCaseResult run_op_case(const OpCase& one, const std::string& target_name)
{
    try {
        const TfliteModel model = read_tflite(write_tflite(draft_of(one)), one.name + ".tflite");
        const Graph graph = import_tflite(model);
        const std::string refusal = refusal_of(graph);
        if (!one.refused.empty()) {
            if (refusal.empty())
                return failed("was accepted; expected a refusal with: " + one.refused);
            if (refusal.find(one.refused) != std::string::npos) return {};
            return failed("refused with: " + refusal + "; expected: " + one.refused);
        }
        if (!refusal.empty()) return failed("refused: " + refusal);
        return run_on_engines(one, graph, target_name);
    } catch (const Failure& failure) {
        return failed(failure.text);
    } catch (const Error& error) {
        const bool missing = error.code() == ErrorCode::T0401 || error.code() == ErrorCode::T0003 ||
                             error.code() == ErrorCode::T0301;
        if (missing) return {OpCaseResult::State::skipped, error.what()};
        return failed(error.what());
    } catch (const std::exception& error) {
        return failed(error.what());
    }
}

}  // namespace thimble
