#include "project/model_roles.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/tflite.h"
#include "import/import.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// What people and converters call a role.
struct Alias {
    const char* role;
    const char* name;
};

constexpr Alias kAliases[] = {
    {"h", "hidden"},
    {"h", "state_h"},
    {"h", "hidden_state"},
    {"c", "cell"},
    {"c", "state_c"},
    {"c", "cell_state"},
    {"memory", "enc_outputs"},
    {"memory", "encoder_outputs"},
    {"memory", "encoder_output"},
    {"x", "token"},
    {"x", "tokens"},
    {"x", "ids"},
};
constexpr const char* kRoles[] = {"x", "h", "c", "memory", "context", "logits", "output"};

// "serving_default_state_h:0" -> "state_h".
std::string plain_name(std::string name)
{
    name = lower_case(name.substr(0, name.find(':')));
    const std::string prefix = "serving_default_";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::string role_of_name(const std::string& name)
{
    const std::string plain = plain_name(name);
    for (const char* role : kRoles)
        if (plain == role) return role;
    for (const Alias& alias : kAliases)
        if (plain == alias.name) return alias.role;
    return "";
}

std::vector<ModelPort> ports_of(const Graph& graph, const std::vector<TensorId>& ids,
                                const std::vector<TfliteSignatureTensor>& named,
                                const std::vector<int>& file_indices)
{
    std::vector<ModelPort> ports;
    for (size_t i = 0; i < ids.size(); ++i) {
        ModelPort port{ids[i], graph.tensor(ids[i]).name, ""};
        for (const TfliteSignatureTensor& tensor : named)
            if (i < file_indices.size() && tensor.tensor == file_indices[i])
                port.signature_name = tensor.name;
        ports.push_back(std::move(port));
    }
    return ports;
}

}  // namespace

ModelPorts::ModelPorts(const Graph& graph, std::string model, std::vector<ModelPort> ports,
                       const Settings& settings, std::string key)
    : graph_(&graph),
      model_(std::move(model)),
      ports_(std::move(ports)),
      settings_(&settings),
      key_(std::move(key))
{
    assign_from_settings(settings.roles(key_));
    assign_by_name();
}

bool ModelPorts::assigned(size_t index) const
{
    return std::ranges::any_of(roles_, [&](const auto& role) { return role.second == index; });
}

std::vector<size_t> ModelPorts::unassigned() const
{
    std::vector<size_t> rest;
    for (size_t i = 0; i < ports_.size(); ++i)
        if (!assigned(i)) rest.push_back(i);
    return rest;
}

void ModelPorts::assign_from_settings(const RoleTable& table)
{
    for (const auto& [role, wanted] : table) {
        size_t index = ports_.size();
        if (const auto* number = std::get_if<int64_t>(&wanted)) {
            if (*number >= 0 && *number < static_cast<int64_t>(ports_.size()))
                index = static_cast<size_t>(*number);
        } else {
            const std::string& name = std::get<std::string>(wanted);
            for (size_t i = 0; i < ports_.size(); ++i)
                if (ports_[i].signature_name == name || ports_[i].tensor_name == name ||
                    plain_name(ports_[i].tensor_name) == lower_case(name))
                    index = std::min(index, i);
        }
        const std::string text = std::holds_alternative<int64_t>(wanted)
                                     ? fmt::format("{}", std::get<int64_t>(wanted))
                                     : "'" + std::get<std::string>(wanted) + "'";
        if (index == ports_.size())
            wrong(fmt::format("{} has no tensor {} for the role '{}'", model_, text, role),
                  "one of " + list());
        if (assigned(index))
            wrong(fmt::format("tensor {} has two roles, one of them '{}'", text, role),
                  "one role for each tensor");
        roles_[role] = index;
    }
}

void ModelPorts::assign_by_name()
{
    for (size_t i = 0; i < ports_.size(); ++i) {
        if (assigned(i)) continue;
        std::string role = role_of_name(ports_[i].signature_name);
        if (role.empty()) role = role_of_name(ports_[i].tensor_name);
        if (!role.empty() && !has(role)) roles_[role] = i;
    }
}

