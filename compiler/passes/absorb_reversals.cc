// A loop over a reversed sequence runs backwards over the sequence itself.
//
//   before:  r = reverse(x);  y = scan(r);  z = reverse(y)
//   after:   y' = scan backwards (x);  z = y'
//
// Step k of the old scan reads x at T - 1 - k and writes y at k; the new one writes it at T - 1 -
// k, so that y = reverse(y'), which most often meets the reversal that a backward layer ends with.
// Pairs of movements that together change nothing are then left out.
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/links.h"
#include "passes/passes.h"
#include "passes/places.h"

#include <algorithm>
#include <numeric>

namespace thimble {

namespace {

// The tensor of which `id` is the reversal along `axis` alone; none otherwise.
TensorId unreversed(const Graph& graph, const Links& links, TensorId id, int64_t axis)
{
    const size_t n = links.producer[static_cast<size_t>(id)];
    if (n == kNoNode || !graph.nodes[n].op || graph.nodes[n].op->name != "reverse")
        return kNoTensor;
    const Node& reverse = graph.nodes[n];
    const Tensor& axes = graph.input(reverse, 1);
    if (!axes.is_constant() || axes.count() != 1) return kNoTensor;
    const auto rank = static_cast<int64_t>(graph.tensor(id).shape.size());
    const int64_t reversed = axes.integers()[0];
    return (reversed < 0 ? reversed + rank : reversed) == axis ? reverse.inputs[0] : kNoTensor;
}

void turn_scan(Graph& graph, size_t index)
{
    const Links links(graph);
    auto attributes = std::any_cast<ScanAttributes>(graph.nodes[index].attributes);
    if (attributes.sequence_axes.empty()) return;
    std::vector<TensorId> sources;
    for (size_t i = 0; i < attributes.sequence_axes.size(); ++i) {
        sources.push_back(
            unreversed(graph, links, graph.nodes[index].inputs[i], attributes.sequence_axes[i]));
        if (sources.back() == kNoTensor) return;
    }
    std::ranges::copy(sources, graph.nodes[index].inputs.begin());
    attributes.reverse = !attributes.reverse;
    std::vector<Node> reversals;
    for (size_t k = 0; k < attributes.stacked_axes.size(); ++k) {
        const size_t place = static_cast<size_t>(attributes.carried) + k;
        const TensorId old = graph.nodes[index].outputs[place];
        Tensor turned = graph.tensor(old);
        turned.name += "_backwards";
        const TensorId id = graph.add_tensor(std::move(turned));
        graph.nodes[index].outputs[place] = id;
        const auto axis = static_cast<size_t>(attributes.stacked_axes[k]);
        reversals.push_back(new_reverse(graph, id, axis, graph.tensor(old).name));
        reversals.back().outputs[0] = old;
    }
    graph.nodes[index].attributes = std::move(attributes);
    graph.nodes.insert(graph.nodes.begin() + static_cast<int64_t>(index) + 1, reversals.begin(),
                       reversals.end());
}

// A reversal whose elements stand, after the movements before it, in the order of an earlier tensor
// becomes a reshape of that tensor.
void cancel_reversals(Graph& graph)
{
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        if (!graph.nodes[n].op || graph.nodes[n].op->name != "reverse") continue;
        const Links links(graph);
        const TensorId out = graph.nodes[n].outputs[0];
        for (const Origin& origin : Movements(graph, links).origins(out)) {
            Places same(static_cast<size_t>(graph.tensor(origin.root).count()));
            std::iota(same.begin(), same.end(), 0);
            if (origin.places != same) continue;
            Node reshape = new_reshape(graph, origin.root, Shape(graph.tensor(out).shape),
                                       std::string(graph.nodes[n].name));
            reshape.outputs[0] = out;
            graph.nodes[n] = std::move(reshape);
            break;
        }
    }
}

}  // namespace

void absorb_reversals(Graph& graph)
{
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (graph.nodes[n].op && graph.nodes[n].op->name == "scan") turn_scan(graph, n);
    cancel_reversals(graph);
    remove_dead_nodes(graph);
}

}  // namespace thimble
