// Every operator's own hook writes it (ops/tflite_export.h); here stands what concerns the graph as
// a whole: the order, and the place in errors.
#include "export/tflite.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/tflite_writer.h"
#include "ops/op.h"
#include "ops/tflite_export.h"
#include "passes/spell_out.h"

#include <fmt/format.h>

namespace thimble {

namespace {

void write_nodes(TfliteExport& file, const Graph& graph)
{
    for (const Node& node : graph.nodes) {
        try {
            if (!node.op || !node.op->export_tflite)
                refuse_export(
                    fmt::format("the operator '{}' has no form in a .tflite file",
                                node.op ? node.op->name : std::string_view(node.source_op)),
                    "an operator of TensorFlow Lite", "replace the layer");
            node.op->export_tflite(file, node);
        } catch (Error& error) {
            error.add_context(graph.node_place(node));
            throw;
        }
    }
}

}  // namespace

std::vector<uint8_t> export_tflite(const Graph& graph)
{
    const SpelledOut spelled = spell_out(graph, has_no_file_form);
    TfliteExport file(spelled.graph);
    file.tensors(graph.inputs);
    write_nodes(file, spelled.graph);
    TfliteDraft draft = file.finish();
    draft.subgraphs[0].name = graph.name.empty() ? "main" : graph.name;
    return write_tflite(draft);
}

void export_tflite_file(const Graph& graph, const std::filesystem::path& path)
{
    write_file(path, export_tflite(graph));
}

}  // namespace thimble
