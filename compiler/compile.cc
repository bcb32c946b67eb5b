#include "compile.h"

#include "import/import.h"
#include "passes/passes.h"
#include "plan/flash_reach.h"
#include "plan/join_tables.h"
#include "plan/plan.h"
#include "plan/schedule.h"
#include "plan/sequence_loop.h"
#include "plan/stream.h"

namespace thimble {

Graph recognise(const Graph& imported, bool keep_state)
{
    require_supported(imported);
    Graph graph = imported;
    if (keep_state)
        for (Tensor& tensor : graph.tensors) tensor.per_sequence = false;

    // Weights that are stored as float16 or int8 and widened by a DEQUANTIZE stay small in flash.
    run_pass_in_bodies(narrow_weights, graph);
    // What else is stored small, biases and zero states, is a constant for the passes below.
    run_pass_in_bodies(fold_constants, graph);
    // Loops over time, written out or as WHILE, become recurrent layers or scans.
    recognise_recurrences(graph);
    return graph;
}

Program compile_recognised(Graph graph, const CompileOptions& options)
{
    // What depends on constants only is computed now, with the reference arithmetic.
    run_pass_in_bodies(fold_constants, graph);
    // Samples go straight to the integers of a quantised network, without floats in between.
    run_pass_in_bodies(quantize_normalized, graph);
    // Kernels exist for int8; legacy uint8 networks are shifted by 128 into it.
    run_pass_in_bodies(shift_uint8, graph);
    // Where only the place of the greatest value counts, a softmax in front of it is saved.
    run_pass_in_bodies(argmax_of_logits, graph);
    run_pass_in_bodies(remove_dead_nodes, graph);
    // A network over a sliding window computes the new rows only, where a project says so.
    run_pass(slide_networks, graph);
    // A network over time becomes one loop: no sequence between its layers is stored.
    run_pass_in_branches(stream_time, graph);
    // A graph output that is a constant or a state needs memory of its own.
    run_pass(materialise_outputs, graph);

    Program program = schedule(std::move(graph), options.name, options.target, options.lower);
    // What a turn reads as the last one left it has the last one's scales.
    join_tables(program);
    // Samples that wait for their tick, or one time step at a time: both want to be in the state.
    if (program.graph.interface) add_stream(program, options.target, options.slices);
    else find_sequence_loop(program, options.feed);
    require_tables_in_reach(program, options.target);
    plan_memory(program);
    return program;
}

Program compile(const Graph& imported, const CompileOptions& options)
{
    return compile_recognised(recognise(imported, options.keep_state), options);
}

}  // namespace thimble
