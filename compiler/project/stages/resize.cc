// Images to another size.
#include "formats/tflite_fields.h"
#include "project/stage.h"

#include <fmt/format.h>

namespace thimble {

namespace {

// Pixels as int8, which resizing computes in integers, and back.
const Quantization kAsInt8 = {{1.0f}, {-128}, 0};
const Quantization kAsUint8 = {{1.0f}, {0}, 0};

TensorId bilinear(GraphBuilder& graph, TensorId image, TensorId size)
{
    const TensorId pixels = graph.relabelled(image, kAsUint8);
    const TensorId shifted = graph.node("QUANTIZE", {pixels}, {}, DType::i8, kAsInt8);
    const TensorId resized =
        graph.node("RESIZE_BILINEAR", {shifted, size},
                   {{tflite_field::resize_bilinear::half_pixel_centers, true}}, DType::i8, kAsInt8);
    return graph.relabelled(graph.node("QUANTIZE", {resized}, {}, DType::u8, kAsUint8), {});
}

void build(StageContext& stage)
{
    const Tensor value = stage.value();
    if (value.type != DType::u8 || value.shape.size() != 3)
        stage.wrong("kind",
                    fmt::format("the stage before gives {}{}", dtype_name(value.type),
                                shape_text(value.shape)),
                    "uint8 pixels [height, width, colours]", "put it behind the image");
    GraphBuilder& graph = stage.graph();
    const auto height = static_cast<int32_t>(stage.settings.whole("height"));
    const auto width = static_cast<int32_t>(stage.settings.whole("width"));
    const int64_t colours = value.shape[2];
    const TensorId size = graph.constant("size", {2}, std::vector<int32_t>{height, width});
    const TensorId image =
        graph.reshaped(stage.flow.value, {1, value.shape[0], value.shape[1], colours});
    const TensorId resized =
        stage.settings.text("method") == "bilinear"
            ? bilinear(graph, image, size)
            : graph.node("RESIZE_NEAREST_NEIGHBOR", {image, size},
                         {{tflite_field::resize_nearest_neighbor::half_pixel_centers, true}},
                         DType::u8);
    stage.flow.value = graph.reshaped(resized, {height, width, colours});
}

}  // namespace

extern const StageDef stage_resize;
const StageDef stage_resize = {.kind = "resize", .build = build};

}  // namespace thimble
