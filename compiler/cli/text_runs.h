// Text files as input of `run`, and ids as text in its output.
#pragma once

#include "ir/graph.h"
#include "ir/text_interface.h"
#include "verify/engine.h"

#include <string>
#include <vector>

namespace thimble {

// The inputs that --input names (verify/input_files.h); the lines of a single .txt file are one
// run each, and `runs` becomes their number. Throws T0004 for such a file when `text` is null or
// lacks a source vocabulary, or the file holds no line or more than `runs_max`.
std::vector<TensorBytes> read_given_inputs(const Graph& graph, const TextInterface* text,
                                           const std::vector<std::string>& specs, int64_t& runs,
                                           int64_t runs_max);
// The answer of each run; empty without a target vocabulary.
std::vector<std::string> text_answers(const TextInterface* text,
                                      const std::vector<RunOutputs>& results);

}  // namespace thimble
