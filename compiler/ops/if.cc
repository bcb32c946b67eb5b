// Runs one of two graphs (control.h): y = condition ? then(x) : else(x).
//
// There is no `lower`: plan/schedule puts the calls of both graphs into the branches of an `if`.
#include "ops/control.h"
#include "ops/elements.h"
#include "ops/evaluate.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

const IfAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const IfAttributes&>(node.attributes);
}

void check_branch(const Graph& graph, const Node& node, const Graph& branch)
{
    check_body(graph, node, branch, 1);
    require_body_outputs(branch, node.outputs.size());
    for (size_t i = 1; i < node.inputs.size(); ++i)
        require_same_tensor(branch.tensor(branch.inputs[i - 1]), graph.input(node, i),
                            fmt::format("input {} of a branch", i - 1));
}

void infer(Graph& graph, Node& node)
{
    const IfAttributes& a = attributes_of(node);
    require_shape(!node.inputs.empty() && node.inputs[0] != kNoTensor, "no condition", "a bool");
    const Tensor& test = graph.input(node, 0);
    if (test.type != DType::boolean)
        fail_type(fmt::format("a condition of {}", dtype_name(test.type)), "bool");
    require_shape(test.count() == 1, "a condition of shape " + shape_text(test.shape), "one bool");
    check_branch(graph, node, *a.then_graph);
    check_branch(graph, node, *a.else_graph);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
        const Tensor& then_out = a.then_graph->tensor(a.then_graph->outputs[i]);
        require_same_tensor(a.else_graph->tensor(a.else_graph->outputs[i]), then_out,
                            fmt::format("output {} of the second branch", i));
        Tensor& out = graph.tensor(node.outputs[i]);
        out.type = then_out.type;
        out.shape = then_out.shape;
        if (!out.quant.present()) out.quant = then_out.quant;
    }
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const IfAttributes& a = attributes_of(c.node);
    BodyEvaluator branch(c, c.in_bytes(0)[0] != 0 ? *a.then_graph : *a.else_graph, 1,
                         c.budget);
    branch.run();
    for (size_t i = 0; i < c.node.outputs.size(); ++i)
        std::ranges::copy(branch.output(i), c.out_bytes(i).begin());
}

int64_t macs(const Graph&, const Node& node)
{
    const IfAttributes& a = attributes_of(node);
    return std::max(graph_macs(*a.then_graph), graph_macs(*a.else_graph));
}

}  // namespace

// The importer itself reads the operator of the file, which names subgraphs or variables.
extern const OpDef op_if;
const OpDef op_if = {.name = "if",
                     .tflite = {{"IF", import_nothing}},
                     .infer = infer,
                     .eval = eval,
                     .macs = macs};

}  // namespace thimble
