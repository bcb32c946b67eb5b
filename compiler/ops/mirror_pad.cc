// Surrounds a tensor with its own mirror image: MIRROR_PAD.
//
// reflect:   [1 2 3] -> [3 2 | 1 2 3 | 2 1], the border itself is not repeated
// symmetric: [1 2 3] -> [2 1 | 1 2 3 | 3 2], it is
//
// Lowers to one move for each combination of before, middle and after along the padded axes.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "ops/coordinates.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kRankMax = 6;

struct MirrorAttributes {
    int64_t skipped = 1;  // border elements that the mirror leaves out: 1 reflect, 0 symmetric
    std::vector<int64_t> before;  // set by infer
    std::vector<int64_t> after;
};

void import_mirror_pad(const TfliteOperator& source, Graph&, Node& node)
{
    const int mode = source.options.i8(tflite_field::mirror_pad::mode);
    node.attributes = MirrorAttributes{mode == tflite_field::kMirrorPadReflect ? 1 : 0, {}, {}};
}

const MirrorAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const MirrorAttributes&>(node.attributes);
}

void export_mirror_pad(TfliteExport& file, const Node& node)
{
    const int mode = attributes_of(node).skipped == 1 ? tflite_field::kMirrorPadReflect
                                                      : tflite_field::kMirrorPadSymmetric;
    file.write(node, "MIRROR_PAD",
               {{tflite_field::mirror_pad::mode, static_cast<int8_t>(mode)}});
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<MirrorAttributes&>(node.attributes);
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 0, kRankMax);
    const Tensor& in = graph.input(node, 0);
    const std::vector<int64_t> amounts = constant_integers(graph, node, 1, "padding");
    require_shape(amounts.size() == in.shape.size() * 2, fmt::format("{} paddings", amounts.size()),
                  fmt::format("two for each of {} axes", in.shape.size()));
    Shape shape = in.shape;
    attributes.before.clear();
    attributes.after.clear();
    for (size_t d = 0; d < shape.size(); ++d) {
        const int64_t before = amounts[d * 2], after = amounts[d * 2 + 1];
        const int64_t most = std::max<int64_t>(in.shape[d] - attributes.skipped, 0);
        require_shape(before >= 0 && after >= 0 && before <= most && after <= most,
                      fmt::format("padding {} and {} of an axis of {}", before, after, in.shape[d]),
                      fmt::format("0 to {}", most));
        attributes.before.push_back(before);
        attributes.after.push_back(after);
        shape[d] += before + after;
    }
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const MirrorAttributes& attributes = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    Shape at(in.size(), 0), from(in.size());
    for (int64_t e = 0; e < c.output().count(); ++e, advance(at, c.output().shape)) {
        for (size_t d = 0; d < in.size(); ++d) {
            from[d] = at[d] - attributes.before[d];
            if (from[d] < 0) from[d] = -from[d] - 1 + attributes.skipped;
            if (from[d] >= in[d]) from[d] = 2 * in[d] - 1 - attributes.skipped - from[d];
        }
        copy_element(c, 0, index_of(from, in), 0, e);
    }
}

// ---- lowering ----

// A stretch of one output axis: `count` elements from out_begin on, read from in_begin on by
// in_step.
struct Stretch {
    int64_t count, out_begin, in_begin, in_step;
};

std::vector<Stretch> stretches_of(const MirrorAttributes& attributes, size_t d, int64_t size)
{
    const int64_t before = attributes.before[d], after = attributes.after[d],
                  skipped = attributes.skipped;
    std::vector<Stretch> result = {{before, 0, before - 1 + skipped, -1},
                                   {size, before, 0, 1},
                                   {after, before + size, size - 1 - skipped, -1}};
    std::erase_if(result, [](const Stretch& stretch) { return stretch.count == 0; });
    return result;
}

void lower(LowerContext& c)
{
    const Shape& in = c.input(0).shape;
    if (in == c.output().shape) return c.alias(0);
    const std::vector<int64_t> in_steps = row_major_steps(in);
    const std::vector<int64_t> out_steps = row_major_steps(c.output().shape);
    std::vector<Movement> moves(1);
    for (size_t d = 0; d < in.size(); ++d) {
        std::vector<Movement> longer;
        for (const Movement& move : moves) {
            for (const Stretch& stretch : stretches_of(attributes_of(c.node), d, in[d])) {
                Movement next = move;
                next.in_start += stretch.in_begin * in_steps[d];
                next.out_start += stretch.out_begin * out_steps[d];
                next.axes.push_back({stretch.count, stretch.in_step * in_steps[d], out_steps[d]});
                longer.push_back(next);
            }
        }
        moves = longer;
    }
    for (const Movement& move : moves) emit_move(c, 0, 0, move);
}

}  // namespace

extern const OpDef op_mirror_pad;
const OpDef op_mirror_pad = {.name = "mirror_pad",
                             .tflite = {{"MIRROR_PAD", import_mirror_pad}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .export_tflite = export_mirror_pad,
                             .quantization = rule_for_moves};

}  // namespace thimble
