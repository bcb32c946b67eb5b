#include "conformance.h"

#include "base/error.h"
#include "compile.h"
#include "import/import.h"
#include "verify/verify.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>

namespace thimble {

namespace {

constexpr int64_t kSlowMacs = 300'000'000;  // above: one case only, the oracle takes seconds a case
constexpr uint64_t kSeed = 1;

int64_t macs_of(const Program& program)
{
    int64_t macs = 0;
    for (const Step& step : program.steps) macs += step.macs;
    return macs;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Judgement judgement_of(const VerifyReport& report)
{
    if (report.mismatches == 0)
        return {Verdict::accepted,
                fmt::format("{} case{}, {} values, {}", report.cases, report.cases == 1 ? "" : "s",
                            report.outputs_compared,
                            report.bit_exact
                                ? "bit-exact"
                                : fmt::format("largest float error {:.2g}", report.max_abs_error))};
    const auto bad = std::ranges::find_if(
        report.tensors, [](const TensorReport& tensor) { return tensor.mismatches > 0; });
    return {Verdict::wrong,
            fmt::format("{} of {} values differ; '{}' case {} [{}]: oracle {}, host {}",
                        report.mismatches, report.outputs_compared, bad->name, bad->first_case,
                        bad->first_index, bad->first_expected, bad->first_found)};
}

bool is_refusal(const Error& error)
{
    return error.exit() == Exit::user_error || error.exit() == Exit::usage;
}

}  // namespace

std::string_view verdict_name(Verdict verdict)
{
    constexpr std::string_view names[] = {"accepted", "refused", "WRONG", "UNJUDGED"};
    return names[static_cast<size_t>(verdict)];
}

Judgement judge_model(const std::filesystem::path& model, int cases)
{
    try {
        const Graph graph = import_model(model);
        const ResolvedTarget host = find_target("host");
        const Program program = compile(graph, {.name = "model", .target = host.facts});
        if (macs_of(program) > kSlowMacs) cases = 1;
        Judgement judgement = judgement_of(
            verify(graph, program, host, Match::tflm, make_cases(graph, cases, kSeed), {}));
        if (macs_of(program) > kSlowMacs)
            judgement.text +=
                fmt::format(" (one case: {} million MACs)", macs_of(program) / 1'000'000);
        return judgement;
    } catch (const Error& error) {
        return {is_refusal(error) ? Verdict::refused : Verdict::wrong, first_line(error.what())};
    } catch (const std::bad_alloc&) {
        return {Verdict::unjudged, "needs more memory than this run allows"};
    }
}

}  // namespace thimble
