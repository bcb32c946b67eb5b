#include "import/import.h"

#include "base/error.h"
#include "formats/tflite.h"

#include <fmt/format.h>

namespace thimble {

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
}

}  // namespace thimble
