// Row-major coordinates for the oracle of operators that move elements: slow and obvious.
//
// Lowering never uses these; it computes with steps (ops/move.h).
#pragma once

#include "base/error.h"
#include "ops/eval.h"

#include <algorithm>

namespace thimble {

// Coordinates of element `index` of a tensor of `shape`; empty for a scalar.
inline Shape coordinates_of(int64_t index, const Shape& shape)
{
    Shape at(shape.size());
    for (size_t d = shape.size(); d-- > 0;) {
        at[d] = index % shape[d];
        index /= shape[d];
    }
    return at;
}

// Steps to the next element in row-major order; after the last one comes the first again.
inline void advance(Shape& at, const Shape& shape)
{
    for (size_t d = shape.size(); d-- > 0;) {
        if (++at[d] < shape[d]) return;
        at[d] = 0;
    }
}

inline int64_t index_of(const Shape& at, const Shape& shape)
{
    int64_t index = 0;
    for (size_t d = 0; d < shape.size(); ++d) {
        THIMBLE_CHECK(at[d] >= 0 && at[d] < shape[d], "coordinate outside of the tensor");
        index = index * shape[d] + at[d];
    }
    return index;
}

// out[to] = in[from], whatever the element type is.
inline void copy_element(EvalContext& c, size_t input, int64_t from, size_t output, int64_t to)
{
    const auto bytes = static_cast<size_t>(element_bytes(c.output(output).type));
    const auto source = c.in_bytes(input).subspan(static_cast<size_t>(from) * bytes, bytes);
    std::copy(source.begin(), source.end(),
              c.out_bytes(output).begin() + to * static_cast<int64_t>(bytes));
}

}  // namespace thimble
