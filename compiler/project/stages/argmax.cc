// The greatest value decides.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

std::vector<std::string> labels_of(const StageContext& stage, int64_t count)
{
    std::vector<std::string> labels = stage.settings.texts("labels");
    if (labels.empty())
        for (int64_t i = 0; i < count; ++i) labels.push_back(fmt::format("{}", i));
    if (static_cast<int64_t>(labels.size()) != count)
        stage.wrong("labels",
                    fmt::format("{} labels, the stage before gives {} values", labels.size(),
                                count),
                    fmt::format("{} labels", count), "one label for each value, in their order");
    return labels;
}

void build(StageContext& stage)
{
    GraphBuilder& graph = stage.graph();
    const Tensor values = stage.value();
    const int64_t count = values.count();
    stage.flow.labels = labels_of(stage, count);
    const TensorId row = graph.reshaped(stage.flow.value, {1, count});
    const TensorId axis = graph.constant("axis", {1}, std::vector<int32_t>{1});
    const auto int32 = static_cast<int8_t>(TfliteType::int32);
    stage.flow.value = graph.node(
        "ARG_MAX", {row, axis}, {{tflite_field::arg_max::output_type, int32}}, DType::i32);
    stage.flow.scores = graph.reshaped(
        graph.node("REDUCE_MAX", {row, axis}, {{tflite_field::reducer::keep_dims, true}},
                   values.type, values.quant),
        {1});
}

}  // namespace

extern const StageDef stage_argmax;
const StageDef stage_argmax = {.kind = "argmax", .build = build};

}  // namespace thimble
