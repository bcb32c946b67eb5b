#include "verify/trace.h"

#include "ops/control.h"

#include <algorithm>

namespace thimble {

namespace {

const PlacedBody* body_around(const Program& program, TensorId id)
{
    for (const PlacedBody& body : program.bodies)
        if (id >= body.first && id < body.first + body.count) return &body;
    return nullptr;
}

// The `if` that writes `output` first; null: there is none.
const Node* branch_node(const Graph& graph, TensorId output)
{
    for (const Node& node : graph.nodes)
        if (!node.outputs.empty() && node.outputs[0] == output)
            return node.attributes.type() == typeid(IfAttributes) ? &node : nullptr;
    return nullptr;
}

}  // namespace

std::optional<TracePoint> trace_point(const Graph& imported, const Program& program, TensorId id)
{
    TracePoint point;
    point.tensor = id;
    const PlacedBody* body = body_around(program, id);
    if (body) point.tensor = id - body->first;
    while (body) {
        point.path.emplace_back(body->node_output, body->which);
        body = body->parent < 0 ? nullptr : &program.bodies[static_cast<size_t>(body->parent)];
    }
    std::ranges::reverse(point.path);
    const TracePlace place = place_of(imported, point);
    const bool known =
        place.graph && point.tensor < static_cast<TensorId>(place.graph->tensors.size());
    return known ? std::optional(point) : std::nullopt;
}

TracePlace place_of(const Graph& imported, const TracePoint& point)
{
    TracePlace place{&imported, ""};
    for (const auto& [output, which] : point.path) {
        const Node* node = branch_node(*place.graph, output);
        if (!node) return {};
        place.graph = bodies_of(*node).at(static_cast<size_t>(which)).get();
        place.prefix += node->name + " / ";
    }
    return place;
}

}  // namespace thimble
