// Lowering of everything that only moves elements: slices, transposes, pads, concatenations.
//
// Such an operator is a nest of loops in which input and output each advance by a fixed step per
// axis. The host merges axes that are contiguous on both sides, so that most layers become one
// memcpy, or rows of memcpy, and only real shuffles reach the general kernel
// (device/kernels/move.h).
#pragma once

#include "ops/lower.h"

#include <cstdint>
#include <vector>

namespace thimble {

struct MoveAxis {
    int64_t count;
    int64_t in_step;   // elements; 0 repeats, negative runs backwards
    int64_t out_step;  // elements
};

struct Movement {
    std::vector<MoveAxis> axes;  // outermost first
    int64_t in_start = 0;        // element where the walk begins
    int64_t out_start = 0;
};

// Steps between neighbours along each axis of a row-major tensor, in elements.
std::vector<int64_t> row_major_steps(const Shape& shape);
// Reads the box of `shape` elements that begins at in_start; writes all of an output of that shape.
Movement whole_output(const Shape& shape, const std::vector<int64_t>& in_steps,
                      int64_t in_start = 0);

// Drops axes of one element and merges neighbours that are contiguous on both sides.
std::vector<MoveAxis> merged(std::vector<MoveAxis> axes);

// The last three arguments of thb_move for merged axes, at least one.
struct MovePlan {
    std::vector<int32_t> steps;  // a table
    int64_t rank;
    int64_t element_bytes;  // 0: the innermost axis is a run
};
MovePlan move_plan(const std::vector<MoveAxis>& axes, int64_t element_bytes);

// Calls that move elements of one input to one output.
void emit_move(LowerContext& c, size_t input, size_t output, const Movement& movement);
// The same; no code at all when the output is the whole input unchanged.
void emit_move_or_alias(LowerContext& c, size_t input, size_t output, const Movement& movement);
// The same between arbitrary buffers; `flash` is the key of the source.
struct MoveEnds {
    Arg in;
    Arg flash;
    Arg out;
    int64_t element_bytes;
};
void emit_move(LowerContext& c, const MoveEnds& ends, const Movement& movement);

// The argument as `const void*` or `void*`, so that calls for different types share one instance.
Arg untyped_in(Arg arg, int64_t offset_bytes = 0);
Arg untyped_out(Arg arg, int64_t offset_bytes = 0);

// Name of an element type in device/kernels/greater.h; bool compares as uint8.
std::string element_key(DType type);

// Calls that set every element of an output to the value whose little-endian bytes are given.
void emit_fill(LowerContext& c, size_t output, const std::vector<uint8_t>& value);

}  // namespace thimble
