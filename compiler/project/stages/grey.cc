// Colours to brightness.
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void build(StageContext& stage)
{
    const Tensor& value = stage.value();
    if (value.type != DType::u8 || value.shape.empty() || value.shape.back() != 3)
        stage.wrong("kind",
                    fmt::format("the stage before gives {}{}", dtype_name(value.type),
                                shape_text(value.shape)),
                    "uint8 pixels of three colours", "colour = \"rgb\"  # in [input]");
    stage.flow.value = stage.graph().own_node("grey", {stage.flow.value}, {}, 1, "grey")[0];
}

}  // namespace

extern const StageDef stage_grey;
const StageDef stage_grey = {.kind = "grey", .build = build};

}  // namespace thimble
