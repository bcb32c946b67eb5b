// What the parts of the lstm operator share. Its inputs and attributes: ops/recurrent.h.
#pragma once

#include "ops/op.h"
#include "ops/recurrent.h"

#include <algorithm>
#include <span>

namespace thimble {

struct LstmSizes : RecurrentSizes {
    int64_t outputs;  // m: the size of the hidden state; `units` without projection
};

LstmSizes lstm_sizes(const Graph& graph, const Node& node);
const LstmAttributes& lstm_attributes(const Node& node);
// Without an input gate: i = 1 - f.
bool lstm_is_coupled(const Graph& graph, const Node& node);
// The states are tensors of their own, else activations with initial values.
bool lstm_has_states(const Graph& graph, const Node& node);

// Where the elements of batch n, step t begin, `row` elements each.
inline int64_t lstm_row(const LstmAttributes& attributes, const LstmSizes& size, int64_t n,
                        int64_t t, int64_t row)
{
    return (attributes.time_major ? t * size.batches + n : n * size.steps + t) * row;
}

// Oracle: writes h and c into the state tensors, and into the outputs 1 and 2 where there are any.
template <typename H, typename C>
void lstm_keep(EvalContext& context, std::span<const H> h, std::span<const C> c)
{
    if (lstm_has_states(context.graph, context.node)) {
        std::ranges::copy(h, context.state<H>(lstm_input::hidden).begin());
        std::ranges::copy(c, context.state<C>(lstm_input::cell).begin());
    }
    if (context.node.outputs.size() > 1) std::ranges::copy(h, context.out<H>(1).begin());
    if (context.node.outputs.size() > 2) std::ranges::copy(c, context.out<C>(2).begin());
}

void import_sequence_lstm(const TfliteOperator& source, Graph& graph, Node& node);
void import_bidirectional_lstm(const TfliteOperator& source, Graph& graph, Node& node);
void import_lstm(const TfliteOperator& source, Graph& graph, Node& node);

void export_lstm(TfliteExport& file, const Node& node);

void infer_lstm(Graph& graph, Node& node);
void eval_lstm_integer(EvalContext& context);
void eval_lstm_float(EvalContext& context);

void lower_lstm_integer(LowerContext& context);
void lower_lstm_float(LowerContext& context);

}  // namespace thimble
