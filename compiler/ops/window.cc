#include "ops/window.h"

#include "base/error.h"
#include "numeric/reference.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

bool WindowGeometry::padded() const
{
    const int64_t last_row = (out_h - 1) * stride_h - pad_top + (filter_h - 1) * dilation_h;
    const int64_t last_column = (out_w - 1) * stride_w - pad_left + (filter_w - 1) * dilation_w;
    return pad_top > 0 || pad_left > 0 || last_row >= in_h || last_column >= in_w;
}

void require_window(const WindowAttributes& attributes, int64_t filter_h, int64_t filter_w)
{
    const auto check = [](const char* what, int64_t h, int64_t w) {
        // A bound far above any real network keeps every product in 64 bits.
        const bool sane = h >= 1 && w >= 1 && h <= 1 << 24 && w <= 1 << 24;
        require_shape(sane, fmt::format("{} {} x {}", what, h, w), "1 or more in both directions");
    };
    check("strides", attributes.stride_h, attributes.stride_w);
    check("dilations", attributes.dilation_h, attributes.dilation_w);
    check("a filter of", filter_h, filter_w);
}

// ---- oracle ----

WindowGeometry reference_window(const Shape& in, int64_t out_c, int64_t filter_h, int64_t filter_w,
                                const WindowAttributes& a)
{
    require_shape(in.size() == 4 && element_count(in) > 0, "input " + shape_text(in),
                  "[n, h, w, c] without a zero");
    const reference::Padding rows =
        reference::padding(a.same, in[1], filter_h, a.stride_h, a.dilation_h);
    const reference::Padding columns =
        reference::padding(a.same, in[2], filter_w, a.stride_w, a.dilation_w);
    require_shape(rows.out > 0 && columns.out > 0, "input " + shape_text(in),
                  fmt::format("at least the size of the filter, {} x {}",
                              (filter_h - 1) * a.dilation_h + 1,
                              (filter_w - 1) * a.dilation_w + 1));
    return {in[0],       in[1],        in[2],        in[3],       rows.out,
            columns.out, out_c,        filter_h,     filter_w,    a.stride_h,
            a.stride_w,  a.dilation_h, a.dilation_w, rows.before, columns.before};
}

std::optional<WindowGeometry> window_of(const Graph& graph, const Node& node)
{
    const auto sized = [&](const WindowAttributes& a, int64_t filter_h, int64_t filter_w) {
        const Shape& out = graph.output(node, 0).shape;
        return reference_window(graph.input(node, 0).shape, out.back(), filter_h, filter_w, a);
    };
    if (node.op->name == "conv2d" || node.op->name == "depthwise_conv2d") {
        const Shape& weights = graph.input(node, 1).shape;
        const auto* conv2d = std::any_cast<Conv2dAttributes>(&node.attributes);
        if (conv2d) return sized(conv2d->window, weights[1], weights[2]);
        const auto& window = std::any_cast<const WindowAttributes&>(node.attributes);
        return sized(window, weights[1], weights[2]);
    }
    if (const auto* pool = std::any_cast<Pool2dAttributes>(&node.attributes))
        return sized(pool->window, pool->filter_h, pool->filter_w);
    return std::nullopt;
}

// ---- lowering ----

// Half of what the windows reach beyond the input, rounded down, lies before it.
static int64_t pad_before(int64_t in, int64_t out, int64_t filter, int64_t stride, int64_t dilation)
{
    const int64_t reached = (out - 1) * stride + (filter - 1) * dilation + 1;
    return reached > in ? (reached - in) / 2 : 0;
}

WindowGeometry lowered_window(const Shape& in, const Shape& out, int64_t filter_h, int64_t filter_w,
                              const WindowAttributes& a)
{
    WindowGeometry g = {};
    g.batches = in[0], g.in_h = in[1], g.in_w = in[2], g.in_c = in[3];
    g.out_h = out[1], g.out_w = out[2], g.out_c = out[3];
    g.filter_h = filter_h, g.filter_w = filter_w;
    g.stride_h = g.out_h == 1 ? 1 : a.stride_h;
    g.stride_w = g.out_w == 1 ? 1 : a.stride_w;
    g.dilation_h = filter_h == 1 ? 1 : a.dilation_h;
    g.dilation_w = filter_w == 1 ? 1 : a.dilation_w;
    if (a.same) {
        g.pad_top = pad_before(g.in_h, g.out_h, filter_h, g.stride_h, g.dilation_h);
        g.pad_left = pad_before(g.in_w, g.out_w, filter_w, g.stride_w, g.dilation_w);
    }
    return g;
}

std::vector<Arg> window_args(LowerContext& c, const WindowGeometry& g)
{
    std::vector<Arg> args;
    for (const int64_t size : {g.batches, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c})
        args.push_back(c.number(size, "thb_index_t"));
    for (const int64_t fixed :
         {g.filter_h, g.filter_w, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w})
        args.push_back(c.key(fixed));
    for (const int64_t pad : {g.pad_top, g.pad_left}) args.push_back(c.number(pad, "thb_index_t"));
    args.push_back(c.key(int64_t{g.padded()}));
    return args;
}

std::vector<Arg> joined(std::vector<Arg> first, const std::vector<Arg>& second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace thimble
