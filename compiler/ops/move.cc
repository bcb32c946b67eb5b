#include "ops/move.h"

#include "base/error.h"

#include <algorithm>

namespace thimble {

constexpr int64_t kMoveRankMax = 16;  // counters in thb_move

std::vector<int64_t> row_major_steps(const Shape& shape)
{
    std::vector<int64_t> steps(shape.size(), 1);
    for (size_t d = shape.size(); d-- > 1;) steps[d - 1] = steps[d] * shape[d];
    return steps;
}

Movement whole_output(const Shape& shape, const std::vector<int64_t>& in_steps, int64_t in_start)
{
    const std::vector<int64_t> out_steps = row_major_steps(shape);
    Movement movement;
    movement.in_start = in_start;
    for (size_t d = 0; d < shape.size(); ++d)
        movement.axes.push_back({shape[d], in_steps[d], out_steps[d]});
    return movement;
}

std::vector<MoveAxis> merged(std::vector<MoveAxis> axes)
{
    std::erase_if(axes, [](const MoveAxis& axis) { return axis.count == 1; });
    std::vector<MoveAxis> result;
    for (const MoveAxis& axis : axes) {
        const int64_t in_span = axis.count * axis.in_step;
        const int64_t out_span = axis.count * axis.out_step;
        if (!result.empty() && result.back().in_step == in_span &&
            result.back().out_step == out_span) {
            result.back() = {result.back().count * axis.count, axis.in_step, axis.out_step};
        } else {
            result.push_back(axis);
        }
    }
    return result;
}

Arg untyped_in(Arg arg, int64_t offset_bytes)
{
    arg.offset += offset_bytes;
    arg.c_type = "const void*";
    return arg;
}

Arg untyped_out(Arg arg, int64_t offset_bytes)
{
    arg.offset += offset_bytes;
    arg.c_type = "void*";
    return arg;
}

static bool ends_in_run(const std::vector<MoveAxis>& axes)
{
    return axes.back().in_step == 1 && axes.back().out_step == 1;
}

// The general kernel wants, for each axis but the innermost, how far the pointers jump when that
// axis advances and all inner ones start again. One entry an axis: count, jump of in, jump of out,
// in bytes.
MovePlan move_plan(const std::vector<MoveAxis>& axes, int64_t bytes)
{
    const bool is_run = ends_in_run(axes);
    MovePlan plan = {std::vector<int32_t>(axes.size() * 3), static_cast<int64_t>(axes.size()),
                     is_run ? 0 : bytes};
    int64_t in_walked = 0, out_walked = 0;  // from the first element to where the inner loops end
    for (size_t d = axes.size(); d-- > 0;) {
        const MoveAxis& axis = axes[d];
        const bool innermost = d + 1 == axes.size();
        const int64_t in_step = axis.in_step * bytes, out_step = axis.out_step * bytes;
        plan.steps[d * 3] =
            static_cast<int32_t>(innermost && is_run ? axis.count * bytes : axis.count);
        plan.steps[d * 3 + 1] = static_cast<int32_t>(in_step - in_walked);
        plan.steps[d * 3 + 2] = static_cast<int32_t>(out_step - out_walked);
        // The innermost loop ends behind its last element, the others on their last row.
        in_walked += (innermost ? axis.count : axis.count - 1) * in_step;
        out_walked += (innermost ? axis.count : axis.count - 1) * out_step;
    }
    return plan;
}

static int64_t checked_size(int64_t bytes)
{
    THIMBLE_CHECK(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8, "element of odd size");
    return bytes;
}

void emit_move(LowerContext& c, const MoveEnds& ends, const Movement& movement)
{
    const int64_t bytes = checked_size(ends.element_bytes);
    std::vector<MoveAxis> axes = merged(movement.axes);
    if (std::ranges::any_of(axes, [](const MoveAxis& axis) { return axis.count == 0; })) return;
    if (axes.empty()) axes.push_back({1, 1, 1});
    const Arg in = untyped_in(ends.in, movement.in_start * bytes);
    const Arg out = untyped_out(ends.out, movement.out_start * bytes);
    const MoveAxis inner = axes.back();
    const bool is_run = ends_in_run(axes);
    if (is_run && axes.size() == 1)
        return c.call("thb_copy", {in, ends.flash, out, c.number(inner.count * bytes, "uint32_t")});
    if (is_run && axes.size() == 2)
        return c.call("thb_copy_rows", {in, ends.flash, out, c.number(axes[0].count, "thb_index_t"),
                                        c.number(inner.count * bytes, "thb_index_t"),
                                        c.number(axes[0].in_step * bytes, "thb_index_t"),
                                        c.number(axes[0].out_step * bytes, "thb_index_t")});
    const MovePlan plan = move_plan(axes, bytes);
    THIMBLE_CHECK(plan.rank <= kMoveRankMax, "a move of too many axes");
    c.call("thb_move", {in, ends.flash, out, c.table(plan.steps, "steps of " + c.node.name, false),
                        c.key(plan.rank), c.key(plan.element_bytes)});
}

void emit_move(LowerContext& c, size_t input, size_t output, const Movement& movement)
{
    emit_move(c,
              {c.in(input), c.in_flash(input), c.out(output), element_bytes(c.output(output).type)},
              movement);
}

void emit_move_or_alias(LowerContext& c, size_t input, size_t output, const Movement& movement)
{
    const std::vector<MoveAxis> axes = merged(movement.axes);
    const int64_t count = c.output(output).count();
    const bool in_order = axes.empty() || (axes.size() == 1 && axes[0].in_step == 1 &&
                                           axes[0].out_step == 1 && axes[0].count == count);
    const bool whole =
        movement.in_start == 0 && movement.out_start == 0 && c.input(input).count() == count;
    if (whole && in_order) return c.alias(input, output);
    emit_move(c, input, output, movement);
}

std::string element_key(DType type)
{
    switch (type) {
    case DType::f32: return "THB_ELEMENT_F32";
    case DType::i8: return "THB_ELEMENT_S8";
    case DType::u8:
    case DType::boolean: return "THB_ELEMENT_U8";
    case DType::i16: return "THB_ELEMENT_S16";
    case DType::i32: return "THB_ELEMENT_S32";
    default:
        THIMBLE_CHECK(type == DType::i64, "elements that cannot be compared");
        return "THB_ELEMENT_S64";
    }
}

void emit_fill(LowerContext& c, size_t output, const std::vector<uint8_t>& value)
{
    const Tensor& tensor = c.output(output);
    const int64_t bytes = checked_size(static_cast<int64_t>(value.size()));
    if (tensor.count() == 0) return;
    const Arg out = untyped_out(c.out(output));
    if (std::ranges::all_of(value, [&](uint8_t byte) { return byte == value[0]; }))
        return c.call("thb_fill_bytes", {out, c.number(int64_t{value[0]}, "uint8_t"),
                                         c.number(tensor.bytes(), "uint32_t")});
    uint32_t words[2] = {0, 0};
    for (size_t i = 0; i < value.size(); ++i)
        words[i / 4] |= static_cast<uint32_t>(value[i]) << (i % 4 * 8);
    c.call("thb_fill", {out, c.number(int64_t{static_cast<int32_t>(words[0])}, "int32_t"),
                        c.number(int64_t{static_cast<int32_t>(words[1])}, "int32_t"), c.key(bytes),
                        c.number(tensor.count(), "thb_index_t")});
}

}  // namespace thimble
