// Permutes the axes: y[i_perm[0], i_perm[1], ...] = x[i_0, i_1, ...]: TRANSPOSE.
//
// A permutation that only moves axes of size 1 costs nothing.
#include "formats/tflite.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kRankMax = 8;

struct TransposeAttributes {
    std::vector<size_t> source;  // output axis d is input axis source[d]; set by infer
    bool operator==(const TransposeAttributes&) const = default;
};

void import_transpose(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = TransposeAttributes{};
}

const std::vector<size_t>& source_of(const Node& node)
{
    return std::any_cast<const TransposeAttributes&>(node.attributes).source;
}

void export_transpose(TfliteExport& file, const Node& node)
{
    file.write(node, "TRANSPOSE");
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 0, kRankMax);
    const Tensor& in = graph.input(node, 0);
    const std::vector<int64_t> permutation = constant_integers(graph, node, 1, "permutation");
    const size_t rank = in.shape.size();
    require_shape(permutation.size() == rank,
                  fmt::format("a permutation of {} axes", permutation.size()),
                  fmt::format("{}, the rank of the input", rank));
    std::vector<size_t> source;
    std::vector<bool> seen(rank, false);
    Shape shape;
    for (const int64_t axis : permutation) {
        const size_t d = normal_axis(axis, rank);
        require_shape(!seen[d], fmt::format("axis {} twice in the permutation", d),
                      "each axis once");
        seen[d] = true;
        source.push_back(d);
        shape.push_back(in.shape[d]);
    }
    set_output(graph, node, 0, in.type, shape);
    node.attributes = TransposeAttributes{source};
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const std::vector<size_t>& source = source_of(c.node);
    Shape from(source.size());
    for (int64_t e = 0; e < c.output().count(); ++e) {
        const Shape at = coordinates_of(e, c.output().shape);
        for (size_t d = 0; d < source.size(); ++d) from[source[d]] = at[d];
        copy_element(c, 0, index_of(from, c.input(0).shape), 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const std::vector<int64_t> in_steps = row_major_steps(c.input(0).shape);
    std::vector<int64_t> steps;
    for (const size_t d : source_of(c.node)) steps.push_back(in_steps[d]);
    emit_move_or_alias(c, 0, 0, whole_output(c.output().shape, steps));
}

}  // namespace

extern const OpDef op_transpose;
const OpDef op_transpose = {.name = "transpose",
                            .tflite = {{"TRANSPOSE", import_transpose}},
                            .infer = infer,
                            .eval = eval,
                            .lower = lower,
                            .same_attributes = equal_attributes<TransposeAttributes>,
                            .export_tflite = export_transpose,
                            .quantization = rule_for_moves};

}  // namespace thimble
