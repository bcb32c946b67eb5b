#include "cli/chain.h"

#include "cli/data_table.h"
#include "cli/output.h"
#include "cli/pipeline_run.h"
#include "compile.h"
#include "ops/control.h"
#include "ops/op.h"
#include "passes/sliding_network.h"
#include "project/data_section.h"
#include "verify/ticks.h"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace thimble {

using nlohmann::json;

int64_t macs_of(const Graph& graph, const Node& node)
{
    return node.unsupported.empty() && node.op && node.op->macs ? node.op->macs(graph, node) : 0;
}

int64_t weights_of(const Graph& graph, const Node& node)
{
    int64_t bytes = 0;
    for (const TensorId id : node.inputs)
        if (id != kNoTensor && graph.tensor(id).is_constant()) bytes += graph.tensor(id).bytes();
    return bytes;
}

std::string quantization_text(const Tensor& tensor)
{
    const Quantization& quant = tensor.quant;
    if (!quant.present()) return "-";
    if (quant.per_channel())
        return fmt::format("{} channels, axis {}", quant.scales.size(), quant.axis);
    const int32_t zero = quant.zero_point();
    if (zero == 0) return fmt::format("{:.4g} * q", quant.scale());
    return fmt::format("{:.4g} * (q {} {})", quant.scale(), zero < 0 ? '+' : '-', std::abs(zero));
}

json tensor_json(const Tensor& tensor)
{
    json item = {
        {"name", tensor.name}, {"dtype", dtype_name(tensor.type)}, {"shape", tensor.shape}};
    item["scale"] = tensor.quant.present() ? json(tensor.quant.scale()) : json();
    item["zero_point"] = tensor.quant.present() ? json(tensor.quant.zero_point()) : json();
    return item;
}

namespace {

// What a stage costs: multiply-accumulates and constants of its layers, and states that live from
// tick to tick.
struct StageCost {
    int64_t macs = 0, weights = 0, state = 0;
};

void add_costs(const Graph& graph, std::map<std::string, StageCost>& stages)
{
    for (const Node& node : graph.nodes) {
        // What a branch holds counts to its own stages.
        if (node.attributes.type() == typeid(IfAttributes)) {
            for (const TensorId id : node.inputs)
                if (id != kNoTensor && graph.tensor(id).is_constant())
                    stages[stage_of(graph.tensor(id).name)].weights += graph.tensor(id).bytes();
            add_costs(*std::any_cast<const IfAttributes&>(node.attributes).then_graph, stages);
            continue;
        }
        StageCost& cost = stages[stage_of(node.name)];
        cost.macs += macs_of(graph, node);
        cost.weights += weights_of(graph, node);
    }
}

std::map<std::string, StageCost> stage_costs(const Graph& graph)
{
    std::map<std::string, StageCost> stages;
    add_costs(graph, stages);
    for (const Tensor& tensor : graph.tensors)
        if (tensor.kind == TensorKind::state) stages[stage_of(tensor.name)].state += tensor.bytes();
    return stages;
}

// Where a stage's layers are named with its place in the chain, its cost stands under that name.
StageCost cost_of(const std::map<std::string, StageCost>& stages, const std::string& stage,
                  size_t index)
{
    for (const std::string& name : {stage, fmt::format("{}_{}", stage, index)})
        if (const auto it = stages.find(name); it != stages.end()) return it->second;
    return {};
}

json chain_json(const Graph& graph, const std::vector<Joint>& joints)
{
    const auto stages = stage_costs(graph);
    json chain = json::array();
    for (size_t i = 0; i < joints.size(); ++i) {
        const Joint& joint = joints[i];
        const StageCost cost = i == 0 ? StageCost{} : cost_of(stages, joint.stage, i - 1);
        json item = tensor_json(joint.tensor);
        item["stage"] = joint.stage;
        item["per_second"] = joint.per_second > 0 ? json(joint.per_second) : json();
        item["state_bytes"] = cost.state;
        item["macs"] = cost.macs;
        item["weight_bytes"] = cost.weights;
        chain.push_back(std::move(item));
    }
    return chain;
}

// Of networks that the compiler takes; nothing else is worth the walk.
std::vector<SlidingNetwork> networks_of(const Graph& graph, const ModelOptions& options)
{
    try {
        return sliding_networks(recognise(graph, options.keep_state()));
    } catch (const Error&) {
        return {};  // what it says stands behind the layers
    }
}

std::string data_text(const ProjectFile& file)
{
    if (!file.data()) return "";
    try {
        return "\n" + data_table_text(load_dataset(data_options(file)));
    } catch (const Error& error) {
        // A project may be looked at before its recordings are there.
        return fmt::format("\n[data] cannot be read: {}: {}\n", error.text().place,
                           error.text().found);
    }
}

}  // namespace

std::string chain_text(const Graph& graph, const ModelOptions& options)
{
    const PipelineInterface& interface = *graph.interface;
    const std::vector<Joint> joints = load_joints(options);
    const auto stages = stage_costs(graph);
    TextTable table(
        {"stage", "gives", "shape", "real value", ">a second", ">state", ">MACs", ">constants"});
    for (size_t i = 0; i < joints.size(); ++i) {
        const Joint& joint = joints[i];
        const StageCost cost = i == 0 ? StageCost{} : cost_of(stages, joint.stage, i - 1);
        table.row({joint.stage, std::string(dtype_name(joint.tensor.type)),
                   shape_text(joint.tensor.shape), quantization_text(joint.tensor),
                   joint.per_second > 0 ? fmt::format("{:.4g}", joint.per_second) : "-",
                   grouped(cost.state), grouped(cost.macs), grouped(cost.weights)});
    }
    std::string text = table.text();
    if (interface.streamed())
        text += fmt::format(
            "a tick sees {} samples, the next one {} later; up to {} wait: {} bytes\n",
            interface.window, interface.hop, interface.buffer,
            grouped(interface.buffer * sample_bytes(graph)));
    for (size_t i = 0; i < interface.labels.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "labels: " : ", ", interface.labels[i]);
    if (!interface.labels.empty()) text += "\n";
    for (const SlidingNetwork& network : networks_of(graph, options))
        text += sliding_text(network) + "\n";
    return text + data_text(read_project_file(options.path)) + "\n";
}

void add_chain_json(const Graph& graph, const ModelOptions& options, json& object)
{
    object["stages"] = chain_json(graph, load_joints(options));
    object["window"] = graph.interface->window;
    object["hop"] = graph.interface->hop;
    object["buffer"] = graph.interface->buffer;
    object["labels"] = graph.interface->labels;
    object["sliding"] = json::array();
    for (const SlidingNetwork& n : networks_of(graph, options))
        object["sliding"].push_back({{"window", n.window}, {"wanted", n.wanted},
                                     {"possible", n.possible}, {"layers", n.layers},
                                     {"macs", n.macs}, {"macs_sliding", n.macs_sliding},
                                     {"state_bytes", n.bytes},
                                     {"state_bytes_sliding", n.bytes_sliding},
                                     {"why", n.why ? json(n.why->reason) : json()},
                                     {"layer", n.why ? json(n.why->layer) : json()}});
    const ProjectFile file = read_project_file(options.path);
    if (!file.data()) return;
    try {
        object["data"] = data_table_json(load_dataset(data_options(file)));
    } catch (const Error& error) {
        object["data"] = {{"error", error.text().found}};
    }
}

}  // namespace thimble
