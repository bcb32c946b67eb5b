// Decisions of too low a score are not made.
#include "base/text.h"
#include "ops/report.h"
#include "project/stage.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

// The least stored score that is not below `real`, as a constant of the scores' type and scale.
TensorId least_score(StageContext& stage, const Tensor& scores, double real)
{
    GraphBuilder& graph = stage.graph();
    if (scores.type == DType::f32)
        return graph.constant("least", {1}, std::vector<float>{static_cast<float>(real)});
    const double stored = std::ceil(real / scores.quant.scale()) + scores.quant.zero_point();
    if (scores.type != DType::i8 || stored > INT8_MAX || stored < INT8_MIN)
        stage.wrong("at_least",
                    fmt::format("a score of {} in {} with scale {}", real, dtype_name(scores.type),
                                scores.quant.scale()),
                    "a value that the scores reach", "at_least = 0.5");
    return graph.constant("least", DType::i8, {1}, {static_cast<uint8_t>(stored)}, scores.quant);
}

// Indices of the labels that `silent` names.
std::vector<int64_t> silent_labels(const StageContext& stage)
{
    const std::vector<std::string>& labels = stage.flow.labels;
    std::vector<int64_t> result;
    for (const std::string& name : stage.settings.texts("silent")) {
        const auto found = std::ranges::find(labels, name);
        const std::string like = nearest(name, labels);
        if (found == labels.end())
            stage.wrong("silent", fmt::format("no label '{}'", name), "labels of the decision",
                        like.empty() ? "remove it" : fmt::format("silent = [\"{}\"]", like));
        result.push_back(found - labels.begin());
    }
    return result;
}

// Decisions that fall into the pause.
int64_t pause_of(const StageContext& stage)
{
    const double pause = stage.settings.number("pause_ms");
    if (pause == 0) return 0;
    if (stage.flow.per_second <= 0)
        stage.wrong("pause_ms", "no [input] rate_hz", "the time between two decisions",
                    "rate_hz = 50  # in [input]");
    return static_cast<int64_t>(std::ceil(pause * stage.flow.per_second / 1000 - 1e-9));
}

void build(StageContext& stage)
{
    if (!stage.flow.scores && !stage.flow.labels.empty())
        stage.wrong("at_least", "decisions without a score", "scores to compare with",
                    "score = true  # of the stage in front");
    if (!stage.flow.scores)
        stage.wrong("kind", "no decision in front", "a stage that decides",
                    "put a stage in front: kind = \"argmax\"");
    GraphBuilder& graph = stage.graph();
    const Place scores = stage.tick.place(*stage.flow.scores);
    const TensorId least =
        least_score(stage, graph.tensor(scores.id), stage.settings.number("at_least"));
    TensorId valid = graph.node("GREATER_EQUAL", {scores.id, least}, {}, DType::boolean);
    const std::string otherwise = stage.settings.text_or_empty("otherwise");
    if (!otherwise.empty()) {
        const int32_t none = static_cast<int32_t>(stage.flow.labels.size());
        const TensorId label = graph.constant("none", {1}, std::vector<int32_t>{none});
        stage.flow.value =
            graph.node("SELECT_V2", {valid, stage.flow.value, label}, {}, DType::i32);
        stage.flow.labels.push_back(otherwise);
    }
    const ReportAttributes report = {silent_labels(stage), pause_of(stage)};
    if (!otherwise.empty()) {
        if (report.silent.empty() && report.pause == 0) return;
        const TensorId zero = graph.constant("every", {1}, std::vector<int32_t>{0});
        valid = graph.node("GREATER_EQUAL", {stage.flow.value, zero}, {}, DType::boolean);
    }
    if (!report.silent.empty() || report.pause > 0) {
        const TensorId waiting = stage.tick.state(plain_tensor("waiting", DType::i32, {1}));
        valid = graph.own_node("report", {stage.flow.value, valid, waiting}, report, 1,
                               "report")[0];
    }
    stage.only_when(valid);
    stage.flow.scores = stage.tick.seen(scores);
}

}  // namespace

extern const StageDef stage_threshold;
const StageDef stage_threshold = {.kind = "threshold", .build = build};

}  // namespace thimble
