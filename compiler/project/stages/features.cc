// Statistics of a window.
#include "ops/features.h"

#include "base/text.h"
#include "project/stage.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thimble {

namespace {

Feature feature_named(StageContext& stage, const std::string& name)
{
    const auto* known = std::ranges::find(kFeatureNames, name);
    if (known != std::end(kFeatureNames)) return static_cast<Feature>(known - kFeatureNames);
    const std::string like =
        nearest(name, {std::begin(kFeatureNames), std::end(kFeatureNames)});
    stage.wrong("list", fmt::format("the text '{}'", name),
                fmt::format("one of: {}", fmt::join(kFeatureNames, ", ")),
                fmt::format("list = [\"{}\"]", like.empty() ? "mean" : like));
}

void build(StageContext& stage)
{
    if (stage.value().quant.present()) stage.flow.value = stage.graph().real(stage.flow.value);
    const Tensor& value = stage.value();
    if (value.shape.size() != 2)
        stage.wrong("kind", fmt::format("the stage before gives {}", shape_text(value.shape)),
                    "a window: [rows, channels]",
                    "put a stage in front: kind = \"trigger\", or kind = \"window\"");
    FeaturesAttributes attributes;
    for (const std::string& name : stage.settings.texts("list"))
        attributes.list.push_back(feature_named(stage, name));
    stage.flow.value =
        stage.graph().own_node("features", {stage.flow.value}, attributes, 1, "features")[0];
}

}  // namespace

extern const StageDef stage_features;
const StageDef stage_features = {.kind = "features", .build = build};

}  // namespace thimble
