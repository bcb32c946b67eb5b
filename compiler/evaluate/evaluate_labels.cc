// Decisions between labels, counted for each recording.
#include "base/error.h"
#include "evaluate/outcomes.h"
#include "evaluate/values.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

class LabelEvaluation {
public:
    LabelEvaluation(const Evaluated& what, const Pipeline& pipeline)
        : what_(what), data_(what.data), graph_(pipeline.graph), names_(graph_.interface->labels)
    {
        const ProjectFile& file = what.file;
        for (const std::string& name : names_)
            if (!std::ranges::count(labels_, name)) labels_.push_back(name);
        for (size_t i = 0; i < file.stages.size(); ++i) {
            const Settings& stage = file.stages[i];
            if (file.kind(i) == "threshold") {
                const std::vector<std::string> silent = stage.texts("silent");
                silent_.insert(silent_.end(), silent.begin(), silent.end());
                if (stage.has("otherwise")) otherwise_.push_back(stage.text("otherwise"));
            }
            if (file.kind(i) == "argmax" && i >= data_.entry &&
                pipeline.joints.at(i - data_.entry).tensor.count() == 1)
                above_ = stage.number("above");
        }
    }

    void evaluate(const std::vector<PipelineDecision>& decisions, Evaluation& result) const
    {
        const std::vector<size_t>& indices = what_.indices;
        std::vector<std::vector<const PipelineDecision*>> of(indices.size());
        for (const PipelineDecision& decision : decisions)
            of[decision.recording].push_back(&decision);
        Confusion confusion(labels_);
        std::vector<Outcome> outcomes;
        int64_t among = 0, misses = 0;
        std::string first_miss;
        for (size_t i = 0; i < indices.size(); ++i) {
            const int expected = label_of(indices[i]);
            const Counted counted = count(of[i]);
            const bool silent = counted.label < 0 && is_silent(expected);
            const int decided = silent ? expected : counted.label;
            confusion.add(expected, decided);
            if (decided < 0 && misses++ == 0) first_miss = what_.recording(i).place();
            if (is_among(of[i], expected)) ++among;
            outcomes.push_back({.place = what_.recording(i).place(),
                                .expected = name(expected),
                                .decided = counted.label < 0 ? "" : name(counted.label),
                                .right = decided == expected,
                                .score = counted.score,
                                .certainty = counted.certainty});
        }
        result.accuracy = confusion.accuracy();
        if (graph_.tensor(graph_.outputs.at(1)).count() > 1)
            result.among_best = static_cast<double>(among) / static_cast<double>(indices.size());
        keep_worst(outcomes, result);
        note_empty(confusion, result);
        if (misses > 0)
            result.notes.push_back(
                fmt::format("{} recording{} gave no decision; the first is {}", misses,
                            misses == 1 ? "" : "s", first_miss));
        result.confusion = std::move(confusion);
    }

private:
    struct Counted {
        int label = -1;
        double score = 0, certainty = 0;
    };

    const std::string& name(int label) const { return labels_[static_cast<size_t>(label)]; }

    bool is_silent(int label) const { return std::ranges::count(silent_, name(label)) > 0; }

    bool means_nothing(int label) const
    {
        return is_silent(label) || std::ranges::count(otherwise_, name(label)) > 0;
    }

    int label_of(size_t recording) const
    {
        const std::string& label = data_.labels[static_cast<size_t>(data_.label[recording])];
        const auto it = std::ranges::find(labels_, label);
        require(it != labels_.end(), ErrorCode::T0105,
                {data_.dataset.recordings[recording].place(), fmt::format("the label '{}'", label),
                 fmt::format("0 to {}: the network gives {} values", labels_.size() - 1,
                             labels_.size()),
                 "correct the label, or train again"});
        return static_cast<int>(it - labels_.begin());
    }

    int decided_label(const PipelineDecision& decision, int64_t place) const
    {
        const auto index = static_cast<size_t>(std::lround(
            real_value(graph_.tensor(graph_.outputs.at(1)), decision.values.at(0), place)));
        return static_cast<int>(std::ranges::find(labels_, names_.at(index)) - labels_.begin());
    }

    Counted counted_from(const PipelineDecision& decision) const
    {
        if (graph_.outputs.size() < 3) return {decided_label(decision, 0), std::nan(""), 0};
        const double score =
            real_value(graph_.tensor(graph_.outputs.at(2)), decision.values.at(1), 0);
        const double certainty = above_ ? std::abs(score - *above_) : score;
        // What is not a number is as wrong as can be.
        return {decided_label(decision, 0), score, std::isnan(certainty) ? HUGE_VAL : certainty};
    }

    Counted count(const std::vector<const PipelineDecision*>& decisions) const
    {
        std::map<int, int> times;
        for (const PipelineDecision* decision : decisions) ++times[decided_label(*decision, 0)];
        const bool says_something =
            std::ranges::any_of(times, [&](const auto& one) { return !means_nothing(one.first); });
        Counted best;
        for (const PipelineDecision* decision : decisions) {
            const Counted one = counted_from(*decision);
            if (says_something && means_nothing(one.label)) continue;
            if (best.label < 0 || times[one.label] > times[best.label]) best = one;
            if (one.label == best.label && one.certainty > best.certainty) best = one;
        }
        return best;
    }

    bool is_among(const std::vector<const PipelineDecision*>& decisions, int expected) const
    {
        const int64_t count = graph_.tensor(graph_.outputs.at(1)).count();
        for (const PipelineDecision* decision : decisions)
            for (int64_t k = 0; k < count; ++k)
                if (decided_label(*decision, k) == expected) return true;
        return false;
    }

    void note_empty(const Confusion& confusion, Evaluation& result) const
    {
        for (const ClassResult& one : confusion.classes())
            if (one.samples == 0)
                result.notes.push_back(
                    fmt::format("no recording of '{}' was evaluated", one.label));
    }

    const Evaluated& what_;
    const ProjectData& data_;
    const Graph& graph_;
    const std::vector<std::string>& names_;  // of the decision; one may stand twice
    std::vector<std::string> labels_;        // each once
    std::vector<std::string> silent_, otherwise_;
    std::optional<double> above_;  // of a decision by a single value
};

}  // namespace

void evaluate_labels(const Evaluated& what, const Pipeline& pipeline,
                     const std::vector<PipelineDecision>& decisions, Evaluation& result)
{
    LabelEvaluation(what, pipeline).evaluate(decisions, result);
}

}  // namespace thimble
