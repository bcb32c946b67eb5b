// inspect: what a model holds, what of it can be compiled, and where it fits.
#include "cli/board_table.h"
#include "cli/chain.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "import/import.h"
#include "ops/op.h"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

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
        table.row({shortened(tensor.name), std::string(dtype_name(tensor.type)),
                   shape_text(tensor.shape), quantization_text(tensor)});
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
        table.row({shortened(node.name), node.source_op, std::string(dtype_name(out.type)),
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

bool all_supported(const Graph& graph)
{
    for (const Node& node : graph.nodes)
        if (!node.unsupported.empty()) return false;
    return true;
}

Exit inspect(const ModelOptions& options, bool as_json)
{
    const Graph graph = load_graph(options);
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
        if (graph.interface) add_chain_json(graph, options, object);
        print_json(object);
        return Exit::ok;
    }
    if (graph.interface) say(chain_text(graph, options));
    say_ports("input", graph, graph.inputs);
    say_ports("output", graph, graph.outputs);
    say_layers(graph);
    if (!supported) {
        say("Boards are not listed: some layers are not supported.\n");
        say_next("thimble ops");
        return Exit::ok;
    }
    say(board_table_text(boards));
    const std::string target = deploy_target(options, "");
    say_next(is_trained(options)
                 ? verify_command(options, target.empty() ? suggested_target(boards) : target)
                 : "thimble train " + options.path);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<ModelOptions>();
    declare_model(reader, *options);
    options->stand_ins = true;
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
