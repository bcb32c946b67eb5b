// A recurrent layer takes in what a file has to put around it.
//
//   before:  r = reverse(x);  y = lstm(r);  z = reverse(y)        after:  z = lstm backwards (x)
//   before:  y = lstm(x);  z = the last row of y                  after:  z = lstm(x), last step
//   only
//
// So neither the reversed input nor the rows that nobody reads need memory. What the rows in front
// of a slice are is asked of the movement nodes themselves (places.h).
#include "ops/new_node.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "passes/links.h"
#include "passes/passes.h"
#include "passes/places.h"

#include <algorithm>
#include <numeric>

namespace thimble {

namespace {

RecurrentAttributes* attributes_of(Node& node)
{
    if (auto* lstm = std::any_cast<LstmAttributes>(&node.attributes)) return lstm;
    if (auto* gru = std::any_cast<GruAttributes>(&node.attributes)) return gru;
    return std::any_cast<SimpleRnnAttributes>(&node.attributes);
}

// The places of step t in the output [n, T, u] or [T, n, u], batch after batch.
Places step_places(const Shape& shape, bool time_major, int64_t step)
{
    const int64_t batches = shape[time_major ? 1 : 0], units = shape[2];
    const int64_t steps = shape[time_major ? 0 : 1];
    Places places;
    for (int64_t n = 0; n < batches; ++n)
        for (int64_t u = 0; u < units; ++u) {
            const int64_t row = time_major ? step * batches + n : n * steps + step;
            places.push_back(static_cast<int32_t>(row * units + u));
        }
    return places;
}

bool reverses_time(const Graph& graph, const Links& links, TensorId id, const Node& layer,
                   TensorId& source)
{
    const size_t producer = links.producer[static_cast<size_t>(id)];
    if (producer == kNoNode) return false;
    const Node& node = graph.nodes[producer];
    if (!node.op || node.op->name != "reverse") return false;
    const Tensor& axes = graph.input(node, 1);
    if (!axes.is_constant() || axes.count() != 1) return false;
    const int64_t axis = axes.integers()[0];
    source = node.inputs[0];
    return (axis < 0 ? axis + 3 : axis) == (recurrent_attributes(layer)->time_major ? 0 : 1);
}

// y = layer(reverse(x)) is reverse(layer backwards (x)).
void turn_layer(Graph& graph, size_t index)
{
    const Links links(graph);
    Node& node = graph.nodes[index];
    TensorId source = kNoTensor;
    if (graph.input(node, 0).shape.size() != 3 ||
        !reverses_time(graph, links, node.inputs[0], node, source))
        return;
    RecurrentAttributes& attributes = *attributes_of(node);
    attributes.reverse = !attributes.reverse;
    node.inputs[0] = source;
    if (!attributes.return_sequences) return;
    const TensorId old = node.outputs[0];
    Tensor turned = graph.tensor(old);
    turned.name += "_backwards";
    node.outputs[0] = graph.add_tensor(std::move(turned));
    const size_t axis = attributes.time_major ? 0 : 1;
    Node back = new_reverse(graph, node.outputs[0], axis, std::string(graph.tensor(old).name));
    back.outputs[0] = old;
    graph.nodes.insert(graph.nodes.begin() + static_cast<ptrdiff_t>(index) + 1, std::move(back));
}

// Whether everything that reads `id`, through movements, is `reader` alone.
bool leads_only_to(const Graph& graph, const Links& links, TensorId id, TensorId reader)
{
    while (id != reader) {
        const auto& uses = links.uses[static_cast<size_t>(id)];
        if (links.is_output[static_cast<size_t>(id)] || uses.size() != 1) return false;
        const Node& next = graph.nodes[uses[0].node];
        if (!next.op || next.outputs.size() != 1 || uses[0].input != 0) return false;
        id = next.outputs[0];
    }
    return true;
}

// The node at `index` cuts a recurrent layer's last step out of its rows: the layer returns it.
void keep_last_step(Graph& graph, size_t index)
{
    const Links links(graph);
    const TensorId out = graph.nodes[index].outputs[0];
    for (const Origin& origin : Movements(graph, links).origins(out)) {
        const size_t producer = links.producer[static_cast<size_t>(origin.root)];
        if (producer == kNoNode) continue;
        Node& layer = graph.nodes[producer];
        RecurrentAttributes* attributes = attributes_of(layer);
        if (!attributes || !attributes->return_sequences || layer.outputs[0] != origin.root ||
            graph.input(layer, 0).shape.size() != 3)
            continue;
        const Shape rows = graph.tensor(origin.root).shape;
        const int64_t steps = rows[attributes->time_major ? 0 : 1];
        const int64_t last = attributes->reverse ? 0 : steps - 1;
        if (origin.places != step_places(rows, attributes->time_major, last) ||
            !leads_only_to(graph, links, origin.root, out))
            return;
        attributes->return_sequences = false;
        Tensor step = graph.tensor(origin.root);
        step.name += "_last";
        layer.outputs[0] = graph.add_tensor(std::move(step));
        layer.op->infer(graph, layer);
        Node reshape = new_reshape(graph, layer.outputs[0], Shape(graph.tensor(out).shape),
                                   std::string(graph.nodes[index].name));
        reshape.outputs[0] = out;
        graph.nodes[index] = std::move(reshape);
        return;
    }
}

// A reversal that undoes the one in front of it.
void drop_double_reversals(Graph& graph)
{
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        if (!graph.nodes[n].op || graph.nodes[n].op->name != "reverse") continue;
        const Links links(graph);
        const TensorId out = graph.nodes[n].outputs[0];
        const auto origins = Movements(graph, links).origins(out);
        const auto same = std::ranges::find_if(origins, [&](const Origin& origin) {
            Places all(static_cast<size_t>(graph.tensor(origin.root).count()));
            std::iota(all.begin(), all.end(), 0);
            return origin.places == all;
        });
        if (same == origins.end()) continue;
        Node reshape = new_reshape(graph, same->root, Shape(graph.tensor(out).shape),
                                   std::string(graph.nodes[n].name));
        reshape.outputs[0] = out;
        graph.nodes[n] = std::move(reshape);
    }
}

}  // namespace

void absorb_frames(Graph& graph)
{
    const auto any = [&] {
        return std::ranges::any_of(graph.nodes, [](const Node& node) {
            return node.op && recurrent_attributes(node) != nullptr;
        });
    };
    if (!any()) return;
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (graph.nodes[n].op && recurrent_attributes(graph.nodes[n])) turn_layer(graph, n);
    drop_double_reversals(graph);
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (graph.nodes[n].op && graph.nodes[n].op->name == "slice") keep_last_step(graph, n);
    remove_dead_nodes(graph);
}

}  // namespace thimble
