#include "verify/oracle.h"

#include "base/error.h"
#include "ops/op.h"

namespace thimble {

Oracle::Oracle(const Graph& graph, Match match)
    : graph_(graph), match_(match), values_(graph.tensors.size())
{
    for (size_t id = 0; id < graph.tensors.size(); ++id) {
        const Tensor& tensor = graph.tensors[id];
        if (tensor.kind == TensorKind::constant) values_[id] = *tensor.data;
    }
    reset();
}

void Oracle::reset()
{
    for (size_t id = 0; id < graph_.tensors.size(); ++id)
        if (graph_.tensors[id].kind == TensorKind::state) values_[id] = *graph_.tensors[id].data;
}

void Oracle::begin_sequence()
{
    for (size_t id = 0; id < graph_.tensors.size(); ++id)
        if (graph_.tensors[id].per_sequence) values_[id] = *graph_.tensors[id].data;
}

void Oracle::set_input(size_t index, std::span<const uint8_t> bytes)
{
    const TensorId id = graph_.inputs.at(index);
    THIMBLE_CHECK(static_cast<int64_t>(bytes.size()) == graph_.tensor(id).bytes(),
                  graph_.tensor(id).name);
    values_[static_cast<size_t>(id)].assign(bytes.begin(), bytes.end());
}

void Oracle::run()
{
    for (const Node& node : graph_.nodes) {
        for (const TensorId id : node.outputs)
            if (graph_.tensor(id).kind == TensorKind::activation)
                values_[static_cast<size_t>(id)].assign(
                    static_cast<size_t>(graph_.tensor(id).bytes()), 0);
        EvalContext context(graph_, node, values_, match_);
        node.op->eval(context);
    }
}

}  // namespace thimble
