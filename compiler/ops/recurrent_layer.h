// What lstm, gru and simple_rnn share beyond ops/recurrent.h: checks, oracle, lowering.
#pragma once

#include "ops/op.h"
#include "ops/recurrent.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace thimble {

// Import: a fused activation of the file format.
CellActivation cell_activation_from(int code);
// Import: variables among the states start anew with every sequence.
void mark_sequence_states(Graph& graph, const Node& node, std::initializer_list<size_t> states);

// Export: `layer` writes the layer over time itself, batch or time first as the node is, between
// two tensors of three axes; around it stands what the format has no option for: an input of one
// step without time axis, REVERSE_V2 in time, the last step alone. Refuses final states as outputs,
// and states that are not variables.
class TfliteExport;
void export_sequence(TfliteExport& file, const Node& node, size_t state,
                     const std::function<void(int in, int out)>& layer);

// Checks of infer; input 0 is x.
void require_fixed(const Graph& graph, const Node& node, size_t input);
void require_matrix(const Graph& graph, const Node& node, size_t input, int64_t rows,
                    int64_t columns);
void require_vector(const Graph& graph, const Node& node, size_t input, int64_t count);
void require_type(const Graph& graph, const Node& node, size_t input, const char* what,
                  std::initializer_list<DType> types);
// Weights that a float layer dequantises: one scale, or one a row.
void require_hybrid(const Graph& graph, const Node& node, size_t input, int64_t rows);
// Batches, steps and inputs from x, units from the recurrent weights.
RecurrentSizes recurrent_sizes(const Graph& graph, const Node& node, size_t recurrent_weights);
// The type and shape of output 0, and of the final state if it is an output.
void set_recurrent_outputs(Graph& graph, const Node& node, const RecurrentSizes& size,
                           int64_t outputs);

// Oracle.
std::vector<float> oracle_floats(const EvalContext& context, size_t input);
float oracle_cell_activation(CellActivation activation, float x);
float oracle_cell_clip(float x, float clip);  // to [-clip, clip]; 0: not at all
float oracle_row_product(const std::vector<float>& weights, size_t row, std::span<const float> in);
// Runs `step(x, h)`, which overwrites h, over all batches and steps; writes output 0 and the state.
template <typename Step>
void oracle_run_steps(EvalContext& context, const RecurrentSizes& size, size_t state,
                      const Step& step)
{
    const RecurrentAttributes& attributes = *recurrent_attributes(context.node);
    const auto x = context.in<float>(0);
    const auto out = context.out<float>();
    std::vector<float> states = oracle_floats(context, state);
    for (int64_t n = 0; n < size.batches; ++n) {
        const std::span<float> h = std::span(states).subspan(static_cast<size_t>(n * size.units),
                                                             static_cast<size_t>(size.units));
        for (int64_t k = 0; k < size.steps; ++k) {
            const int64_t t = attributes.reverse ? size.steps - 1 - k : k;
            const int64_t row = attributes.time_major ? t * size.batches + n : n * size.steps + t;
            step(x.subspan(static_cast<size_t>(row * size.in_count),
                           static_cast<size_t>(size.in_count)),
                 h);
            const int64_t place = attributes.return_sequences ? row : n;
            std::ranges::copy(h, out.begin() + place * size.units);
        }
    }
    if (context.input(state).kind == TensorKind::state)
        std::ranges::copy(states, context.state<float>(state).begin());
    if (context.node.outputs.size() > 1) std::ranges::copy(states, context.out<float>(1).begin());
}

// Lowering: how far apart rows are, in elements; negative steps when the layer runs backwards.
struct RecurrentStrides {
    int64_t in_batch, in_step, out_batch, out_step;  // out_step 0: only the last row is kept
    int64_t in_first = 0, out_first = 0;             // rows of the step that comes first
};
RecurrentStrides recurrent_strides(const RecurrentSizes& size, int64_t outputs,
                                   const RecurrentAttributes& attributes);
// A row of a matrix; rows of equal length whose elements stand interleaved, first the first of
// each.
struct WeightRow {
    const Tensor* tensor;
    size_t row;
};
using WeightBlock = std::vector<WeightRow>;
struct PackedRows {
    Arg data, format, scales;
    bool scaled() const { return format.text == "THB_WEIGHTS_S8"; }
};
// Blocks one behind the other, in their common format; float32 when they have none. Scales are the
// caller's: their order is the kernel's.
PackedRows packed_blocks(LowerContext& context, const std::vector<WeightBlock>& blocks,
                         const std::string& purpose);
// Rows one behind the other, with a scale each.
PackedRows packed_rows(LowerContext& context, const std::vector<WeightRow>& rows,
                       const std::string& purpose);
float scale_of(const WeightRow& row);
// x in RAM: kernels read it without the flash macros.
Arg recurrent_input(LowerContext& context);
// Where a kernel updates a state: the state tensor itself, or a copy of the initial values, which
// is output `output` where the node has it.
Arg recurrent_state(LowerContext& context, size_t input, size_t output);

}  // namespace thimble
