// Moves blocks of an image into channels and back: SPACE_TO_DEPTH, DEPTH_TO_SPACE.
//
//   deep[n, y, x, (dy * b + dx) * c + ch] = wide[n, y * b + dy, x * b + dx, ch],  b the block size
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

struct BlockAttributes {
    bool to_depth = true;
    int64_t block = 0;
};

void import_space_to_depth(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes =
        BlockAttributes{true, source.options.i32(tflite_field::space_to_depth::block_size)};
}

void import_depth_to_space(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes =
        BlockAttributes{false, source.options.i32(tflite_field::depth_to_space::block_size)};
}

const BlockAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BlockAttributes&>(node.attributes);
}

void export_space_to_depth(TfliteExport& file, const Node& node)
{
    const BlockAttributes& a = attributes_of(node);
    file.write(node, a.to_depth ? "SPACE_TO_DEPTH" : "DEPTH_TO_SPACE",
               {{tflite_field::space_to_depth::block_size, static_cast<int32_t>(a.block)}});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 4, 4);
    const int64_t block = attributes_of(node).block;
    const Tensor& in = graph.input(node, 0);
    require_shape(block >= 1 && block <= 1024, fmt::format("block size {}", block), "1 to 1024");
    Shape shape = in.shape;
    if (attributes_of(node).to_depth) {
        require_shape(shape[1] % block == 0 && shape[2] % block == 0,
                      "an image " + shape_text(shape), fmt::format("multiples of {}", block));
        shape = {shape[0], shape[1] / block, shape[2] / block, shape[3] * block * block};
    } else {
        require_shape(shape[3] % (block * block) == 0, "an image " + shape_text(shape),
                      fmt::format("multiples of {} channels", block * block));
        shape = {shape[0], shape[1] * block, shape[2] * block, shape[3] / (block * block)};
    }
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const BlockAttributes& attributes = attributes_of(c.node);
    const int64_t b = attributes.block;
    const Shape& wide = attributes.to_depth ? c.input(0).shape : c.output().shape;
    const Shape& deep = attributes.to_depth ? c.output().shape : c.input(0).shape;
    Shape at(4, 0);
    for (int64_t e = 0; e < element_count(wide); ++e, advance(at, wide)) {
        const int64_t channel = ((at[1] % b) * b + at[2] % b) * wide[3] + at[3];
        const int64_t d = index_of({at[0], at[1] / b, at[2] / b, channel}, deep);
        if (attributes.to_depth) copy_element(c, 0, e, 0, d);
        else copy_element(c, 0, d, 0, e);
    }
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const BlockAttributes& attributes = attributes_of(c.node);
    const int64_t b = attributes.block;
    const Shape& wide = attributes.to_depth ? c.input(0).shape : c.output().shape;
    const int64_t row = wide[2] * wide[3];  // elements of a row of the wide image
    const int64_t run = b * wide[3];        // elements of a block's row: contiguous on both sides
    // Axes: all block rows, dy, blocks in a row, the run. Steps in the deep image, then in the wide
    // one.
    const int64_t counts[] = {wide[0] * wide[1] / b, b, wide[2] / b, run};
    const int64_t in_wide[] = {b * row, row, run, 1};
    const int64_t in_deep[] = {b * row, run, b * run, 1};
    Movement movement;
    for (size_t i = 0; i < 4; ++i)
        movement.axes.push_back(attributes.to_depth ? MoveAxis{counts[i], in_wide[i], in_deep[i]}
                                                    : MoveAxis{counts[i], in_deep[i], in_wide[i]});
    emit_move_or_alias(c, 0, 0, movement);
}

}  // namespace

extern const OpDef op_space_to_depth;
const OpDef op_space_to_depth = {.name = "space_to_depth",
                                 .tflite = {{"SPACE_TO_DEPTH", import_space_to_depth},
                                            {"DEPTH_TO_SPACE", import_depth_to_space}},
                                 .infer = infer,
                                 .eval = eval,
                                 .lower = lower,
                                 .export_tflite = export_space_to_depth,
                                 .quantization = rule_for_moves};

}  // namespace thimble
