// The list that collect_ids has filled, at the end of a text; it begins anew.
//
//   inputs    list, filled: the states of collect_ids
//   output    int32 [places]: the ids, then `pad`; with `pads_first` in front of them
#include "formats/tflite.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kList, kFilled };

const TakeIdsAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const TakeIdsAttributes&>(node.attributes);
}

void import_take_ids(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    node.attributes = TakeIdsAttributes{text_number(options, "pad", 0, INT32_MAX, 0),
                                        text_number(options, "pads_first", 0, 1, 0) == 1};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_text_state(graph, node, kList, DType::i32);
    require_text_state(graph, node, kFilled, DType::i32);
    const int64_t places = graph.input(node, kList).count();
    require_shape(places >= 1 && places <= INT16_MAX && graph.input(node, kFilled).count() == 1,
                  fmt::format("a list of {} ids", places), "1 to 32767, and one count");
    set_output(graph, node, 0, DType::i32, {places});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto list = c.state<int32_t>(kList);
    const auto filled = c.state<int32_t>(kFilled);
    const auto out = c.out<int32_t>();
    const TakeIdsAttributes& attributes = attributes_of(c.node);
    const auto count = std::clamp<std::ptrdiff_t>(filled[0], 0, std::ssize(out));
    std::ranges::fill(out, static_cast<int32_t>(attributes.pad));
    std::copy_n(list.begin(), count, attributes.pads_first ? out.end() - count : out.begin());
    filled[0] = 0;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    c.call("thb_take_ids",
           {c.in(kList), c.state(kFilled), c.out(), c.number(c.output().count(), "thb_index_t"),
            c.number(attributes_of(c.node).pad, "int32_t"),
            c.key(int64_t{attributes_of(c.node).pads_first})});
}

}  // namespace

extern const OpDef op_take_ids;
const OpDef op_take_ids = {.name = "take_ids",
                           .tflite = {{"CUSTOM:ThimbleTakeIds", import_take_ids}},
                           .infer = infer,
                           .eval = eval,
                           .lower = lower,
                           .has_side_effect = true,
                           .same_attributes = equal_attributes<TakeIdsAttributes>};

}  // namespace thimble
