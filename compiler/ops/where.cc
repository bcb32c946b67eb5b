// The coordinates of the true elements: y[i] = index of the i-th one, row by row.
//
// The output's size depends on the data, so that the condition must be a constant.
#include "ops/elements.h"
#include "ops/tflite_export.h"

#include <algorithm>

namespace thimble {

namespace {

// Coordinates, [count, rank] as one list.
std::vector<int64_t> coordinates(const Tensor& condition)
{
    std::vector<int64_t> result;
    const auto size = static_cast<size_t>(element_bytes(condition.type));
    for (int64_t i = 0; i < condition.count(); ++i) {
        const auto element =
            std::span<const uint8_t>(*condition.data).subspan(static_cast<size_t>(i) * size, size);
        if (std::ranges::all_of(element, [](uint8_t byte) { return byte == 0; })) continue;
        std::vector<int64_t> place;
        int64_t rest = i;
        for (size_t d = condition.shape.size(); d-- > 0; rest /= condition.shape[d])
            place.push_back(rest % condition.shape[d]);
        result.insert(result.end(), place.rbegin(), place.rend());
    }
    return result;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& condition = graph.input(node, 0);
    require_plain_type(condition.type,
                       {DType::boolean, DType::i8, DType::u8, DType::i32, DType::u32, DType::i64});
    require_rank(graph, node, 0, 1, 8);
    require(condition.is_constant(), ErrorCode::T0204,
            {"", "as many outputs as the input has true elements", "an output of fixed size",
             "replace WHERE by SELECT_V2 or a multiplication with the condition"});
    const auto rank = static_cast<int64_t>(condition.shape.size());
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = DType::i64;
    out.shape = {static_cast<int64_t>(coordinates(condition).size()) / rank, rank};
}

// ---- oracle ----

void eval(EvalContext& c)
{
    std::ranges::copy(coordinates(c.input(0)), c.out<int64_t>().begin());
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const Arg table = c.table(coordinates(c.input(0)), "coordinates of " + c.node.name);
    c.call("thb_copy",
           {table, c.key(int64_t{1}), c.out(), c.number(c.output().bytes(), "uint32_t")});
}

}  // namespace

extern const OpDef op_where;
const OpDef op_where = {.name = "where",
                        .tflite = {{"WHERE", import_nothing}},
                        .infer = infer,
                        .eval = eval,
                        .lower = lower,
                        .export_tflite = export_plain};

}  // namespace thimble
