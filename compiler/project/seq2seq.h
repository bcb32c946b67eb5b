// A stage of kind "seq2seq": encoder, decoder and search as one graph (docs/seq2seq.md).
//
//   source int32 [max_source]
//     -> embedding -> encoder: a scan over a cell for each direction, or a model run whole
//     -> memory [max_source, width], first states of the decoder
//     -> while (active): embedding of the last symbol, input feeding, decoder, beam_select
//     -> ids int32 [max_target], count int32 [1], with two beams or more score [1]
//
// It is an ordinary graph: the oracle, the planner, verification and profiling know nothing of it.
//
// Tested by tests/unit/project/seq2seq_test.cc.
#pragma once

#include "ir/graph.h"
#include "project/model_roles.h"
#include "project/project_file.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// Rows that stand for symbols.
struct Embedding {
    int64_t symbols = 0, width = 0;
    std::vector<float> rows;
};

// What the stage says, read and checked: sizes agree, every role is known.
struct Seq2seqParts {
    std::vector<RoledModel> encoders;  // one run whole, or the cells: forward, backward
    bool has_cells = false;
    std::optional<RoledModel> decoder;
    std::optional<Embedding> source_embedding, target_embedding;
    std::vector<std::string> states;  // roles of what the decoder carries from step to step
    std::string feeding;              // "none", "add", "concat"
    int64_t begin = 0, end = 0, pad = 0, max_source = 0, max_target = 0, beams = 1;
    int64_t symbols = 0;  // of the target: the number of logits

    // Role of the output that a cell gives at each step.
    std::string output_role(const RoledModel& cell) const;
    std::vector<std::string> states_of(const RoledModel& cell) const;
};

// Throws T0101, T0105, T0106 and what importing a model throws.
Seq2seqParts load_seq2seq(const Settings& stage);
// The same stage as a graph; `notes` says what was assumed.
Graph seq2seq_graph(const Seq2seqParts& parts, const std::string& name);

}  // namespace thimble
