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
    int64_t ids = 0;            // the last stage gives ids below it; 0: no ids
};

// Begins with stage `first`: the graph's input is then what this stage takes, one at a time. Ends
// in front of stage `end`. Throws T0106 and what reading the models throws.
constexpr size_t kAllStages = static_cast<size_t>(-1);
Pipeline compose_pipeline(const ProjectFile& file, size_t first = 0, size_t end = kAllStages);

// The stages in front of those that recordings enter ([data] `at`): they give what recordings hold.
// Throws T0106 when there are none.
Pipeline capture_pipeline(const ProjectFile& file);

}  // namespace thimble