void ModelPorts::assign_only(const std::string& role,
                             const std::function<bool(const Tensor&)>& fits)
{
    if (has(role)) return;
    std::vector<size_t> fitting;
    for (const size_t index : unassigned())
        if (fits(tensor_at(index))) fitting.push_back(index);
    if (fitting.size() == 1) roles_[role] = fitting[0];
}

void ModelPorts::require_role(const std::string& role, const std::string& what) const
{
    if (!has(role))
        wrong(fmt::format("{}: which tensor is '{}' ({}) is not clear", model_, role, what),
              "a role for each of " + list());
}

void ModelPorts::require_all_assigned(const std::string& known) const
{
    const std::vector<size_t> rest = unassigned();
    if (!rest.empty())
        wrong(fmt::format("{}: the role of tensor {} '{}' is not clear", model_, rest[0],
                          ports_[rest[0]].tensor_name),
              "a role for each of " + list() + "; " + known);
}

void ModelPorts::wrong(const std::string& found, const std::string& expected) const
{
    fail(ErrorCode::T0106, {settings_->place(key_), found, expected, example()});
}

std::string ModelPorts::list() const
{
    std::string text;
    for (size_t i = 0; i < ports_.size(); ++i) {
        const std::string& name =
            ports_[i].signature_name.empty() ? ports_[i].tensor_name : ports_[i].signature_name;
        text += fmt::format("{}{} '{}' {}{}", i == 0 ? "" : ", ", i, name,
                            dtype_name(tensor_at(i).type), shape_text(tensor_at(i).shape));
    }
    return text;
}

std::string ModelPorts::example() const
{
    const bool inputs = key_.ends_with("inputs"), decoder = key_.starts_with("decoder");
    const std::vector<const char*> usual =
        inputs    ? decoder ? std::vector{"x", "h", "c", "memory"} : std::vector{"x", "h", "c"}
           : decoder ? std::vector{"h", "c", "logits", "context"}
                  : std::vector{"h", "c"};
    std::string text;
    for (size_t i = 0; i < std::min(usual.size(), ports_.size()); ++i)
        text += fmt::format("{}{} = {}", i == 0 ? "" : ", ", usual[i], i);
    return fmt::format("{} = {{{}}}", key_, text);
}

void require_trained(const Settings& stage, const std::string& key)
{
    const std::filesystem::path model = stage.file(key);
    std::error_code ignored;
    if (!stage.has("layers") || std::filesystem::exists(model, ignored)) return;
    const std::filesystem::path folder = model.parent_path();
    fail(ErrorCode::T0101,
         {stage.place(key), fmt::format("no file '{}': not trained yet", model.string()),
          "a trained model",
          fmt::format("thimble train {}", folder.empty() ? "." : folder.string())});
}

RoledModel load_model(const Settings& stage, const Settings& where, const std::string& file_key,
                      const std::string& side)
{
    require_trained(where, file_key);
    const std::filesystem::path path = where.file(file_key);
    const std::string signature = stage.text_or_empty(side + "_signature");
    require(std::filesystem::is_regular_file(path), ErrorCode::T0101,
            {where.place(file_key), fmt::format("there is no file '{}'", path.string()),
             "a .tflite model", "correct the path; it is relative to the project's folder"});
    const TfliteModel model = read_tflite_file(path);
    auto graph = std::make_shared<Graph>(import_tflite(model, {.signature = signature}));
    graph->name = path.filename().string();
    require_supported(*graph);
    const TfliteSignature* named = nullptr;
    for (const TfliteSignature& one : model.signatures)
        if (signature.empty() ? one.subgraph == 0 : one.key == signature) named = &one;
    const TfliteSubgraph& subgraph =
        model.subgraphs.at(named ? static_cast<size_t>(named->subgraph) : 0);
    const std::vector<TfliteSignatureTensor> none;
    auto inputs = ports_of(*graph, graph->inputs, named ? named->inputs : none, subgraph.inputs);
    auto outputs =
        ports_of(*graph, graph->outputs, named ? named->outputs : none, subgraph.outputs);
    const std::string name = graph->name;
    return {graph, name, ModelPorts(*graph, name, std::move(inputs), stage, side + "_inputs"),
            ModelPorts(*graph, name, std::move(outputs), stage, side + "_outputs")};
}

}  // namespace thimble
