#include "passes/links.h"

#include <map>
#include <string_view>

namespace thimble {

namespace {

bool same_constant(const Tensor& a, const Tensor& b)
{
    return same_form(a, b) && (a.data == b.data || *a.data == *b.data);
}

std::vector<TensorId> canonical_constants(const Graph& graph)
{
    std::vector<TensorId> canonical(graph.tensors.size(), kNoTensor);
    std::multimap<size_t, TensorId> known;  // by hash of the bytes
    for (size_t id = 0; id < graph.tensors.size(); ++id) {
        const Tensor& tensor = graph.tensors[id];
        canonical[id] = static_cast<TensorId>(id);
        if (!tensor.is_constant()) continue;
        const auto* bytes = reinterpret_cast<const char*>(tensor.data->data());
        const size_t hash = std::hash<std::string_view>()({bytes, tensor.data->size()});
        const auto [first, last] = known.equal_range(hash);
        auto it = first;
        while (it != last && !same_constant(graph.tensor(it->second), tensor)) ++it;
        if (it != last)
            canonical[id] = it->second;
        else
            known.emplace(hash, static_cast<TensorId>(id));
    }
    return canonical;
}

}  // namespace

bool same_quant(const Quantization& a, const Quantization& b)
{
    return a.scales == b.scales && a.zero_points == b.zero_points &&
           (!a.per_channel() || a.axis == b.axis);
}

bool same_form(const Tensor& a, const Tensor& b)
{
    return a.type == b.type && a.shape == b.shape && a.kind == b.kind &&
           same_quant(a.quant, b.quant);
}

Links::Links(const Graph& graph)
    : producer(graph.tensors.size(), kNoNode),
      output_index(graph.tensors.size(), 0),
      uses(graph.tensors.size()),
      is_output(graph.tensors.size(), false),
      canonical(canonical_constants(graph))
{
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        for (size_t i = 0; i < node.inputs.size(); ++i)
            if (node.inputs[i] != kNoTensor)
                uses[static_cast<size_t>(node.inputs[i])].push_back({n, i});
        for (size_t i = 0; i < node.outputs.size(); ++i) {
            if (node.outputs[i] == kNoTensor) continue;
            producer[static_cast<size_t>(node.outputs[i])] = n;
            output_index[static_cast<size_t>(node.outputs[i])] = i;
        }
    }
    for (const TensorId id : graph.outputs) is_output[static_cast<size_t>(id)] = true;
}

bool sort_nodes(Graph& graph)
{
    const size_t count = graph.nodes.size();
    std::vector<std::vector<size_t>> before(count);  // nodes that must run first
    std::vector<size_t> writer(graph.tensors.size(), kNoNode), last_touch = writer;
    for (size_t n = 0; n < count; ++n)
        for (const TensorId id : graph.nodes[n].outputs)
            if (id != kNoTensor) writer[static_cast<size_t>(id)] = n;
    for (size_t n = 0; n < count; ++n) {
        for (const TensorId id : graph.nodes[n].inputs) {
            if (id == kNoTensor) continue;
            const auto slot = static_cast<size_t>(id);
            if (writer[slot] != kNoNode) before[n].push_back(writer[slot]);
            if (graph.tensor(id).kind != TensorKind::state) continue;
            if (last_touch[slot] != kNoNode && last_touch[slot] != n)
                before[n].push_back(last_touch[slot]);
            last_touch[slot] = n;
        }
    }
    // Depth first without recursion: a graph may hold thousands of nodes in a row.
    enum class Mark : uint8_t { unseen, open, done };
    std::vector<Mark> mark(count, Mark::unseen);
    std::vector<size_t> order;
    for (size_t first = 0; first < count; ++first) {
        std::vector<size_t> stack = {first};
        while (!stack.empty()) {
            const size_t n = stack.back();
            if (mark[n] == Mark::unseen) {
                mark[n] = Mark::open;
                for (size_t i = before[n].size(); i-- > 0;) {
                    if (mark[before[n][i]] == Mark::open) return false;
                    if (mark[before[n][i]] == Mark::unseen) stack.push_back(before[n][i]);
                }
                continue;
            }
            stack.pop_back();
            if (mark[n] == Mark::open) order.push_back(n);
            mark[n] = Mark::done;
        }
    }
    std::vector<Node> nodes;
    for (const size_t n : order) nodes.push_back(std::move(graph.nodes[n]));
    graph.nodes = std::move(nodes);
    return true;
}

}  // namespace thimble
