#include "passes/first_step.h"

#include "ops/by_turn.h"
#include "ops/control.h"
#include "ops/new_node.h"

#include <algorithm>

namespace thimble {

std::optional<FirstStep> find_first_step(
    const Graph& graph, const Links& links, std::vector<TensorId> results,
    const std::set<size_t>& steps, size_t nodes_max,
    const std::function<std::optional<size_t>(TensorId)>& sequence_of)
{
    FirstStep first;
    std::set<size_t> nodes;
    std::set<TensorId> seen;
    std::vector<TensorId> open = results;
    first.results = std::move(results);
    while (!open.empty()) {
        const TensorId id = open.back();
        open.pop_back();
        if (id == kNoTensor || !seen.insert(id).second || graph.tensor(id).is_constant()) continue;
        if (graph.tensor(id).kind == TensorKind::state) return std::nullopt;
        if (const std::optional<size_t> sequence = sequence_of(id)) {
            first.slices[id] = *sequence;
            continue;
        }
        const size_t producer = links.producer[static_cast<size_t>(id)];
        if (producer == kNoNode) {
            first.captured.push_back(id);
            continue;
        }
        const Node& node = graph.nodes[producer];
        if (steps.count(producer) || !node.op || has_side_effect(node)) return std::nullopt;
        nodes.insert(producer);
        if (nodes.size() > nodes_max) return std::nullopt;
        open.insert(open.end(), node.inputs.begin(), node.inputs.end());
    }
    if (first.slices.empty()) return std::nullopt;
    first.nodes.assign(nodes.begin(), nodes.end());
    return first;
}

namespace {

// Marks the tensors as ones that change with the turns, though they do not, so that the branch is
// lowered to the kernels and packed weights that the other one has anyway. Not where a layer has no
// such form.
void share_kernels(Graph& branch, size_t turns)
{
    const Graph plain = branch;
    for (Tensor& tensor : branch.tensors) {
        if (tensor.type != DType::i8 || tensor.kind != TensorKind::activation) continue;
        TurnValues values;
        values.quant.assign(turns, tensor.quant);
        tensor.by_turn = std::make_shared<const TurnValues>(std::move(values));
    }
    if (!no_changing_scales(branch).empty()) branch = plain;
}

size_t turns_of(const Graph& body)
{
    size_t turns = 0;
    for (const Tensor& tensor : body.tensors)
        if (tensor.by_turn) turns = std::max(turns, tensor.by_turn->quant.size());
    return turns;
}

Tensor as_activation(Tensor tensor)
{
    tensor.kind = TensorKind::activation;
    tensor.data = nullptr;
    tensor.by_turn = nullptr;
    return tensor;
}

}  // namespace

Graph first_step_graph(const Graph& graph, const FirstStep& first, const Graph& step,
                       const std::map<TensorId, TensorId>& captures)
{
    Graph branch;
    branch.name = step.name;
    std::map<TensorId, TensorId> inner;
    for (const TensorId id : step.inputs)
        branch.inputs.push_back(branch.add_tensor(as_activation(step.tensor(id))));
    for (const auto& [outer, input] : captures)
        inner[outer] = branch.inputs[static_cast<size_t>(
            std::ranges::find(step.inputs, input) - step.inputs.begin())];
    for (const auto& [outer, sequence] : first.slices) {
        branch.nodes.push_back(new_reshape(branch, branch.inputs[sequence],
                                           graph.tensor(outer).shape,
                                           graph.tensor(outer).name + "_step"));
        inner[outer] = branch.nodes.back().outputs[0];
    }
    const auto id_of = [&](TensorId id) {
        if (id == kNoTensor) return kNoTensor;
        if (!inner.count(id)) inner[id] = branch.add_tensor(graph.tensor(id));
        return inner[id];
    };
    for (const size_t n : first.nodes) {
        Node copy = graph.nodes[n];
        for (TensorId& id : copy.inputs) id = id_of(id);
        for (TensorId& id : copy.outputs) id = id_of(id);
        branch.nodes.push_back(std::move(copy));
    }
    for (size_t i = 0; i < first.results.size(); ++i) {
        TensorId id = id_of(first.results[i]);
        const Shape& shape = step.tensor(step.outputs[i]).shape;
        if (branch.tensor(id).shape != shape || branch.tensor(id).is_constant()) {
            branch.nodes.push_back(
                new_reshape(branch, id, shape, std::string(branch.tensor(id).name) + "_slice"));
            id = branch.nodes.back().outputs[0];
        }
        branch.outputs.push_back(id);
    }
    if (const size_t turns = turns_of(step)) share_kernels(branch, turns);
    verify_graph(branch);
    return branch;
}

Graph branched_body(Graph first, Graph step, size_t sequences, size_t carried)
{
    Graph body;
    body.name = step.name;
    Node node;
    node.name = "first_step";
    node.op = find_op("if");
    node.source_op = "IF";
    Tensor is_first;
    is_first.name = "is_first";
    is_first.type = DType::boolean;
    is_first.shape = {1};
    const TensorId test = body.add_tensor(is_first), never = body.add_tensor(is_first);
    body.set_constant(never, {0});
    node.inputs = {test};
    for (size_t i = 0; i < step.inputs.size(); ++i) {
        if (i == sequences + carried) body.inputs.push_back(test);
        body.inputs.push_back(body.add_tensor(as_activation(step.tensor(step.inputs[i]))));
        node.inputs.push_back(body.inputs.back());
    }
    if (step.inputs.size() == sequences + carried) body.inputs.push_back(test);
    for (size_t i = 0; i < step.outputs.size(); ++i) {
        if (i == carried) body.outputs.push_back(never);
        body.outputs.push_back(body.add_tensor(as_activation(step.tensor(step.outputs[i]))));
        node.outputs.push_back(body.outputs.back());
    }
    if (step.outputs.size() == carried) body.outputs.push_back(never);
    node.attributes = IfAttributes{std::make_shared<const Graph>(std::move(first)),
                                   std::make_shared<const Graph>(std::move(step))};
    node.op->infer(body, node);
    body.nodes.push_back(std::move(node));
    verify_graph(body);
    return body;
}

}  // namespace thimble
