#include "shared_models.h"

#include "base/file.h"
#include "unit/shared_folder.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace thimble {

namespace {

bool is_recurrent(const std::string& op) { return op.ends_with("LSTM") || op.ends_with("RNN"); }

std::string reason_out_of_scope(const SharedModel& model)
{
    if (model.malformed) return "malformed on purpose";
    if (model.has_strings) return "strings";
    for (const std::string& op : model.ops) {
        if (op.ends_with("RNN")) return "recurrent: " + op;
        if (op.starts_with("CUSTOM:") && !op.starts_with("CUSTOM:Signal"))
            return "vendor's operator: " + op;
    }
    return "";
}

SharedModel model_from(const nlohmann::json& entry)
{
    SharedModel model;
    model.file = entry["file"];
    model.sha256 = entry["sha256"];
    model.malformed = model.file.starts_with("malformed/");
    const nlohmann::json& tflite = entry["tflite"];
    if (tflite.is_object()) {
        for (const auto& [op, count] : tflite["ops"].items()) {
            model.ops.insert(op);
            model.has_recurrent = model.has_recurrent || is_recurrent(op);
        }
        model.has_strings = tflite["dtypes"].contains("STRING");
    }
    model.out_of_scope = reason_out_of_scope(model);
    return model;
}

template <typename Wanted> const SharedModel& find_model(const std::string& what, Wanted wanted)
{
    for (const SharedModel& model : shared_models())
        if (wanted(model)) return model;
    throw std::runtime_error("no shared model " + what);
}

}  // namespace

std::filesystem::path shared_root() { return shared_folder(); }

std::filesystem::path SharedModel::path() const { return shared_root() / "models" / file; }

const std::vector<SharedModel>& shared_models()
{
    static const std::vector<SharedModel> models = [] {
        std::vector<SharedModel> list;
        const std::string text = read_text_file(shared_root() / "models" / "index.json");
        std::set<std::string> files;  // a file of two origins is listed twice
        for (const nlohmann::json& entry : nlohmann::json::parse(text)) {
            const std::string file = entry["file"];
            if (file.ends_with(".tflite") && files.insert(file).second)
                list.push_back(model_from(entry));
        }
        return list;
    }();
    return models;
}

const SharedModel& shared_model(const std::string& file)
{
    return find_model(file, [&](const SharedModel& model) { return model.file == file; });
}

const SharedModel& shared_model_by_sha256(const std::string& sha256)
{
    return find_model(sha256, [&](const SharedModel& model) { return model.sha256 == sha256; });
}

}  // namespace thimble
