// The result of bag_add at the end of a text; the sums begin anew.
//
//   inputs    sums, taken: the states of bag_add; pad [c], the row of the table that stands for "no
//             word"; offset [c]; both constants of the sums' type
//   output    [1, c] of the sums' type
//
//   missing = limit - taken
//   int32     y[c] = sums[c] + missing * pad[c] + offset[c]
//   float32   y[c] = (sums[c] + missing * pad[c]) / limit + offset[c]
//
// An average over `limit` places of which the last are pads; for int32 the division by `limit` is
// part of the output's scale. float32 divides by multiplying with the rounded 1 / limit.
#include "ops/bag.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kSums, kTaken, kPad, kOffset };

const BagAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BagAttributes&>(node.attributes);
}

// The sums stay below 2^30 (bag.h), and so must what is added to them.
void require_small(const Tensor& constant, int64_t most)
{
    if (constant.type != DType::i32) return;
    for (const int32_t value : constant.values<int32_t>())
        require_shape(value >= -most && value <= most, fmt::format("{} in a bag", value),
                      fmt::format("at most {}", most));
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 4, 4);
    require_outputs(node, 1);
    require_input_type(graph, node, kSums, {DType::i32, DType::f32});
    const Tensor& sums = graph.input(node, kSums);
    require_text_state(graph, node, kSums, sums.type);
    require_text_state(graph, node, kTaken, DType::i32);
    require_shape(sums.count() > 0 && graph.input(node, kTaken).count() == 1, "no sums",
                  "sums and one count");
    for (const size_t i : {kPad, kOffset}) {
        require_input_type(graph, node, i, {sums.type});
        const Tensor& constant = graph.input(node, i);
        require_shape(constant.is_constant() && constant.count() == sums.count(),
                      fmt::format("input {} {}", i, shape_text(constant.shape)),
                      fmt::format("{} constants", sums.count()));
    }
    const int64_t limit = attributes_of(node).limit;
    require_shape(limit >= 1 && limit <= kBagLimitMost, fmt::format("a limit of {}", limit),
                  fmt::format("1 to {}", kBagLimitMost));
    require_small(graph.input(node, kPad), INT16_MAX);
    require_small(graph.input(node, kOffset), int64_t{1} << 29);
    set_output(graph, node, 0, sums.type, {1, sums.count()});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto taken = c.state<int32_t>(kTaken);
    const auto limit = static_cast<int32_t>(attributes_of(c.node).limit);
    const int32_t missing = limit - taken[0];
    if (c.input(kSums).type == DType::i32) {
        for (size_t k = 0; k < c.out<int32_t>().size(); ++k) {
            c.out<int32_t>()[k] = c.state<int32_t>(kSums)[k] + missing * c.in<int32_t>(kPad)[k] +
                                  c.in<int32_t>(kOffset)[k];
            c.state<int32_t>(kSums)[k] = 0;
        }
    } else {
        const float part = 1.0f / static_cast<float>(limit);
        for (size_t k = 0; k < c.out<float>().size(); ++k) {
            const float pads = static_cast<float>(missing) * c.in<float>(kPad)[k];
            c.out<float>()[k] = (c.state<float>(kSums)[k] + pads) * part + c.in<float>(kOffset)[k];
            c.state<float>(kSums)[k] = 0;
        }
    }
    taken[0] = 0;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t limit = attributes_of(c.node).limit;
    std::vector<Arg> args = {c.state(kSums),
                             c.state(kTaken),
                             c.in(kPad),
                             c.in(kOffset),
                             c.out(),
                             c.number(c.output().count(), "thb_index_t"),
                             c.number(limit, "int32_t")};
    if (c.input(kSums).type == DType::i32) {
        c.call("thb_bag_finish_s32", std::move(args));
        return;
    }
    args.push_back(c.number(1.0f / static_cast<float>(limit)));
    c.call("thb_bag_finish_f32", std::move(args));
}

}  // namespace

extern const OpDef op_bag_finish;
const OpDef op_bag_finish = {.name = "bag_finish",
                             .tflite = {{"CUSTOM:ThimbleBagFinish", import_bag}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .has_side_effect = true,
                             .same_attributes = equal_attributes<BagAttributes>};

}  // namespace thimble
