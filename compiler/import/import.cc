#include "import/import.h"

#include "base/error.h"
#include "formats/tflite.h"
#include "ops/control.h"

#include <fmt/format.h>

namespace thimble {

namespace {

// Places and sizes in bytes must fit into the 32 bits of the smallest chips.
void require_addressable(const Graph& graph, const Node& node, TensorId id)
{
    constexpr int64_t kBytesMax = INT32_MAX;
    if (id == kNoTensor || graph.tensor(id).bytes() <= kBytesMax) return;
    const Tensor& tensor = graph.tensor(id);
    fail(ErrorCode::T0203, {graph.node_place(node),
                            fmt::format("tensor '{}' {}{}", tensor.name, dtype_name(tensor.type),
                                        shape_text(tensor.shape)),
                            "at most 2^31 - 1 bytes", "a smaller input"});
}

void require_addressable(const Graph& graph)
{
    for (const Node& node : graph.nodes) {
        for (const auto& body : bodies_of(node)) require_addressable(*body);
        for (const TensorId id : node.inputs) require_addressable(graph, node, id);
        for (const TensorId id : node.outputs) require_addressable(graph, node, id);
    }
}

}  // namespace

Graph import_model(const std::filesystem::path& path, const ImportOptions& options)
{
    Graph graph = import_tflite(read_tflite_file(path), options);
    graph.name = path.stem().string();
    return graph;
}

void require_supported(const Graph& graph)
{
    std::string found, first_place, remedy;
    int count = 0;
    for (const Node& node : graph.nodes) {
        if (node.unsupported.empty()) continue;
        if (count++ == 0) {
            first_place = graph.node_place(node);
            found = node.unsupported;
            remedy = node.remedy;
        } else {
            found += fmt::format("\n  also {}: {}", graph.node_place(node), node.unsupported);
        }
    }
    require(count == 0, ErrorCode::T0201,
            {graph.name + ": " + first_place, found, "operators and types that `thimble ops` lists",
             remedy.empty() ? "thimble inspect MODEL" : remedy});
    require_addressable(graph);
}

}  // namespace thimble
