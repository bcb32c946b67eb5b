// Interleaved parts of an image become batches, and back: SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND.
//
//   batched[o * n + i, y..., r...] = padded[i, y * b + o_d..., r...]
//
// b is the block size along each of the m spatial axes behind the batch axis, o the row-major
// number of the offset (o_1, ..., o_m) in the block, n the batches of the padded image.
// SPACE_TO_BATCH pads first, with the real value 0 (the zero point for int8; TFLM's kernel leaves
// this value unset). BATCH_TO_SPACE crops last. These wrap a convolution to dilate it. Lowers to
// one move for each offset in the block.
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

constexpr size_t kRankMax = 6;
constexpr int64_t kBlockMax = 256;  // offsets in a block: each is a kernel call

struct BatchAttributes {
    bool to_batch = true;
    std::vector<int64_t> block;   // set by infer
    std::vector<int64_t> before;  // padded or cropped before each spatial axis; set by infer
};

void import_space_to_batch(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = BatchAttributes{true, {}, {}};
}

void import_batch_to_space(const TfliteOperator&, Graph&, Node& node)
{
    node.attributes = BatchAttributes{false, {}, {}};
}

const BatchAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BatchAttributes&>(node.attributes);
}

void export_space_to_batch(TfliteExport& file, const Node& node)
{
    file.write(node, attributes_of(node).to_batch ? "SPACE_TO_BATCH_ND" : "BATCH_TO_SPACE_ND");
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<BatchAttributes&>(node.attributes);
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_elements(graph, node, {0});
    require_rank(graph, node, 0, 2, kRankMax);
    const Tensor& in = graph.input(node, 0);
    attributes.block = constant_integers(graph, node, 1, "block shape");
    const std::vector<int64_t> amounts =
        constant_integers(graph, node, 2, attributes.to_batch ? "paddings" : "crops");
    const size_t spatial = attributes.block.size();
    require_shape(spatial < in.shape.size() && amounts.size() == spatial * 2,
                  fmt::format("{} block sizes and {} paddings or crops", spatial, amounts.size()),
                  fmt::format("at most {} sizes, and two amounts for each", in.shape.size() - 1));
    int64_t offsets = 1;
    for (const int64_t size : attributes.block) {
        require_shape(size >= 1 && size <= kBlockMax && offsets * size <= kBlockMax,
                      "block shape " + shape_text(attributes.block),
                      fmt::format("sizes from 1, and at most {} places", kBlockMax));
        offsets *= size;
    }
    Shape shape = in.shape;
    attributes.before.clear();
    require_shape(attributes.to_batch || shape[0] % offsets == 0,
                  fmt::format("{} batches", shape[0]), fmt::format("a multiple of {}", offsets));
    shape[0] = attributes.to_batch ? shape[0] * offsets : shape[0] / offsets;
    for (size_t d = 0; d < spatial; ++d) {
        const int64_t before = amounts[d * 2], after = amounts[d * 2 + 1];
        const bool sane = before >= 0 && after >= 0 && before <= INT32_MAX && after <= INT32_MAX;
        const int64_t padded = attributes.to_batch ? shape[d + 1] + before + after
                                                   : shape[d + 1] * attributes.block[d];
        require_shape(sane && (attributes.to_batch ? padded % attributes.block[d] == 0
                                                   : before + after <= padded),
                      fmt::format("axis of {} with {} and {}", in.shape[d + 1], before, after),
                      attributes.to_batch
                          ? fmt::format("a padded multiple of {}", attributes.block[d])
                          : "crops inside the image");
        shape[d + 1] = attributes.to_batch ? padded / attributes.block[d] : padded - before - after;
        attributes.before.push_back(before);
    }
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const BatchAttributes& attributes = attributes_of(c.node);
    const Shape& plain = attributes.to_batch ? c.input(0).shape : c.output().shape;
    const Shape& batched = attributes.to_batch ? c.output().shape : c.input(0).shape;
    if (attributes.to_batch && element_bytes(c.output().type) == 1)
        std::fill(c.out_bytes().begin(), c.out_bytes().end(),
                  static_cast<uint8_t>(c.output().quant.zero_point()));
    else std::fill(c.out_bytes().begin(), c.out_bytes().end(), uint8_t{0});
    Shape at(plain.size(), 0);
    for (int64_t e = 0; e < element_count(plain); ++e, advance(at, plain)) {
        Shape to = at;
        int64_t offset = 0;
        for (size_t d = 0; d < attributes.block.size(); ++d) {
            const int64_t padded = at[d + 1] + attributes.before[d];
            offset = offset * attributes.block[d] + padded % attributes.block[d];
            to[d + 1] = padded / attributes.block[d];
        }
        to[0] = offset * plain[0] + at[0];
        const int64_t b = index_of(to, batched);
        if (attributes.to_batch) copy_element(c, 0, e, 0, b);
        else copy_element(c, 0, b, 0, e);
    }
}

