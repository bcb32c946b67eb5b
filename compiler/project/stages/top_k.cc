// The k greatest values decide, in falling order.
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void build(StageContext& stage)
{
    GraphBuilder& graph = stage.graph();
    const Tensor values = stage.value();
    const int64_t count = values.count(), k = stage.settings.whole("k");
    if (k > count)
        stage.wrong("k", fmt::format("{} of {} values", k, count), fmt::format("1 to {}", count),
                    fmt::format("k = {}", count));
    stage.flow.labels = stage.labels(count);
    const TensorId row = graph.reshaped(stage.flow.value, {count});
    const TensorId wanted = graph.constant("k", {}, std::vector<int32_t>{static_cast<int32_t>(k)});
    const std::vector<TensorId> greatest = graph.node(
        "TOPK_V2", {row, wanted}, {}, {{values.type, values.quant}, {DType::i32, {}}});
    stage.flow.scores = greatest[0];
    stage.flow.value = greatest[1];
}

}  // namespace

extern const StageDef stage_top_k;
const StageDef stage_top_k = {.kind = "top_k", .build = build};

}  // namespace thimble
