#include "control_graphs.h"

#include "formats/tflite_writer.h"
#include "verify/doctor.h"

#include <fmt/format.h>

namespace thimble {

TensorId GraphBuilder::add(std::string_view file_op, std::vector<TensorId> inputs,
                           Quantization quant)
{
    const TfliteMatch match = find_tflite_op(file_op);
    THIMBLE_CHECK(match.op, "no operator imports " + std::string(file_op));
    TfliteDraft draft;
    draft.subgraphs.push_back({.operators = {{.name = std::string(file_op)}}});
    const TfliteModel model = read_tflite(write_tflite(draft), "body");
    Node node;
    node.op = match.op;
    node.source_op = std::string(file_op);
    node.name = fmt::format("{}_{}", file_op, graph.nodes.size());
    node.inputs = std::move(inputs);
    if (match.op->name != "assign") {
        node.outputs = {tensor(node.name, graph.tensor(node.inputs[0]).type, {},
                               TensorKind::activation)};
        graph.tensor(node.outputs[0]).quant = std::move(quant);
    }
    match.import->import(model.subgraphs[0].operators[0], graph, node);
    return finish(std::move(node)).at(0);
}

void expect_same_on(const Graph& graph, const std::string& target_name, const char* what)
{
    const ResolvedTarget target = find_target(target_name);
    const Program program = compile(graph, {.name = "model", .target = target.facts, .lower = {}});
    const VerifyReport report = verify(graph, program, target, Match::tflm,
                                       make_cases(graph, 6, 1), {.keep_state = true,
                                                                 .all_layers = true});
    EXPECT_EQ(report.mismatches, 0) << what << " on " << target_name;
    EXPECT_GT(report.outputs_compared, 0) << what;
}

}  // namespace thimble
