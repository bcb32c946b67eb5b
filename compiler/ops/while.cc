// Runs a body as long as a condition holds (control.h): while (condition(c)) c = body(c).
//
// There is no `lower`: plan/schedule puts the calls of both graphs between the ends of a loop.
#include "ops/control.h"
#include "ops/elements.h"
#include "ops/evaluate.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

const WhileAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const WhileAttributes&>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    const WhileAttributes& a = attributes_of(node);
    check_body(graph, node, *a.condition, 0);
    check_body(graph, node, *a.body, 0);
    require_shape(node.outputs.size() <= node.inputs.size(),
                  fmt::format("{} outputs", node.outputs.size()),
                  fmt::format("at most {}", node.inputs.size()));
    require_body_outputs(*a.condition, 1);
    require_body_outputs(*a.body, node.outputs.size());
    const Tensor& test = a.condition->tensor(a.condition->outputs[0]);
    if (test.type != DType::boolean)
        fail_type(fmt::format("a condition of {}", dtype_name(test.type)), "bool");
    require_shape(test.count() == 1, "a condition of shape " + shape_text(test.shape), "one bool");
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const Tensor& in = graph.input(node, i);
        require_same_tensor(a.condition->tensor(a.condition->inputs[i]), in,
                            fmt::format("input {} of the condition", i));
        require_same_tensor(a.body->tensor(a.body->inputs[i]), in,
                            fmt::format("input {} of the body", i));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
        const Tensor& in = graph.input(node, i);
        require_same_tensor(a.body->tensor(a.body->outputs[i]), in,
                            fmt::format("output {} of the body", i));
        require_shape(a.body->tensor(a.body->inputs[i]).kind != TensorKind::state &&
                          a.condition->tensor(a.condition->inputs[i]).kind != TensorKind::state,
                      fmt::format("the carried value {} is a state", i),
                      "a state as captured input");
        Tensor& out = graph.tensor(node.outputs[i]);
        out.type = in.type;
        out.shape = in.shape;
        if (!out.quant.present()) out.quant = in.quant;
    }
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const WhileAttributes& a = attributes_of(c.node);
    const size_t carried = c.node.outputs.size();
    EvalBudget own;
    EvalBudget* const budget = c.budget ? c.budget : &own;
    BodyEvaluator condition(c, *a.condition, 0, budget), body(c, *a.body, 0, budget);
    std::vector<std::vector<uint8_t>> values;
    for (size_t i = 0; i < carried; ++i)
        values.emplace_back(c.in_bytes(i).begin(), c.in_bytes(i).end());
    for (;;) {
        for (size_t i = 0; i < carried; ++i) condition.set_input(i, values[i]);
        condition.run();
        if (condition.output(0)[0] == 0) break;
        for (size_t i = 0; i < carried; ++i) body.set_input(i, values[i]);
        body.run();
        for (size_t i = 0; i < carried; ++i)
            values[i].assign(body.output(i).begin(), body.output(i).end());
    }
    for (size_t i = 0; i < carried; ++i) std::ranges::copy(values[i], c.out_bytes(i).begin());
}

// Of one turn: how many there will be is not known.
int64_t macs(const Graph&, const Node& node)
{
    const WhileAttributes& a = attributes_of(node);
    return graph_macs(*a.condition) + graph_macs(*a.body);
}

}  // namespace

// The importer itself reads the operator of the file, which names subgraphs or variables.
extern const OpDef op_while;
const OpDef op_while = {.name = "while",
                        .tflite = {{"WHILE", import_nothing}},
                        .infer = infer,
                        .eval = eval,
                        .macs = macs};

}  // namespace thimble
