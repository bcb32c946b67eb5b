// Numbers that a project gives, against the targets of its recordings.
#include "base/error.h"
#include "evaluate/outcomes.h"
#include "evaluate/values.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

void evaluate_numbers(const Evaluated& what, const Graph& graph,
                      const std::vector<PipelineDecision>& decisions, Evaluation& result)
{
    const Tensor& tensor = graph.tensor(graph.outputs.at(1));
    std::vector<const PipelineDecision*> last(what.indices.size(), nullptr);
    for (const PipelineDecision& decision : decisions) last[decision.recording] = &decision;
    NumberErrors errors;
    std::vector<Outcome> outcomes;
    double squares = 0;
    int64_t without = 0;
    for (size_t i = 0; i < what.indices.size(); ++i) {
        const Recording& recording = what.recording(i);
        const auto count = static_cast<int64_t>(recording.targets.size());
        require(count == tensor.count(), ErrorCode::T0105,
                {recording.place(), fmt::format("{} targets", count),
                 fmt::format("{}: as many as the project gives", tensor.count()),
                 "targets = [...]: one column for each value"});
        if (!last[i]) {
            ++without;
            continue;
        }
        Outcome outcome{.place = recording.place(), .right = true};
        for (int64_t k = 0; k < count; ++k) {
            const double given = real_value(tensor, last[i]->values[0], k);
            const double wanted = recording.targets[static_cast<size_t>(k)];
            const double error = std::abs(given - wanted);
            outcome.expected += fmt::format("{}{:.6g}", k ? " " : "", wanted);
            outcome.decided += fmt::format("{}{:.6g}", k ? " " : "", given);
            // What is not a number is as wrong as can be.
            outcome.error = std::max(outcome.error, std::isnan(error) ? HUGE_VAL : error);
            errors.mean_absolute += error;
            squares += error * error;
            ++errors.values;
        }
        errors.maximum = std::max(errors.maximum, outcome.error);
        outcomes.push_back(std::move(outcome));
    }
    const auto values = static_cast<double>(std::max<int64_t>(1, errors.values));
    errors.mean_absolute /= values;
    errors.root_mean_square = std::sqrt(squares / values);
    result.errors = errors;
    if (without > 0) result.notes.push_back(fmt::format("{} recordings gave no values", without));
    keep_worst(outcomes, result);
}

}  // namespace thimble
