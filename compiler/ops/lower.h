// What an operator's lower sees: it turns one node into kernel calls of a Program.
//
//   Arg weights = context.table(packed, "weights");
//   context.call("thb_dense_s8", {context.in(0), weights, context.out(0), context.number(150,
//   "int16_t"), context.key(1)});
//
// The arguments stand in the order of the kernel's parameters. A key is baked into the kernel's
// instance; a number is passed at run time. On targets with a separate flash (AVR) tables are read
// through the flash macros: a kernel that may read either RAM or a constant takes the key
// in_flash(i).
#pragma once

#include "ir/program.h"
#include "ir/target_facts.h"
#include "ops/eval.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

enum class Optimize : uint8_t { balanced, speed, size };

struct LowerOptions {
    Match match = Match::tflm;
    Optimize optimize = Optimize::balanced;
};

// One way to compute a node; the cheapest that the target can run is taken.
struct Variant {
    std::string_view name;        // "portable", "dsp_2x2"
    std::string_view kernel_set;  // needed folder under device/arch/, empty: portable
    double cost;                  // estimated cycles for the whole node
    std::function<void()> emit;   // makes the calls
};

class LowerContext {
public:
    LowerContext(Program& program, const Node& node, int step, const TargetFacts& target,
                 const LowerOptions& options)
        : graph(program.graph),
          node(node),
          target(target),
          options(options),
          program_(program),
          step_(step)
    {
    }

    const Graph& graph;
    const Node& node;
    const TargetFacts& target;
    const LowerOptions& options;

    bool has_input(size_t index) const { return graph.has_input(node, index); }
    const Tensor& input(size_t index) const { return graph.input(node, index); }
    const Tensor& output(size_t index = 0) const { return graph.output(node, index); }

    // Pointer to an input's elements: a buffer, or a table when the input is a constant.
    Arg in(size_t index);
    // Key 1 when in(index) is a table in flash, else 0.
    Arg in_flash(size_t index);
    Arg out(size_t index = 0);
    // A state tensor among the inputs, writable.
    Arg state(size_t index);
    // A null pointer of `c_type`, for absent optional inputs.
    Arg null(std::string c_type);
    // A constant array in flash, stored little-endian. `is_weight` false: counted as code
    // (multipliers, luts).
    template <typename T>
    Arg table(const std::vector<T>& values, std::string purpose, bool is_weight = true)
    {
        const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
        return add_table(std::string(dtype_c_name(dtype_of<T>())),
                         {bytes, bytes + values.size() * sizeof(T)}, std::move(purpose), is_weight);
    }
    // `arg` moves on by `bytes` with every turn of the innermost loop around this node.
    Arg per_turn(Arg arg, int64_t bytes) const;
    // Scratch RAM that lives during this step only; `c_type` of the parameter, "int16_t*".
    Arg scratch(int64_t bytes, int64_t alignment, std::string c_type);
    Arg number(int64_t value, std::string c_type);
    Arg number(float value);
    Arg key(int64_t value);
    Arg key(float value);
    // A baked-in C expression, for example a constant that a kernel header defines.
    Arg key_text(std::string text);

    void call(std::string kernel, std::vector<Arg> args);

    // The output may be written over this input, from the same first byte on, if the input dies
    // here.
    void allow_in_place(size_t input_index, size_t output_index = 0);
    // The output is the input under another shape: no code, or one copy when the memory must
    // differ.
    void alias(size_t input_index, size_t output_index = 0);
    // Emits the cheapest variant that the target can run and records its name.
    void choose(std::vector<Variant> variants);

private:
    Arg add_table(std::string c_type, std::vector<uint8_t> bytes, std::string purpose,
                  bool is_weight);
    int buffer_of(TensorId id);
    const Arg* view_of(TensorId id) const;
    Program& program_;
    int step_;
};

// C literals that need no cast in C99 and C++11, also where int has 16 bits.
std::string c_literal(float value);
std::string c_literal(int64_t value);

}  // namespace thimble
