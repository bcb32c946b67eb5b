// The program: what lowering makes of a graph, and what planning and emission read.
//
// A program is a flat list of steps, one a node; a step is a flat list of kernel calls. Arguments
// are buffers (RAM), tables (constants), numbers that are passed, and keys: numbers that are baked
// into one static instance of the kernel, so that the C compiler specialises it. Calls of one
// kernel with equal keys share the instance.
//
// Loops and branches are steps too, which open, part and end a region of steps; regions nest. The
// steps of a body stand between them, once. Inside of a loop with a known number of turns an
// argument may move by some bytes from turn to turn.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// Bytes by which an argument moves with every turn of the loop that step `loop` begins.
struct LoopStride {
    int loop = -1;
    int64_t bytes = 0;
    bool operator==(const LoopStride&) const = default;
};

struct Arg {
    enum class Kind : uint8_t { buffer, table, number, key, null };
    Kind kind = Kind::number;
    std::string c_type;  // of the kernel's parameter: "const int8_t*", "int16_t"
    int index = -1;      // of the buffer or table
    int64_t offset = 0;  // bytes from the start of the buffer
    std::string text;    // C literal of a number or key
    std::vector<LoopStride> strides = {};  // of buffers and tables, one for each loop around
};

struct KernelCall {
    std::string kernel;  // function in device/kernels or device/arch: "thb_dense_s8"
    std::vector<Arg> args;
};

// A constant array in flash. Equal tables are stored once.
struct Table {
    std::string c_type;          // element type: "int8_t", "float"
    std::vector<uint8_t> bytes;  // little-endian elements
    std::string purpose;         // for the comment in the generated C: "weights of conv2d_1"
    bool is_weight =
        true;  // counted as flash.weights; else (requantisation constants, luts) as code
};

enum class Place : uint8_t { work, state };

// A piece of RAM. Tensors that alias each other (reshape) share one buffer.
struct Buffer {
    std::string name;
    int64_t bytes = 0;
    int64_t alignment = 1;
    Place place = Place::work;
    // Live from the begin of `first_step` to the end of `last_step`; -1: graph input; steps.size():
    // output.
    int first_step = 0;
    int last_step = 0;
    int64_t offset = -1;               // set by the planner
    std::vector<int> may_start_at;  // buffers that die in the step that writes this one and may be
                                    // reused in place
    std::vector<uint8_t> initial;      // of state: value after NAME_init and NAME_reset
    bool per_sequence = false;         // of state: starts anew with every call
    bool of_stream = false;            // of state: what waits for the next ticks; lies last in it
};

// What a step is to the flow of control. The calls of `scan_begin`, `while_begin` and `if_begin`
// come before the loop or branch, those of `if_else` end the first branch, those of `region_end`
// end the loop's turn or the last branch.
enum class StepKind : uint8_t {
    layer,
    scan_begin,   // for (t = 0; t < trip_count; ++t) {
    while_begin,  // for (;;) {
    while_test,   //     if (!condition) break;
    if_begin,     // if (condition) {
    if_else,      // } else {
    region_end,   // }
};

struct Step {
    int node = -1;            // index in the lowered graph
    std::string layer;        // node name
    std::string op;           // operator name
    std::string variant;      // chosen kernel variant, "portable" or "dsp_2x2"
    int64_t macs = 0;         // of all turns of the loops around it, as far as they are known
    std::vector<KernelCall> calls;  // empty: nothing to do at run time (reshape)
    StepKind kind = StepKind::layer;
    int region = -1;         // step that begins the innermost region around this one; -1: none
    int begin = -1;          // while_test, if_else, region_end: the step that begins the region
    int64_t trip_count = 0;  // scan_begin
    Arg condition;           // while_test, if_begin: a bool in RAM
};

// Who holds the input of a network over time: the program, or the caller, one step at a time.
enum class Feed : uint8_t { whole, steps };

// The loop over the input's time steps that a program begins with (plan/sequence_loop.h).
struct SequenceLoop {
    int begin = -1;             // steps of the program
    int end = -1;
    int64_t turns = 0;
    int input_buffer = -1;      // whose rows the turns read
    int64_t row_bytes = 0;
    int counter_buffer = -1;    // in the state: turns that the present sequence has had
    bool holds_input = true;    // false: Feed::steps
};

// Samples of a pipeline that wait for their tick (plan/stream.h).
struct Stream {
    int ring_buffer = -1;     // in the state: as many samples as the interface's `buffer`
    int control_buffer = -1;  // in the state: a thb_stream_t
};

// Where the tensors of a body stand in the program's graph: those of the body of number `which` of
// the node that writes `node_output`, a tensor of the body `parent`, or of the graph itself: -1.
struct PlacedBody {
    TensorId first = 0;  // tensor 0 of the body; the others follow
    TensorId count = 0;
    int parent = -1;
    TensorId node_output = kNoTensor;  // its number in the parent
    int which = 0;
};

struct Program {
    std::string name;  // C identifier, prefix of every external symbol
    Graph graph;       // as lowered, after all passes; its nodes are those of all bodies, flat
    std::vector<Step> steps;
    std::vector<Table> tables;
    std::vector<Buffer> buffers;
    std::vector<int>
        buffer_of_tensor;     // -1: none (constants, tensors that were never materialised)
    std::map<TensorId, Arg> views;  // tensors that are a moving part of a buffer or table
    int64_t work_bytes = 0;   // set by the planner
    int64_t state_bytes = 0;
    int64_t sequence_bytes = 0;  // first of state_bytes: the state that starts anew with every call
    int64_t work_bytes_lower_bound = 0;  // most bytes live in one step: no plan can be smaller
    bool plan_is_optimal = false;
    std::optional<SequenceLoop> sequence_loop;  // set: the program can be fed step by step
    std::optional<Stream> stream;  // of a pipeline that takes samples one after another
    int64_t tick_state_bytes = 0;  // first of state_bytes: all but the stream's buffers
    std::vector<PlacedBody> bodies;  // by `first`
    std::string no_step_reason;  // why a recurrent network cannot be fed step by step
};

}  // namespace thimble
