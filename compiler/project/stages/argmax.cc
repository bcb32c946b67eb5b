// The greatest value decides; of a single value, whether it is above a limit.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "project/stage.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace thimble {

namespace {

// 1 where the single value is above the real number `above`, else 0. Stored integers are compared
// as they are: value > above where stored > floor(above / scale) + zero point.
TensorId is_above(StageContext& stage, double above)
{
    GraphBuilder& graph = stage.graph();
    const DType type = stage.value().type;
    const bool stored_type = type == DType::i8 || type == DType::i16 || type == DType::i32;
    TensorId id = graph.reshaped(
        stored_type ? stage.flow.value : graph.real(stage.flow.value), {1});
    const Tensor value = graph.tensor(id);
    TensorId limit = kNoTensor;
    if (value.type == DType::f32) {
        limit = graph.constant("above", {1}, std::vector<float>{static_cast<float>(above)});
    } else {
        const double least = value.type == DType::i8    ? INT8_MIN
                             : value.type == DType::i16 ? INT16_MIN
                                                        : INT32_MIN;
        const double stored = std::clamp(
            std::floor(above / value.quant.scale()) + value.quant.zero_point(), least, -1 - least);
        id = graph.relabelled(id, {});
        if (value.type == DType::i8)
            limit = graph.constant("above", {1}, std::vector<int8_t>{static_cast<int8_t>(stored)});
        else if (value.type == DType::i16)
            limit = graph.constant("above", {1},
                                   std::vector<int16_t>{static_cast<int16_t>(stored)});
        else
            limit = graph.constant("above", {1},
                                   std::vector<int32_t>{static_cast<int32_t>(stored)});
    }
    return graph.node("CAST", {graph.node("GREATER", {id, limit}, {}, DType::boolean)}, {},
                      DType::i32);
}

void build(StageContext& stage)
{
    GraphBuilder& graph = stage.graph();
    const Tensor values = stage.value();
    const int64_t count = values.count();
    const bool scored = stage.settings.flag("score");
    if (count == 1 && stage.settings.texts("labels").size() == 2) {
        stage.flow.labels = stage.settings.texts("labels");
        if (scored) stage.flow.scores = graph.reshaped(stage.flow.value, {1});
        stage.flow.value = is_above(stage, stage.settings.number("above"));
        return;
    }
    stage.flow.labels = stage.labels(count);
    const TensorId row = graph.reshaped(stage.flow.value, {1, count});
    const TensorId axis = graph.constant("axis", {1}, std::vector<int32_t>{1});
    const auto int32 = static_cast<int8_t>(TfliteType::int32);
    stage.flow.value = graph.node(
        "ARG_MAX", {row, axis}, {{tflite_field::arg_max::output_type, int32}}, DType::i32);
    // Without the greatest value itself the compiler may find its place among the logits.
    if (!scored) return;
    stage.flow.scores = graph.reshaped(
        graph.node("REDUCE_MAX", {row, axis}, {{tflite_field::reducer::keep_dims, true}},
                   values.type, values.quant),
        {1});
}

}  // namespace

extern const StageDef stage_argmax;
const StageDef stage_argmax = {.kind = "argmax", .build = build};

}  // namespace thimble
