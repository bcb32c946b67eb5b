// Numbers into the range of a network.
#include "ops/normalize.h"

#include "project/stage.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

std::vector<double> values(const Settings& settings, const std::string& key, double fallback)
{
    return settings.has(key) ? settings.numbers(key) : std::vector<double>{fallback};
}

void check_list(StageContext& stage, const std::string& key, const std::vector<double>& list)
{
    const Tensor& value = stage.value();
    const int64_t channels = value.shape.empty() ? 1 : value.shape.back();
    if (list.size() != 1 && static_cast<int64_t>(list.size()) != channels)
        stage.wrong(key, fmt::format("{} numbers", list.size()),
                    fmt::format("one, or {}: one for each channel", channels),
                    fmt::format("{} = {}", key, list[0]));
    if (value.type == DType::f32) return;
    for (const double number : list)
        if (key != "scale" && std::trunc(number) != number)
            stage.wrong(key, fmt::format("{} for samples of {}", number, dtype_name(value.type)),
                        "whole numbers: the samples are", fmt::format("{} = 1", key));
}

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    // Quantised numbers count as the real ones that they stand for.
    if (stage.value().quant.present()) stage.flow.value = stage.graph().real(stage.flow.value);
    NormalizeAttributes attributes;
    attributes.divide = values(settings, "divide", 1);
    attributes.add = values(settings, "add", 0);
    attributes.scale = values(settings, "scale", 1);
    check_list(stage, "divide", attributes.divide);
    check_list(stage, "add", attributes.add);
    check_list(stage, "scale", attributes.scale);
    if (settings.has("clamp")) {
        const std::vector<double> limits = settings.numbers("clamp");
        if (limits.size() != 2 || limits[0] > limits[1])
            stage.wrong("clamp", fmt::format("{} numbers", limits.size()),
                        "two: the least and the greatest", "clamp = [-127, 127]");
        if (stage.value().type != DType::f32)
            for (const double limit : limits)
                if (std::trunc(limit) != limit)
                    stage.wrong("clamp", fmt::format("{}", limit), "whole numbers",
                                "clamp = [-127, 127]");
        attributes.lowest = limits[0];
        attributes.highest = limits[1];
    }
    attributes.whole = !settings.has("scale") && stage.value().type != DType::f32;
    stage.flow.value =
        stage.graph().own_node("normalize", {stage.flow.value}, attributes, 1, "normalized")[0];
}

}  // namespace

extern const StageDef stage_normalize;
const StageDef stage_normalize = {.kind = "normalize", .build = build};

}  // namespace thimble
