#include "ops/control.h"

#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace thimble {

std::vector<std::shared_ptr<const Graph>> bodies_of(const Node& node)
{
    if (const auto* a = std::any_cast<ScanAttributes>(&node.attributes)) return {a->body};
    if (const auto* a = std::any_cast<WhileAttributes>(&node.attributes))
        return {a->condition, a->body};
    if (const auto* a = std::any_cast<IfAttributes>(&node.attributes))
        return {a->then_graph, a->else_graph};
    return {};
}

void set_bodies(Node& node, std::vector<std::shared_ptr<const Graph>> bodies)
{
    if (auto* a = std::any_cast<ScanAttributes>(&node.attributes)) {
        a->body = bodies.at(0);
    } else if (auto* a = std::any_cast<WhileAttributes>(&node.attributes)) {
        a->condition = bodies.at(0);
        a->body = bodies.at(1);
    } else if (auto* a = std::any_cast<IfAttributes>(&node.attributes)) {
        a->then_graph = bodies.at(0);
        a->else_graph = bodies.at(1);
    } else {
        THIMBLE_CHECK(bodies.empty(), node.name + " holds no graphs");
    }
}

bool has_side_effect(const Node& node)
{
    if (node.op && node.op->has_side_effect) return true;
    for (const auto& body : bodies_of(node))
        if (std::ranges::any_of(body->nodes, [](const Node& n) { return has_side_effect(n); }))
            return true;
    return false;
}

int64_t graph_macs(const Graph& graph)
{
    int64_t macs = 0;
    for (const Node& node : graph.nodes)
        if (node.op && node.op->macs) macs += node.op->macs(graph, node);
    return macs;
}

static int depth_of(const Graph& graph)
{
    int deepest = 0;
    for (const Node& node : graph.nodes)
        for (const auto& body : bodies_of(node)) deepest = std::max(deepest, 1 + depth_of(*body));
    return deepest;
}

void require_same_tensor(const Tensor& found, const Tensor& expected, const std::string& role)
{
    if (found.type != expected.type)
        fail_type(fmt::format("{} is {}", role, dtype_name(found.type)),
                  std::string(dtype_name(expected.type)));
    require_shape(found.shape == expected.shape,
                  fmt::format("{} has shape {}", role, shape_text(found.shape)),
                  fmt::format("{}, the same at every step", shape_text(expected.shape)));
}

void require_body_outputs(const Graph& body, size_t count)
{
    require_shape(body.outputs.size() == count,
                  fmt::format("a body with {} outputs", body.outputs.size()),
                  fmt::format("{}", count));
}

// The body's states are exactly those that it takes as inputs, each from another state.
static void check_states(const Graph& graph, const Node& node, const Graph& body, size_t first)
{
    std::set<TensorId> inner, outer;
    for (size_t i = 0; i < body.inputs.size(); ++i) {
        const Tensor& from = graph.input(node, first + i);
        const Tensor& to = body.tensor(body.inputs[i]);
        if (to.kind != TensorKind::state) continue;
        require_shape(from.kind == TensorKind::state,
                      fmt::format("input {} of the body is a state", i), "a state outside too");
        require_same_tensor(to, from, fmt::format("input {} of the body", i));
        const bool first_use =
            inner.insert(body.inputs[i]).second && outer.insert(node.inputs[first + i]).second;
        require_shape(first_use, fmt::format("the state '{}' is passed twice", from.name),
                      "one input for each state");
    }
    for (size_t id = 0; id < body.tensors.size(); ++id)
        THIMBLE_CHECK(body.tensors[id].kind != TensorKind::state ||
                          inner.count(static_cast<TensorId>(id)) > 0,
                      "a body declares the state " + body.tensors[id].name);
}

void check_body(const Graph& graph, const Node& node, const Graph& body, size_t first)
{
    require_shape(body.inputs.size() + first == node.inputs.size(),
                  fmt::format("a body with {} inputs", body.inputs.size()),
                  fmt::format("{}", node.inputs.size() - std::min(first, node.inputs.size())));
    require_shape(depth_of(body) + 1 < kBodyDepthMax, "loops inside of loops",
                  fmt::format("a depth of at most {}", kBodyDepthMax));
    for (const Node& inner : body.nodes)
        require(inner.op && inner.unsupported.empty(), ErrorCode::T0201,
                {"", fmt::format("layer '{}' ({}) of its body: {}", inner.name, inner.source_op,
                                 inner.unsupported),
                 "operators and types that `thimble ops` lists",
                 inner.remedy.empty() ? "thimble inspect MODEL" : inner.remedy});
    for (size_t i = first; i < node.inputs.size(); ++i)
        require_shape(node.inputs[i] != kNoTensor, fmt::format("input {} is absent", i),
                      "a tensor");
    check_states(graph, node, body, first);
}

}  // namespace thimble
