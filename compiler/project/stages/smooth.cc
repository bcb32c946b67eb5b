// Scores change slowly: the mean of the last results.
#include "ops/smooth.h"

#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void build(StageContext& stage)
{
    const int64_t results = stage.settings.whole("results");
    const Tensor values = stage.value();
    if (values.type != DType::i8 && values.type != DType::f32)
        stage.wrong("kind",
                    fmt::format("the stage before gives {}{}", dtype_name(values.type),
                                shape_text(values.shape)),
                    "int8 or float32 values", "put it behind the stage `network`");
    Tensor held = values;
    held.name = "held";
    held.kind = TensorKind::state;
    held.shape = {results, values.count()};
    held.data = nullptr;
    const TensorId filled = stage.tick.state(plain_tensor("filled", DType::i16, {1}));
    stage.flow.value = stage.graph().own_node(
        "smooth", {stage.flow.value, stage.tick.state(held), filled},
        SmoothAttributes{results}, 1, "mean")[0];
}

}  // namespace

extern const StageDef stage_smooth;
const StageDef stage_smooth = {.kind = "smooth", .build = build};

}  // namespace thimble
