// Decisions of too low a score are not made.
#include "project/stage.h"

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

void build(StageContext& stage)
{
    if (!stage.flow.scores)
        stage.wrong("kind", "no decision in front", "a stage that decides",
                    "put a stage in front: kind = \"argmax\"");
    GraphBuilder& graph = stage.graph();
    const Place scores = stage.tick.place(*stage.flow.scores);
    const TensorId least =
        least_score(stage, graph.tensor(scores.id), stage.settings.number("at_least"));
    stage.only_when(graph.node("GREATER_EQUAL", {scores.id, least}, {}, DType::boolean));
    stage.flow.scores = stage.tick.seen(scores);
}

}  // namespace

extern const StageDef stage_threshold;
const StageDef stage_threshold = {.kind = "threshold", .build = build};

}  // namespace thimble
