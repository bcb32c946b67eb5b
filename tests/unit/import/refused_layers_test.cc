// Layers that the importer refuses stay in the graph with their reason, whatever their tensors are.
#include "formats/tflite_writer.h"
#include "import/import.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

TEST(RefusedLayer, ThatWritesAConstant)
{
    TfliteDraftSubgraph main;
    main.tensors = {{.name = "x", .shape = {1}}, {.name = "y", .shape = {1}, .data = {0, 0, 0, 0}}};
    main.inputs = {0};
    main.outputs = {1};
    main.operators = {{.name = "RELU", .inputs = {0}, .outputs = {1}}};
    TfliteDraft draft;
    draft.subgraphs = {main};
    const Graph graph = import_tflite(read_tflite(write_tflite(draft), "tested"));
    ASSERT_EQ(graph.nodes.size(), 1u);
    EXPECT_NE(graph.nodes[0].unsupported.find("is written twice"), std::string::npos);
}

}  // namespace
}  // namespace thimble
