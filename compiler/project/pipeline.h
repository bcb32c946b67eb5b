// A project whose stages lead from samples to a decision, as one tick graph (ir/pipeline.h).
//
// Tested by tests/unit/project/pipeline_test.cc.
#pragma once

#include "ir/graph.h"
#include "ir/pipeline.h"
#include "project/project_file.h"

#include <string>
#include <vector>

namespace thimble {

// What passes from one stage to the next.
struct Joint {
    std::string stage;      // that gives it; "input" for the first one
    Tensor tensor;          // type, shape, scale
    double per_second = 0;  // how often at most; 0: not known
};

struct Pipeline {
    Graph graph;
    PipelineInterface interface;
    std::vector<Joint> joints;  // the input, then one a stage
};

// Begins with stage `first`: the graph's input is then what this stage takes, one at a time.
// Throws T0106 and what reading the models throws.
Pipeline compose_pipeline(const ProjectFile& file, size_t first = 0);

}  // namespace thimble
