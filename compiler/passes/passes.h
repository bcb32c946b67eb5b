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
// The same for the branches of `if` alone: the network of a pipeline lies in one (ir/pipeline.h).
// What the pass has to say of a branch is said of `graph`.
void run_pass_in_branches(void (*pass)(Graph&), Graph& graph);

// The five passes below, in their order: loops over time, written out or as WHILE, become recurrent
// layers, or scans.
void recognise_recurrences(Graph& graph);
void while_to_scan(Graph& graph);
void reroll_unrolled(Graph& graph);
void absorb_reversals(Graph& graph);
void scan_to_cell(Graph& graph);
void absorb_frames(Graph& graph);
// A graph of one step, with states among its inputs and outputs: its float cell becomes a recurrent
// layer of one step. Only for callers that know the graph to be a cell; true when it was found and
// proven.
bool recognise_cell_graph(Graph& graph);
void narrow_weights(Graph& graph);
void fold_constants(Graph& graph);
void shift_uint8(Graph& graph);
void argmax_of_logits(Graph& graph);
void quantize_normalized(Graph& graph);
void remove_dead_nodes(Graph& graph);
// Windows that a project marks (SlideAttributes::sliding); throws T0106 with the reason when a
// network cannot slide.
void slide_networks(Graph& graph);
void materialise_outputs(Graph& graph);
void stream_time(Graph& graph);

}  // namespace thimble
