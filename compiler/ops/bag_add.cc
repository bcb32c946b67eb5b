// Adds the rows of ids to a running sum: an embedding that is averaged needs no list of ids.
//
//   inputs    ids int32 [n]; their number int32 [1], absent: all; table int8, int16 or float32
//             [rows, c], a constant; sums: a state int32 or (float32 table) float32 [c]; taken: a
//             state int32 [1], the ids summed so far
//
//   for the first ids, as long as taken < limit: sums[c] += table[id, c]; taken += 1
//
// The ids beyond the limit are left out. An id outside of the table is taken for its first or last
// row. bag_finish gives the result. Source: own; Joulin et al. 2016, arXiv:1607.01759, for the idea
// of a bag of embeddings.
#include "ops/bag.h"

#include "formats/tflite.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kIds, kCount, kTable, kSums, kTaken };

const BagAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BagAttributes&>(node.attributes);
}

void infer(Graph& graph, Node& node)
{
    require_ids(graph, node, 5);
    require_outputs(node, 0);
    require_input_type(graph, node, kTable, {DType::f32, DType::i8, DType::i16});
    const Tensor& table = graph.input(node, kTable);
    require_rank(graph, node, kTable, 2, 2);
    require_shape(table.is_constant() && table.count() > 0, "a table that is computed",
                  "a constant table [rows, sums]");
    const DType type = table.type == DType::f32 ? DType::f32 : DType::i32;
    require_text_state(graph, node, kSums, type);
    require_text_state(graph, node, kTaken, DType::i32);
    require_shape(graph.input(node, kSums).count() == table.shape[1],
                  "sums of shape " + shape_text(graph.input(node, kSums).shape),
                  fmt::format("[{}]", table.shape[1]));
    require_shape(graph.input(node, kTaken).count() == 1, "more than one count", "one");
    const int64_t limit = attributes_of(node).limit;
    require_shape(limit >= 1 && limit <= kBagLimitMost, fmt::format("a limit of {}", limit),
                  fmt::format("1 to {}: sums have 32 bits", kBagLimitMost));
}

// ---- oracle ----

template <typename T, typename Sum>
void add_rows(EvalContext& c)
{
    const auto table = c.in<T>(kTable);
    const auto ids = c.in<int32_t>(kIds);
    const auto sums = c.state<Sum>(kSums);
    const auto taken = c.state<int32_t>(kTaken);
    const auto rows = static_cast<int32_t>(table.size() / sums.size());
    const int64_t count =
        c.has_input(kCount) ? c.in<int32_t>(kCount)[0] : static_cast<int64_t>(ids.size());
    for (int64_t i = 0; i < std::min<int64_t>(count, static_cast<int64_t>(ids.size())); ++i) {
        if (taken[0] >= attributes_of(c.node).limit) return;
        ++taken[0];
        const auto row =
            static_cast<size_t>(std::clamp<int32_t>(ids[static_cast<size_t>(i)], 0, rows - 1));
        for (size_t k = 0; k < sums.size(); ++k) sums[k] += table[row * sums.size() + k];
    }
}

void eval(EvalContext& c)
{
    if (c.input(kTable).type == DType::f32) return add_rows<float, float>(c);
    if (c.input(kTable).type == DType::i16) return add_rows<int16_t, int32_t>(c);
    add_rows<int8_t, int32_t>(c);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Tensor& table = c.input(kTable);
    const char* kernel = table.type == DType::f32   ? "thb_bag_add_f32"
                         : table.type == DType::i16 ? "thb_bag_add_s16"
                                                    : "thb_bag_add_s8";
    c.call(kernel,
           {c.in(kIds), c.has_input(kCount) ? c.in(kCount) : c.null("const int32_t*"), c.in(kTable),
            c.state(kSums), c.state(kTaken), c.number(c.input(kIds).count(), "thb_index_t"),
            c.number(table.shape[0], "int32_t"), c.key(table.shape[1]),
            c.number(attributes_of(c.node).limit, "int32_t")});
}

}  // namespace

void import_bag(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    node.attributes = BagAttributes{text_number(options, "limit", 1, kBagLimitMost, 1)};
}

extern const OpDef op_bag_add;
const OpDef op_bag_add = {.name = "bag_add",
                          .tflite = {{"CUSTOM:ThimbleBagAdd", import_bag}},
                          .infer = infer,
                          .eval = eval,
                          .lower = lower,
                          .has_side_effect = true,
                          .same_attributes = equal_attributes<BagAttributes>};

}  // namespace thimble
