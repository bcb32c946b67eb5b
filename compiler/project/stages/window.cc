// A window that slides over samples or rows.
#include "ops/stream.h"
#include "project/stage.h"

#include <fmt/format.h>
#include <numeric>

namespace thimble {

namespace {

int64_t hop_of(const Settings& settings)
{
    return settings.has("hop") ? settings.whole("hop") : settings.whole("samples");
}

// As the first stage: the ring buffer holds the window already. A sliding network keeps rows of its
// layers instead: a tick brings as many samples as windows and hops are multiples of.
Cut cut(const Settings& settings, const PipelineInterface&)
{
    const int64_t samples = settings.whole("samples"), hop = hop_of(settings);
    if (!settings.flag("sliding")) return {samples, hop};
    const int64_t together = std::gcd(samples, hop);
    return {together, together};
}

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    const bool sliding = settings.flag("sliding");
    if (stage.cuts && !sliding) return;
    const int64_t samples = settings.whole("samples");
    const int64_t hop = hop_of(settings);
    Tensor window = stage.value();
    // Several samples of a tick are rows already.
    const bool rows = stage.cuts && std::gcd(samples, hop) > 1;
    window.name = "window";
    window.kind = TensorKind::state;
    if (rows) window.shape[0] = samples;
    else window.shape.insert(window.shape.begin(), samples);
    window.data = nullptr;
    Tensor missing = plain_tensor("missing", DType::i16, {1});
    missing.data = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>{
        static_cast<uint8_t>(samples), static_cast<uint8_t>(samples >> 8)});
    const TensorId held = stage.tick.state(window);
    const TensorId valid =
        stage.graph().own_node("slide", {stage.flow.value, held, stage.tick.state(missing)},
                               SlideAttributes{hop, sliding}, 1, "window")[0];
    stage.flow.value = held;
    stage.flow.per_second *= static_cast<double>(stage.cuts ? stage.interface.hop : 1);
    stage.flow.per_second /= static_cast<double>(hop);
    stage.only_when(valid);
}

}  // namespace

extern const StageDef stage_window;
const StageDef stage_window = {.kind = "window", .build = build, .cut = cut};

}  // namespace thimble
