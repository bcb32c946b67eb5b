#include "evaluate/float_project.h"

#include "base/error.h"
#include "import/import.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

// Weights alone may be stored as integers: hybrid networks compute in float.
bool computes_in_integers(const Graph& graph)
{
    return std::ranges::any_of(graph.tensors, [](const Tensor& tensor) {
        return tensor.kind == TensorKind::activation && tensor.quant.present() &&
               is_integer(tensor.type);
    });
}

void replace_file(Settings& stage, const std::string& key)
{
    if (!stage.has(key)) return;
    if (const Settings* cells = stage.table(key)) {
        Settings floats = *cells;
        for (const char* cell : {"forward", "backward"}) replace_file(floats, cell);
        stage.set(key, {std::make_shared<const Settings>(floats), 0});
        return;
    }
    // Absolute: a relative path would be seen from the project.
    stage.set(key, {fs::absolute(float_model(stage.file(key))).string(), 0});
}

}  // namespace

fs::path float_model(const fs::path& model)
{
    const fs::path beside = fs::path(model).replace_extension(".float.tflite");
    std::error_code ignored;
    if (fs::is_regular_file(beside, ignored)) return beside;
    // Whoever reads it says that it is not there.
    if (!fs::exists(model, ignored)) return model;
    require(!computes_in_integers(import_model(model.string(), {})), ErrorCode::T0101,
            {model.string(),
             fmt::format("is quantised, and no '{}' lies beside it", beside.filename().string()),
             "the float model that it was made from",
             "thimble train writes both; put a float model that comes from elsewhere there"});
    return model;
}

ProjectFile float_project(const ProjectFile& file)
{
    ProjectFile result = file;
    for (size_t i = 0; i < result.stages.size(); ++i) {
        Settings& stage = result.stages[i];
        if (result.kind(i) == "network") {
            replace_file(stage, "model");
            // A table of integers would round what is float.
            if (stage.text_or_empty("fold") == "int8") stage.set("fold", {std::string("float"), 0});
        }
        if (result.kind(i) == "seq2seq")
            for (const char* key : {"encoder", "decoder"}) replace_file(stage, key);
    }
    return result;
}

}  // namespace thimble
