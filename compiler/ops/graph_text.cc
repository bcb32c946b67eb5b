#include "ops/graph_text.h"

#include "ops/op.h"

#include <fmt/format.h>

namespace thimble {

static std::string tensor_text(const Graph& graph, TensorId id)
{
    if (id == kNoTensor) return "-";
    const Tensor& tensor = graph.tensor(id);
    const char* kind = tensor.is_constant()               ? " const"
                       : tensor.kind == TensorKind::state ? " state"
                                                          : "";
    return fmt::format("{}:{}{}", tensor.name, dtype_name(tensor.type), kind);
}

std::string graph_text(const Graph& graph)
{
    const auto list = [&](const std::vector<TensorId>& ids) {
        std::string line;
        for (const TensorId id : ids) line += (line.empty() ? "" : ", ") + tensor_text(graph, id);
        return line;
    };
    std::string text;
    for (const Node& node : graph.nodes) {
        const std::string_view op = node.op ? node.op->name : std::string_view(node.source_op);
        text += fmt::format("{} = {}({})\n", list(node.outputs), op, list(node.inputs));
    }
    return text + fmt::format("return {}\n", list(graph.outputs));
}

}  // namespace thimble
