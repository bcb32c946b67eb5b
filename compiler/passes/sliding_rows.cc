#include "passes/sliding_rows.h"

#include "ops/normalize.h"
#include "ops/op.h"
#include "ops/window.h"
#include "passes/row_wise.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

namespace thimble {

namespace {

// The first axis of more than one element: where rows in time are, if there are any.
size_t first_long_axis(const Shape& shape)
{
    const auto at = std::ranges::find_if(shape, [](int64_t size) { return size != 1; });
    return static_cast<size_t>(at - shape.begin());
}

int64_t from_end(const Shape& shape, size_t axis)
{
    return static_cast<int64_t>(shape.size() - axis);
}

class Walk {
public:
    Walk(const Graph& body, TensorId window, int64_t count, int64_t fresh)
        : body_(body), hop_(fresh)
    {
        found_.rows[window] = {0, count, fresh};
    }

    SlidingRows result()
    {
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const Node& node = body_.nodes[i];
            if (!reads_rows(node)) continue;
            why_ = {};
            if (const std::optional<SlidingLayer> layer = sliding(i)) {
                found_.layers.push_back(*layer);
                continue;
            }
            if (!found_.why) found_.why = {node.name, why_.reason, why_.remedy};
        }
        drop_what_widens();
        find_whole();
        return std::move(found_);
    }

private:
    const TimeRows* rows_of(TensorId id) const
    {
        const auto it = found_.rows.find(id);
        return it == found_.rows.end() ? nullptr : &it->second;
    }
    bool reads_rows(const Node& node) const
    {
        return std::ranges::any_of(node.inputs,
                                   [&](TensorId id) { return rows_of(id) != nullptr; });
    }
    std::nullopt_t refuse(std::string reason, std::string remedy)
    {
        why_.reason = std::move(reason);
        why_.remedy = std::move(remedy);
        return std::nullopt;
    }
    std::nullopt_t mixes()
    {
        return refuse("it mixes all rows in time", "put it behind the layers that slide");
    }

    std::optional<SlidingLayer> sliding(size_t index)
    {
        const Node& node = body_.nodes[index];
        if (!node.op || node.outputs.size() != 1 || body_.output(node, 0).quant.per_channel())
            return mixes();
        for (const TensorId id : node.inputs)
            if (id != kNoTensor && !rows_of(id) && !body_.tensor(id).is_constant()) return mixes();
        const std::optional<TimeRows> rows = rows_behind(node);
        if (!rows) return std::nullopt;
        if (rows->fresh >= rows->count)
            return refuse(fmt::format("it gives {} rows, {} come in one hop", rows->count,
                                      rows->fresh),
                          "hop = 1");
        found_.rows[node.outputs[0]] = *rows;
        return SlidingLayer{index, needed_};
    }

    // Rows of the node's output; sets needed_ too.
    std::optional<TimeRows> rows_behind(const Node& node)
    {
        const TimeRows* in = rows_of(node.inputs[0]);
        needed_ = in ? in->fresh : 0;
        // The rows of the first ticks are zeros in part: they must not be divided by.
        if (is_element_wise(node) && node.op->name != "floor_div") return rows_of_elements(node);
        if (!in) return mixes();
        const std::string_view op = node.op->name;
        const Shape& shape = body_.input(node, 0).shape;
        const bool last = in->axis + 1 == shape.size();
        if (op == "reshape" || (op == "dense" && is_dense_per_row(node, *in)))
            return rows_under(body_.output(node, 0).shape, *in);
        if (op == "conv2d" || op == "depthwise_conv2d" || op == "pool2d")
            return rows_of_windows(node, *in);
        if (is_along_last_axis(node) && !last) return *in;
        if (op == "normalize" && (!last || is_one_for_all(node))) return *in;
        if (op == "pad") return rows_of_padded(node, *in);
        return mixes();
    }

    // Rows may become shorter or longer ones, as long as none is new in part.
    std::optional<TimeRows> rows_under(const Shape& shape, const TimeRows& in)
    {
        const size_t axis = first_long_axis(shape);
        if (axis == shape.size() || in.fresh * shape[axis] % in.count != 0) return mixes();
        return TimeRows{axis, shape[axis], in.fresh * shape[axis] / in.count};
    }

