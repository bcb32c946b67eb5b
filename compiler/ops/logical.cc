// Logic of truth values, with broadcasting: LOGICAL_AND, LOGICAL_OR, LOGICAL_NOT.
#include "ops/broadcast.h"
#include "ops/elements.h"
#include "ops/tflite_export.h"

namespace thimble {

namespace {

enum class Logic { both, either, negation };

template <Logic logic> void import_logic(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = logic;
}

Logic logic_of(const Node& node)
{
    return std::any_cast<Logic>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    if (logic_of(node) == Logic::negation) return infer_unary(graph, node, {DType::boolean});
    require_inputs(node, 2, 2);
    require_plain_type(graph.input(node, 0).type, {DType::boolean});
    infer_pair(graph, node, DType::boolean);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    if (logic_of(c.node) == Logic::negation) {
        const auto in = c.in<uint8_t>(0);
        for (size_t i = 0; i < in.size(); ++i) c.out<uint8_t>()[i] = in[i] == 0;
        return;
    }
    const bool both = logic_of(c.node) == Logic::both;
    eval_pairs<uint8_t, uint8_t>(c, [&](uint8_t a, uint8_t b) { return both ? a && b : a || b; });
}

// ---- lowering ----

void lower(LowerContext& c)
{
    if (logic_of(c.node) == Logic::negation) {
        c.allow_in_place(0);
        return c.call("thb_logical_not", {c.in(0), c.in_flash(0), c.out(),
                                          c.number(c.output().count(), "thb_index_t")});
    }
    std::vector<Arg> args = pair_args(c);
    args.push_back(c.key(int64_t{logic_of(c.node) == Logic::both}));
    c.call("thb_logical", args);
}

}  // namespace

extern const OpDef op_logical;
const OpDef op_logical = {.name = "logical",
                          .tflite = {{"LOGICAL_AND", import_logic<Logic::both>},
                                     {"LOGICAL_OR", import_logic<Logic::either>},
                                     {"LOGICAL_NOT", import_logic<Logic::negation>}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .same_attributes = equal_attributes<Logic>,
                          .export_tflite = export_plain};

}  // namespace thimble
