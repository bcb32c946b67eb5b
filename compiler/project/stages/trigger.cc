// Collects a window once the motion starts.
#include "ops/stream.h"
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    const int64_t samples = settings.whole("samples");
    const TriggerAttributes attributes = {settings.number("threshold"), settings.whole("before"),
                                          settings.whole("rearm")};
    if (attributes.before >= samples)
        stage.wrong("before", fmt::format("{} of {} samples", attributes.before, samples),
                    fmt::format("0 to {}", samples - 1), "before = 0");
    Tensor window = stage.value();
    if (window.shape.size() != 1)
        stage.wrong("kind",
                    fmt::format("the stage before gives {} of {}", shape_text(window.shape),
                                dtype_name(window.type)),
                    "single samples of motion", "make `trigger` the first stage");
    window.name = "window";
    window.kind = TensorKind::state;
    window.shape = {samples, window.count()};
    window.data = nullptr;
    const TensorId held = stage.tick.state(window);
    const TensorId progress = stage.tick.state(plain_tensor("progress", DType::i16, {3}));
    const TensorId valid = stage.graph().own_node(
        "trigger", {stage.flow.value, held, progress}, attributes, 1,
        "window")[0];
    // The window is read where it is collected.
    stage.flow.value = held;
    stage.flow.per_second /= static_cast<double>(samples - attributes.before);
    stage.only_when(valid);
}

}  // namespace

extern const StageDef stage_trigger;
const StageDef stage_trigger = {.kind = "trigger", .build = build};

}  // namespace thimble
