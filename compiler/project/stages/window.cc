// A window that slides over samples or rows.
#include "ops/stream.h"
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

int64_t hop_of(const Settings& settings)
{
    return settings.has("hop") ? settings.whole("hop") : settings.whole("samples");
}

// As the first stage: the ring buffer holds the window already.
Cut cut(const Settings& settings, const PipelineInterface&)
{
    return {settings.whole("samples"), hop_of(settings)};
}

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    if (stage.cuts) return;
    const int64_t samples = settings.whole("samples");
    const int64_t hop = hop_of(settings);
    Tensor window = stage.value();
    window.name = "window";
    window.kind = TensorKind::state;
    window.shape.insert(window.shape.begin(), samples);
    window.data = nullptr;
    Tensor missing;
    missing.name = "missing";
    missing.type = DType::i16;
    missing.shape = {1};
    missing.kind = TensorKind::state;
    missing.data = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{
        static_cast<uint8_t>(samples), static_cast<uint8_t>(samples >> 8)});
    const TensorId held = stage.tick.state(window);
    const TensorId valid =
        stage.graph().own_node("slide", {stage.flow.value, held, stage.tick.state(missing)},
                               SlideAttributes{hop}, 1, "window")[0];
    stage.flow.value = held;
    stage.flow.per_second /= static_cast<double>(hop);
    stage.only_when(valid);
}

}  // namespace

extern const StageDef stage_window;
const StageDef stage_window = {.kind = "window", .build = build, .cut = cut};

}  // namespace thimble