    std::optional<TimeRows> rows_of_elements(const Node& node)
    {
        const Tensor& out = body_.output(node, 0);
        const size_t axis = first_long_axis(out.shape);
        std::optional<TimeRows> result;
        for (const TensorId id : node.inputs) {
            if (id == kNoTensor) continue;
            const Tensor& in = body_.tensor(id);
            const TimeRows* rows = rows_of(id);
            if (!rows) {
                if (!constant_in_time(in, out, static_cast<int64_t>(axis))) return mixes();
                continue;
            }
            const bool aligned =
                axis < out.shape.size() && rows->count == out.shape[axis] &&
                from_end(in.shape, rows->axis) == from_end(out.shape, axis) &&
                (!result || (result->count == rows->count && result->fresh == rows->fresh));
            if (!aligned) return mixes();
            result = TimeRows{axis, rows->count, rows->fresh};
            needed_ = rows->fresh;
        }
        return result;
    }

    bool is_dense_per_row(const Node& node, const TimeRows& in) const
    {
        const Tensor& weights = body_.input(node, 1);
        const int64_t row = body_.input(node, 0).count() / in.count;
        return weights.shape.size() == 2 && row % weights.shape[1] == 0;
    }

    static bool is_one_for_all(const Node& node)
    {
        const auto& a = std::any_cast<const NormalizeAttributes&>(node.attributes);
        return a.divide.size() == 1 && a.add.size() == 1 && a.scale.size() == 1;
    }

    std::optional<TimeRows> rows_of_padded(const Node& node, const TimeRows& in)
    {
        const std::vector<int64_t> amounts = body_.input(node, 1).integers();
        for (size_t axis = 0; axis <= in.axis; ++axis)
            if (amounts[2 * axis] != 0 || amounts[2 * axis + 1] != 0) return pads();
        return in;
    }

    std::nullopt_t pads()
    {
        return refuse("it pads in time: rows beside the padding are others in every window",
                      "train it with padding = \"valid\" in time");
    }

    std::optional<TimeRows> rows_of_windows(const Node& node, const TimeRows& in)
    {
        const std::optional<WindowGeometry> g = window_of(body_, node);
        if (!g || in.axis < 1 || in.axis > 2) return mixes();
        const bool down = in.axis == 1;
        const int64_t stride = down ? g->stride_h : g->stride_w;
        const int64_t dilation = down ? g->dilation_h : g->dilation_w;
        const int64_t reach = ((down ? g->filter_h : g->filter_w) - 1) * dilation + 1;
        const int64_t out = down ? g->out_h : g->out_w;
        const int64_t unread = in.count - ((out - 1) * stride + reach);
        if ((down ? g->pad_top : g->pad_left) != 0 || unread < 0) return pads();
        if (in.fresh % stride != 0)
            return refuse(fmt::format("its stride in time is {}, {} new rows reach it in one hop",
                                      stride, in.fresh),
                          fmt::format("hop = {}", hop_ * stride / std::gcd(stride, in.fresh)));
        needed_ = reach - stride + in.fresh + unread;
        return TimeRows{in.axis, out, in.fresh / stride};
    }

    // Layers at the end that multiply nothing and make the rows larger only cost memory.
    void drop_what_widens()
    {
        while (!found_.layers.empty()) {
            const Node& node = body_.nodes[found_.layers.back().node];
            const TensorId in = node.inputs[0];
            const bool widens = rows_of(in) && body_.output(node, 0).bytes() >
                                                   body_.tensor(in).bytes();
            if (!widens || (node.op->macs && node.op->macs(body_, node) > 0)) return;
            if (!found_.why) found_.why = {node.name, "nothing is computed behind it", ""};
            found_.rows.erase(node.outputs[0]);
            found_.layers.pop_back();
        }
    }

    void find_whole()
    {
        std::set<size_t> slide;
        for (const SlidingLayer& layer : found_.layers) slide.insert(layer.node);
        std::set<TensorId> whole;
        for (size_t i = 0; i < body_.nodes.size(); ++i)
            if (!slide.count(i))
                for (const TensorId id : body_.nodes[i].inputs)
                    if (rows_of(id)) whole.insert(id);
        for (const TensorId id : body_.outputs)
            if (rows_of(id)) whole.insert(id);
        found_.whole.assign(whole.begin(), whole.end());
    }

    const Graph& body_;
    int64_t hop_;
    SlidingRows found_;
    WhyWhole why_;
    int64_t needed_ = 0;
};

}  // namespace

SlidingRows find_sliding_rows(const Graph& body, TensorId window, int64_t count, int64_t fresh)
{
    return Walk(body, window, count, fresh).result();
}

Shape with_rows(const Tensor& tensor, const TimeRows& rows, int64_t count)
{
    Shape shape = tensor.shape;
    shape[rows.axis] = count;
    return shape;
}

}  // namespace thimble
