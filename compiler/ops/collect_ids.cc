// Appends ids to a list that a text fills word by word; take_ids gives the list.
//
//   inputs    ids int32 [n]; their number int32 [1], absent: all; list: a state int32 [places];
//             filled: a state int32 [1], how many places are taken
//
// Ids that find no place are left out. Source: own.
#include "formats/tflite.h"
#include "ops/elements.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kIds, kCount, kList, kFilled };

void infer(Graph& graph, Node& node)
{
    require_ids(graph, node, 4);
    require_outputs(node, 0);
    require_text_state(graph, node, kList, DType::i32);
    require_text_state(graph, node, kFilled, DType::i32);
    require_shape(graph.input(node, kFilled).count() == 1, "more than one count", "one");
    const int64_t places = graph.input(node, kList).count();
    require_shape(places >= 1 && places <= INT16_MAX, fmt::format("a list of {} ids", places),
                  "1 to 32767");
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto ids = c.in<int32_t>(kIds);
    const auto list = c.state<int32_t>(kList);
    const auto filled = c.state<int32_t>(kFilled);
    const int64_t count =
        c.has_input(kCount) ? c.in<int32_t>(kCount)[0] : static_cast<int64_t>(ids.size());
    for (int64_t i = 0; i < std::min<int64_t>(count, static_cast<int64_t>(ids.size())); ++i)
        if (filled[0] < static_cast<int64_t>(list.size()))
            list[static_cast<size_t>(filled[0]++)] = ids[static_cast<size_t>(i)];
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_collect_ids",
           {c.in(kIds), c.has_input(kCount) ? c.in(kCount) : c.null("const int32_t*"),
            c.state(kList), c.state(kFilled), c.number(c.input(kIds).count(), "thb_index_t"),
            c.number(c.input(kList).count(), "thb_index_t")});
}

}  // namespace

extern const OpDef op_collect_ids;
const OpDef op_collect_ids = {.name = "collect_ids",
                              .tflite = {{"CUSTOM:ThimbleCollectIds", import_nothing}},
                              .infer = infer,
                              .eval = eval,
                              .lower = lower,
                              .has_side_effect = true};

}  // namespace thimble
