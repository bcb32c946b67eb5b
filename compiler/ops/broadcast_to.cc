// Repeats a tensor: BROADCAST_TO (axes of size 1 grow), TILE (the whole tensor side by side along
// each axis), FILL (one number everywhere). All three are one walk in which the input does not
// advance.
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

enum class RepeatForm { broadcast_to, tile, fill };

template <RepeatForm form> void import_repeat(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = form;
}

RepeatForm form_of(const Node& node)
{
    return std::any_cast<RepeatForm>(node.attributes);
}

// FILL names its shape first.
size_t data_of(const Node& node)
{
    return form_of(node) == RepeatForm::fill ? 1 : 0;
}

Shape tiled(const Shape& in, const std::vector<int64_t>& times)
{
    require_shape(times.size() == in.size(), fmt::format("{} multiples", times.size()),
                  fmt::format("one for each of {} axes", in.size()));
    Shape shape = in;
    for (size_t d = 0; d < in.size(); ++d) {
        require_shape(times[d] >= 0 && times[d] <= INT32_MAX,
                      fmt::format("a multiple of {}", times[d]), "0 or more");
        shape[d] *= times[d];
    }
    return shape;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    const size_t data = data_of(node);
    require_elements(graph, node, {data});
    require_rank(graph, node, data, 0, kRankMax);
    const Tensor& in = graph.input(node, data);
    const std::vector<int64_t> numbers = constant_integers(
        graph, node, 1 - data, form_of(node) == RepeatForm::tile ? "multiples" : "shape");
    require_shape(numbers.size() <= kRankMax, fmt::format("a shape of {} axes", numbers.size()),
                  fmt::format("at most {}", kRankMax));
    Shape shape = numbers;
    if (form_of(node) == RepeatForm::tile) shape = tiled(in.shape, numbers);
    if (form_of(node) == RepeatForm::fill)
        require_shape(in.count() == 1, "a value of shape " + shape_text(in.shape), "one number");
    if (form_of(node) == RepeatForm::broadcast_to) {
        require_shape(shape.size() >= in.shape.size(),
                      fmt::format("{} to {}", shape_text(in.shape), shape_text(shape)),
                      "no fewer axes");
        const size_t extra = shape.size() - in.shape.size();
        for (size_t d = 0; d < in.shape.size(); ++d)
            require_shape(in.shape[d] == 1 || in.shape[d] == shape[d + extra],
                          fmt::format("{} to {}", shape_text(in.shape), shape_text(shape)),
                          "equal sizes, or 1 in the input");
    }
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

// Every form reads x at the output's coordinates modulo x's shape, aligned at the last axis.
void eval(EvalContext& c)
{
    const size_t data = data_of(c.node);
    const Shape& in = c.input(data).shape;
    const Shape& shape = c.output().shape;
    Shape at(shape.size(), 0), from(in.size(), 0);
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, shape)) {
        if (form_of(c.node) != RepeatForm::fill)
            for (size_t d = 0; d < in.size(); ++d)
                from[d] = at[d + shape.size() - in.size()] % in[d];
        copy_element(c, data, index_of(from, in), 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const size_t data = data_of(c.node);
    const Tensor& in = c.input(data);
    const Shape& shape = c.output().shape;
    if (c.output().count() == 0) return;
    if (in.count() == 1 && in.is_constant()) return emit_fill(c, 0, *in.data);
    const std::vector<int64_t> in_steps = row_major_steps(in.shape);
    const std::vector<int64_t> out_steps = row_major_steps(shape);
    Movement movement;
    for (size_t d = 0; d < shape.size(); ++d) {
        const size_t extra = shape.size() - std::min(in.shape.size(), shape.size());
        const bool named = d >= extra && form_of(c.node) != RepeatForm::fill;
        const int64_t size = named ? in.shape[d - extra] : 1;
        movement.axes.push_back({shape[d] / size, 0, size * out_steps[d]});
        if (named) movement.axes.push_back({size, in_steps[d - extra], out_steps[d]});
    }
    emit_move_or_alias(c, data, 0, movement);
}

}  // namespace

extern const OpDef op_broadcast_to;
const OpDef op_broadcast_to = {.name = "broadcast_to",
                               .tflite = {{"BROADCAST_TO", import_repeat<RepeatForm::broadcast_to>},
                                          {"TILE", import_repeat<RepeatForm::tile>},
                                          {"FILL", import_repeat<RepeatForm::fill>}},
                               .infer = infer,
                               .eval = eval,
                               .lower = lower,
                               .same_attributes = equal_attributes<RepeatForm>,
                               .export_tflite = export_plain,
                               .quantization = rule_for_moves};

}  // namespace thimble
