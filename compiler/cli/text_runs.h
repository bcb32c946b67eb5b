// Text files as input of `run`, and ids as text in its output.
#pragma once

#include "ir/graph.h"
#include "ir/text_interface.h"
#include "verify/engine.h"

#include <string>
#include <vector>

namespace thimble {

// True when the only input is a .txt file.
bool is_text_file(const std::vector<std::string>& specs);
// One run a line. Throws T0004 when `text` is null or lacks a source vocabulary, or the file holds
// no line or more than `runs_max`.
std::vector<TensorBytes> read_text_inputs(const Graph& graph, const TextInterface* text,
                                          const std::string& path, int64_t runs_max);
// The answer of each run; empty without a target vocabulary.
std::vector<std::string> text_answers(const TextInterface* text,
                                      const std::vector<RunOutputs>& results);

}  // namespace thimble
