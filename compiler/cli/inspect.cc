// inspect: what a model holds, what of it can be compiled, and where it fits.
#include "cli/board_table.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/pipeline_run.h"
#include "import/import.h"
#include "ops/control.h"
#include "ops/op.h"
#include "verify/ticks.h"

#include <fmt/format.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

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

json layer_json(const Graph& graph, const Node& node)
{
    json item = {{"name", node.name},
                 {"op", node.source_op},
                 {"supported", node.unsupported.empty()},
                 {"reason", node.unsupported},
                 {"remedy", node.remedy},
                 {"macs", macs_of(graph, node)},
                 {"weight_bytes", weights_of(graph, node)}};
    item["outputs"] = json::array();
    for (const TensorId id : node.outputs) item["outputs"].push_back(tensor_json(graph.tensor(id)));
    return item;
}

void say_ports(const char* title, const Graph& graph, const std::vector<TensorId>& ids)
{
    TextTable table({title, "type", "shape", "real value"});
    for (const TensorId id : ids) {
        const Tensor& tensor = graph.tensor(id);
        table.row({tensor.name, std::string(dtype_name(tensor.type)), shape_text(tensor.shape),
                   quantization_text(tensor)});
    }
    say(table.text() + "\n");
}

void say_layers(const Graph& graph)
{
    TextTable table(
        {"layer", "operator", "output", "shape", "quantisation", ">MACs", ">weights", ""});
    for (const Node& node : graph.nodes) {
        const Tensor none;
        const Tensor& out = node.outputs.empty() ? none : graph.output(node, 0);
        table.row({node.name, node.source_op, std::string(dtype_name(out.type)),
                   shape_text(out.shape), quantization_text(out), grouped(macs_of(graph, node)),
                   grouped(weights_of(graph, node)),
                   node.unsupported.empty() ? "" : "NOT SUPPORTED"});
    }
    say(table.text());
    int64_t macs = 0, weights = 0;
    for (const Node& node : graph.nodes) {
        macs += macs_of(graph, node);
        weights += weights_of(graph, node);
    }
    say(fmt::format("{} layers, {} multiply-accumulates, {} bytes of constants\n",
                    graph.nodes.size(), grouped(macs), grouped(weights)));
    for (const Node& node : graph.nodes) {
        if (node.unsupported.empty()) continue;
        say(fmt::format("\nnot supported: {}: {}\n", graph.node_place(node), node.unsupported));
        if (!node.remedy.empty()) say(fmt::format("try: {}\n", node.remedy));
    }
    for (const std::string& note : graph.notes) say("note: " + note + "\n");
    say("\n");
}

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

void say_chain(const Graph& graph, const std::vector<Joint>& joints)
{
    const PipelineInterface& interface = *graph.interface;
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
    say(table.text());
    if (interface.streamed()) {
        say(fmt::format("a tick sees {} samples, the next one {} later; up to {} wait: {} bytes\n",
                        interface.window, interface.hop, interface.buffer,
                        grouped(interface.buffer * sample_bytes(graph))));
    }
    for (size_t i = 0; i < interface.labels.size(); ++i)
        say(fmt::format("{}{}", i == 0 ? "labels: " : ", ", interface.labels[i]));
    say(interface.labels.empty() ? "\n" : "\n\n");
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

bool all_supported(const Graph& graph)
{
    for (const Node& node : graph.nodes)
        if (!node.unsupported.empty()) return false;
    return true;
}

Exit inspect(const ModelOptions& options, bool as_json)
{
    const Graph graph = load_graph(options);
    const std::vector<Joint> joints = graph.interface ? load_joints(options) : std::vector<Joint>();
    const bool supported = all_supported(graph);
    std::vector<BoardRow> boards;
    if (supported) {
        const Progress progress("planning memory for all boards");
        boards = fit_all_boards(graph, options, false);
    }
    if (as_json) {
        json object = {{"model", options.path}, {"supported", supported}, {"notes", graph.notes}};
        for (const char* key : {"inputs", "outputs", "layers"}) object[key] = json::array();
        for (const TensorId id : graph.inputs)
            object["inputs"].push_back(tensor_json(graph.tensor(id)));
        for (const TensorId id : graph.outputs)
            object["outputs"].push_back(tensor_json(graph.tensor(id)));
        for (const Node& node : graph.nodes) object["layers"].push_back(layer_json(graph, node));
        object["boards"] = board_table_json(boards);
        if (graph.interface) {
            object["stages"] = chain_json(graph, joints);
            object["window"] = graph.interface->window;
            object["hop"] = graph.interface->hop;
            object["buffer"] = graph.interface->buffer;
            object["labels"] = graph.interface->labels;
        }
        print_json(object);
        return Exit::ok;
    }
    if (graph.interface) say_chain(graph, joints);
    say_ports("input", graph, graph.inputs);
    say_ports("output", graph, graph.outputs);
    say_layers(graph);
    if (!supported) {
        say("Boards are not listed: some layers are not supported.\n");
        say_next("thimble ops");
        return Exit::ok;
    }
    say(board_table_text(boards));
    say_next(command_text("verify", options) + " --target " + suggested_target(boards));
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<ModelOptions>();
    declare_model(reader, *options);
    return [options](bool as_json) { return inspect(*options, as_json); };
}

}  // namespace

extern const Command command_inspect;
const Command command_inspect = {
    .name = "inspect",
    .summary = "Show layers, tensors, quantisation, what is supported, and where the model fits",
    .examples = {"thimble inspect examples/gesture/gesture.tflite",
                 "thimble inspect examples/gesture/gesture_float.tflite --json"},
    .declare = declare,
};

}  // namespace thimble
