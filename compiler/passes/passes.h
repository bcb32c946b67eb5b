// All passes, in no order: compile.cc holds the order.
//
// A pass never renumbers tensors, and never changes what a tensor holds: it makes a new one.
#pragma once

#include "ir/graph.h"

namespace thimble {

// Runs a pass and checks the graph's rules.
void run_pass(void (*pass)(Graph&), Graph& graph);
// The same for the graphs that its nodes hold (ops/control.h), inner ones first, and then for it.
void run_pass_in_bodies(void (*pass)(Graph&), Graph& graph);

void reroll_unrolled(Graph& graph);
void narrow_weights(Graph& graph);
void fold_constants(Graph& graph);
void shift_uint8(Graph& graph);
void remove_dead_nodes(Graph& graph);
void materialise_outputs(Graph& graph);

}  // namespace thimble
