// A graph that is exported and read back computes the same bits.
#include "export/tflite.h"

#include "base/error.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "ops/evaluate.h"
#include "ops/op.h"
#include "unit/shared_folder.h"
#include "verify/oracle.h"
#include "verify/verify.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

bool is_supported(const Graph& graph)
{
    return std::ranges::all_of(graph.nodes, [](const Node& node) { return node.op != nullptr; });
}

// The outputs of three runs in a row, so that states count too.
std::vector<std::vector<uint8_t>> outputs_of(const Graph& graph, const std::vector<Case>& cases)
{
    std::vector<std::vector<uint8_t>> outputs;
    Evaluator evaluator(graph, Match::tflm);
    evaluator.reset();
    for (const Case& one : cases) {
        for (size_t i = 0; i < graph.inputs.size(); ++i) evaluator.set_input(i, one.inputs[i]);
        evaluator.run();
        for (size_t i = 0; i < graph.outputs.size(); ++i) {
            const auto bytes = evaluator.output(i);
            outputs.emplace_back(bytes.begin(), bytes.end());
        }
    }
    return outputs;
}

int64_t macs_of(const Graph& graph)
{
    int64_t macs = 0;
    for (const Node& node : graph.nodes)
        if (node.op && node.op->macs) macs += node.op->macs(graph, node);
    return macs;
}

}  // namespace

TEST(ExportTflite, ReadsBackTheSameBitsForEveryModel)
{
    const fs::path folder = shared_folder();
    if (folder.empty()) GTEST_SKIP() << "needs the shared models";
    constexpr int64_t macs_max = 3'000'000;  // of a model: the oracle is slow
    int compared = 0;
    std::vector<std::string> refused;
    for (const auto& entry : fs::recursive_directory_iterator(folder / "models")) {
        const fs::path path = entry.path();
        if (path.extension() != ".tflite" || path.parent_path().filename() == "malformed") continue;
        Graph graph;
        try {
            graph = import_model(path);
        } catch (const Error&) {
            continue;
        }
        if (!is_supported(graph) || macs_of(graph) > macs_max) continue;
        std::vector<uint8_t> bytes;
        try {
            bytes = export_tflite(graph);
        } catch (const Error& error) {
            refused.push_back(path.filename().string() + ": " + error.text().found);
            continue;
        }
        const Graph again = import_tflite(read_tflite(bytes, path.filename().string()));
        ASSERT_TRUE(is_supported(again)) << path;
        const std::vector<Case> cases = make_cases(graph, 3, 1);
        EXPECT_EQ(outputs_of(graph, cases), outputs_of(again, cases)) << path;
        ++compared;
    }
    for (const std::string& one : refused) std::cout << "refused: " << one << "\n";
    std::cout << compared << " models\n";
    EXPECT_GE(compared, 240);
    EXPECT_LE(refused.size(), 3u);  // a WHILE, and the operators of the audio front end
}

}  // namespace thimble
