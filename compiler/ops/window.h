// Sliding windows: what conv2d, depthwise_conv2d and pool2d (and transpose_conv, seen backwards)
// share: attributes, shape rule, geometry.
#pragma once

#include "ir/graph.h"
#include "ops/lower.h"

#include <optional>
#include <vector>

namespace thimble {

struct WindowAttributes {
    bool same = false;  // padding so that out = ceil(in / stride); else none
    int64_t stride_h = 1, stride_w = 1;
    int64_t dilation_h = 1, dilation_w = 1;
    int activation = 0;  // code of the file format, see tflite_fields.h
};

struct Conv2dAttributes {
    WindowAttributes window;
    bool bias32 = false;  // without a bias, 16-bit activations have a 32-bit accumulator
};

struct Pool2dAttributes {
    bool maximum = false;  // else the mean
    int64_t filter_h = 1, filter_w = 1;
    WindowAttributes window;
};

// One layer in numbers. Places outside the input count as padding; pad_top and pad_left say how
// many lie before the first row and column.
struct WindowGeometry {
    int64_t batches, in_h, in_w, in_c;
    int64_t out_h, out_w, out_c;
    int64_t filter_h, filter_w;
    int64_t stride_h, stride_w;
    int64_t dilation_h, dilation_w;
    int64_t pad_top, pad_left;

    int64_t pixels() const { return batches * out_h * out_w; }
    int64_t taps() const { return filter_h * filter_w; }
    // True when some window leaves the input.
    bool padded() const;
};

// Strides, dilations and filter sizes are at least 1 and of a sane size; throws T0203.
void require_window(const WindowAttributes& attributes, int64_t filter_h, int64_t filter_w);

// Of a conv2d, depthwise_conv2d or pool2d whose infer has run; nothing for other nodes.
std::optional<WindowGeometry> window_of(const Graph& graph, const Node& node);

// As the reference kernels compute it; for infer and eval. `in` is [n, h, w, c].
WindowGeometry reference_window(const Shape& in, int64_t out_c, int64_t filter_h, int64_t filter_w,
                                const WindowAttributes& attributes);
// The same, computed independently for lowering, from the inferred shapes. Strides and dilations
// that do not matter (one output place, one tap) are 1, so that more layers share an instance.
WindowGeometry lowered_window(const Shape& in, const Shape& out, int64_t filter_h, int64_t filter_w,
                              const WindowAttributes& attributes);
// The arguments THB_WINDOW_PARAMETERS of device/kernels/window.h.
std::vector<Arg> window_args(LowerContext& context, const WindowGeometry& geometry);

std::vector<Arg> joined(std::vector<Arg> first, const std::vector<Arg>& second);

}  // namespace thimble
