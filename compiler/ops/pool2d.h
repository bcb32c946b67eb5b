// Attributes of pool2d, for the pass that rewrites uint8 layers to int8.
#pragma once

#include "ops/window.h"

namespace thimble
{

struct Pool2dAttributes {
    bool maximum = false; // else the mean
    int64_t filter_h = 1, filter_w = 1;
    WindowAttributes window;
    // int8 elements that were uint8 in the file, 128 more: the mean rounds ties as it does there.
    bool was_unsigned = false;
};

} // namespace thimble
