// run of a project whose stages lead from samples to decisions.
#pragma once

#include "cli/model_options.h"
#include "ir/pipeline.h"

#include <string>
#include <vector>

namespace thimble {

struct PipelineRun {
    const ModelOptions& model;
    const Graph& graph;
    std::vector<std::string> inputs;
    std::string output;  // folder; empty: nothing is written
    std::string engine;  // "float": the graph is a float one; "oracle", "host"
    std::string target;  // empty: by the engine
};

// Throws what reading the recordings and running them throws.
Exit run_pipeline(const PipelineRun& run, bool as_json);

// The stage that a layer belongs to: "argmax" of "threshold/then / argmax/ARG_MAX_3".
std::string stage_of(const std::string& layer);

// Milliseconds from one tick to the next; 0: not known.
double tick_period_ms(const PipelineInterface& interface);

}  // namespace thimble
