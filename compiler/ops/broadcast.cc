#include "ops/broadcast.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// `shape` with leading ones up to `rank` axes.
Shape aligned(const Shape& shape, size_t rank)
{
    Shape result(rank - shape.size(), 1);
    result.insert(result.end(), shape.begin(), shape.end());
    return result;
}

}  // namespace

Shape broadcast_shape(const Shape& a, const Shape& b)
{
    const size_t rank = std::max(a.size(), b.size());
    const Shape wide_a = aligned(a, rank);
    const Shape wide_b = aligned(b, rank);
    Shape out(rank);
    for (size_t d = 0; d < rank; ++d) {
        require_shape(wide_a[d] == wide_b[d] || wide_a[d] == 1 || wide_b[d] == 1,
                      fmt::format("shapes {} and {}", shape_text(a), shape_text(b)),
                      "equal sizes, or 1, on every axis");
        out[d] = wide_a[d] == 1 ? wide_b[d] : wide_a[d];
    }
    require_shape(rank <= kMaxBroadcastRank, fmt::format("rank {}", rank),
                  fmt::format("rank 0 to {}", kMaxBroadcastRank));
    return out;
}

void infer_pair(Graph& graph, Node& node, DType output_type)
{
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    const Tensor& a = graph.input(node, 0);
    const Tensor& b = graph.input(node, 1);
    if (a.type != b.type)
        fail_type(fmt::format("{} and {}", dtype_name(a.type), dtype_name(b.type)),
                  "inputs of one type");
    Tensor& out = graph.tensor(node.outputs[0]);
    out.shape = broadcast_shape(a.shape, b.shape);
    out.type = output_type;
}

// ---- oracle ----

std::vector<size_t> broadcast_indices(const Shape& in, const Shape& out)
{
    const Shape wide = aligned(in, out.size());
    std::vector<size_t> indices(static_cast<size_t>(element_count(out)));
    for (size_t i = 0; i < indices.size(); ++i) {
        auto rest = static_cast<int64_t>(i);
        int64_t index = 0, stride = 1;
        for (size_t d = out.size(); d-- > 0;) {
            const int64_t place = rest % out[d];
            rest /= out[d];
            if (wide[d] != 1) index += place * stride;
            stride *= wide[d];
        }
        indices[i] = static_cast<size_t>(index);
    }
    return indices;
}

// ---- lowering ----

namespace {

// One loop of a walk: `size` steps, each moving the two operands by so many elements.
struct Loop {
    int64_t size, a, b;
};

// The loops of a broadcast, innermost first, axes merged where both operands run on.
std::vector<Loop> loops_of(const Shape& a, const Shape& b, const Shape& out)
{
    const Shape wide_a = aligned(a, out.size());
    const Shape wide_b = aligned(b, out.size());
    std::vector<Loop> loops;
    int64_t stride_a = 1, stride_b = 1;
    for (size_t d = out.size(); d-- > 0;) {
        const Loop loop{out[d], wide_a[d] == 1 ? 0 : stride_a, wide_b[d] == 1 ? 0 : stride_b};
        stride_a *= wide_a[d];
        stride_b *= wide_b[d];
        if (loop.size == 1) continue;
        Loop* inner = loops.empty() ? nullptr : &loops.back();
        if (inner && loop.a == inner->a * inner->size && loop.b == inner->b * inner->size) {
            inner->size *= loop.size;
        } else {
            loops.push_back(loop);
        }
    }
    return loops;
}

// [loops, then size, jump of a, jump of b for each]: a jump also takes back what the inner loops
// moved.
std::vector<int32_t> walk_table(const std::vector<Loop>& loops)
{
    std::vector<int32_t> table{static_cast<int32_t>(loops.size())};
    int64_t moved_a = 0, moved_b = 0;
    for (const Loop& loop : loops) {
        table.push_back(static_cast<int32_t>(loop.size));
        table.push_back(static_cast<int32_t>(loop.a - moved_a));
        table.push_back(static_cast<int32_t>(loop.b - moved_b));
        moved_a += loop.a * (loop.size - 1);
        moved_b += loop.b * (loop.size - 1);
    }
    return table;
}

}  // namespace

std::vector<Arg> pair_walk(LowerContext& c, const Shape& a, const Shape& b, const Shape& out)
{
    const std::vector<Loop> loops = loops_of(a, b, out);
    const int64_t count = element_count(out);
    const auto arguments = [&](std::string_view form, int64_t period, Arg walk) {
        return std::vector<Arg>{c.key_text(std::string(form)), c.number(period, "thb_index_t"),
                                std::move(walk), c.number(count, "thb_index_t")};
    };
    const Arg none = c.null("const int32_t*");
    if (loops.empty()) return arguments("THB_PAIR_SAME", 0, none);
    const Loop& inner = loops[0];
    if (loops.size() == 1 && inner.a == 1 && inner.b == 1)
        return arguments("THB_PAIR_SAME", 0, none);
    if (loops.size() == 1 && inner.b == 0) return arguments("THB_PAIR_B_SCALAR", 0, none);
    if (loops.size() == 1 && inner.a == 0) return arguments("THB_PAIR_A_SCALAR", 0, none);
    if (loops.size() == 2 && inner.a == 1 && inner.b == 1 && loops[1].a == inner.size &&
        loops[1].b == 0)
        return arguments("THB_PAIR_B_PERIOD", inner.size, none);
    if (loops.size() == 2 && inner.a == 1 && inner.b == 1 && loops[1].b == inner.size &&
        loops[1].a == 0)
        return arguments("THB_PAIR_A_PERIOD", inner.size, none);
    return arguments("THB_PAIR_STRIDED", 0,
                     c.table(walk_table(loops), "walk of " + c.node.name, false));
}

std::vector<Arg> pair_args(LowerContext& c)
{
    const Tensor& out = c.output();
    for (const size_t input : {size_t{0}, size_t{1}}) {
        const Tensor& in = c.input(input);
        if (in.count() == out.count() && element_bytes(in.type) >= element_bytes(out.type))
            c.allow_in_place(input);
    }
    std::vector<Arg> args{c.in(0), c.in_flash(0), c.in(1), c.in_flash(1), c.out()};
    for (Arg& arg : pair_walk(c, c.input(0).shape, c.input(1).shape, out.shape))
        args.push_back(std::move(arg));
    return args;
}

}  // namespace thimble
