// A trained model as a stage.
#include "base/error.h"
#include "import/import.h"
#include "project/folded_network.h"
#include "project/model_roles.h"
#include "project/token_stream.h"

#include <fmt/format.h>

namespace thimble {

namespace {

std::string tensor_text(const Tensor& tensor)
{
    return fmt::format("{}{}", dtype_name(tensor.type), shape_text(tensor.shape));
}

// The value in type, scale and shape of the model's input. Plain integers of its type pass as they
// are: features are made in the form that a network was trained with. So do pixels: value - 128 is
// what an int8 network gets. Bytes that an int16 network gets stand for themselves.
TensorId fitted(StageContext& stage, const Tensor& place)
{
    GraphBuilder& graph = stage.graph();
    const Tensor value = stage.value();
    if (value.count() != place.count())
        stage.wrong("model",
                    fmt::format("input '{}' is {}, the stage before gives {}", place.name,
                                tensor_text(place), tensor_text(value)),
                    fmt::format("{} elements", value.count()),
                    "thimble inspect shows what each stage gives");
    TensorId id = stage.flow.value;
    const bool plain = is_integer(value.type) && !value.quant.present() && place.quant.present();
    const bool pixels = plain && value.type == DType::u8 && place.type == DType::i8;
    const bool bytes = plain && (value.type == DType::u8 || value.type == DType::i8) &&
                       place.type == DType::i16;
    if (plain && value.type == place.type) {
        id = graph.relabelled(id, place.quant);
    } else if (pixels) {
        Quantization shifted = place.quant;
        shifted.zero_points[0] += 128;
        id = graph.converted(graph.relabelled(id, shifted), place);
    } else if (bytes) {
        id = graph.relabelled(id, Quantization{{1}, {0}});
        if (value.type == DType::u8)
            id = graph.node("QUANTIZE", {id}, {}, DType::i8, Quantization{{1}, {-128}});
        id = graph.converted(id, place);
    } else if (plain) {
        stage.wrong("model",
                    fmt::format("input '{}' is quantised {}, the stage before gives plain {}",
                                place.name, tensor_text(place), tensor_text(value)),
                    "real numbers, or plain integers of the same type",
                    "put a stage in front: kind = \"normalize\"");
    } else {
        id = graph.converted(id, place);
    }
    return graph.reshaped(id, place.shape);
}

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    require_trained(settings, "model");
    Graph model = import_model(settings.file("model").string(),
                               {.signature = settings.text_or_empty("signature")});
    require_supported(model);
    if (model.inputs.size() != 1)
        stage.wrong("model", fmt::format("{} inputs", model.inputs.size()), "one input",
                    "a model with one input");
    const auto output = static_cast<size_t>(settings.whole("output"));
    if (output >= model.outputs.size())
        stage.wrong("output", fmt::format("output {} of {}", output, model.outputs.size()),
                    fmt::format("0 to {}", model.outputs.size() - 1), "output = 0");
    if (settings.text("state") == "keep")
        for (Tensor& tensor : model.tensors) tensor.per_sequence = false;
    stage.notes.insert(stage.notes.end(), model.notes.begin(), model.notes.end());
    if (stage.flow.tokens) {
        if (add_folded_network(stage, model, output)) return;
        collect_tokens(stage);
    }
    const TensorId input = fitted(stage, model.tensor(model.inputs[0]));
    const auto results = stage.graph().inlined(
        model, {input}, "network/",
        [&](Tensor state) { return stage.tick.state(std::move(state)); });
    stage.flow.value = results[output];
}

}  // namespace

extern const StageDef stage_network;
const StageDef stage_network = {.kind = "network", .build = build, .takes_tokens = true};

}  // namespace thimble