// ---- lowering ----

// The move between all places of the plain image that lie at one offset in their block, and the
// batches of that offset. "in" is the plain image.
Movement move_of_offset(const BatchAttributes& attributes, const Shape& plain, const Shape& batched,
                        int64_t offset)
{
    const std::vector<int64_t> plain_steps = row_major_steps(plain);
    const std::vector<int64_t> batched_steps = row_major_steps(batched);
    Movement movement;
    movement.out_start = offset * plain[0] * batched_steps[0];
    for (size_t d = 0; d < plain.size(); ++d)
        movement.axes.push_back({plain[d], plain_steps[d], batched_steps[d]});
    for (size_t d = attributes.block.size(); d-- > 0;) {
        const int64_t block = attributes.block[d];
        // The place i of a block row is element i * block + shift of the plain axis.
        const int64_t shift = offset % block - attributes.before[d];
        offset /= block;
        const int64_t first = shift < 0 ? (-shift + block - 1) / block : 0;
        const int64_t last =
            (plain[d + 1] - 1 - shift) >= 0 ? (plain[d + 1] - 1 - shift) / block : -1;
        movement.in_start += (first * block + shift) * plain_steps[d + 1];
        movement.out_start += first * batched_steps[d + 1];
        movement.axes[d + 1] = {std::max<int64_t>(last - first + 1, 0), block * plain_steps[d + 1],
                                batched_steps[d + 1]};
    }
    return movement;
}

void lower(LowerContext& c)
{
    const BatchAttributes& attributes = attributes_of(c.node);
    const Shape& plain = attributes.to_batch ? c.input(0).shape : c.output().shape;
    const Shape& batched = attributes.to_batch ? c.output().shape : c.input(0).shape;
    if (c.output().count() == 0) return;
    const int64_t offsets = element_count(attributes.block);
    if (offsets == 1 && element_count(plain) == element_count(batched)) return c.alias(0);
    std::vector<uint8_t> zero(static_cast<size_t>(element_bytes(c.output().type)), 0);
    if (zero.size() == 1) zero[0] = static_cast<uint8_t>(c.output().quant.zero_point() & 255);
    if (attributes.to_batch && element_count(plain) != element_count(batched))
        emit_fill(c, 0, zero);
    for (int64_t offset = 0; offset < offsets; ++offset) {
        Movement movement = move_of_offset(attributes, plain, batched, offset);
        if (!attributes.to_batch) {
            std::swap(movement.in_start, movement.out_start);
            for (MoveAxis& axis : movement.axes) std::swap(axis.in_step, axis.out_step);
        }
        emit_move(c, 0, 0, movement);
    }
}

}  // namespace

extern const OpDef op_space_to_batch;
const OpDef op_space_to_batch = {.name = "space_to_batch",
                                 .tflite = {{"SPACE_TO_BATCH_ND", import_space_to_batch},
                                            {"BATCH_TO_SPACE_ND", import_batch_to_space}},
                                 .infer = infer,
                                 .eval = eval,
                                 .lower = lower,
                                 .export_tflite = export_space_to_batch,
                                 .quantization = rule_for_moves};

}  // namespace thimble
