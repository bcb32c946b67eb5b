// What inspect shows of layers, and of a project's stages and recordings.
#pragma once

#include "cli/model_options.h"
#include "ir/graph.h"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace thimble {

int64_t macs_of(const Graph& graph, const Node& node);
int64_t weights_of(const Graph& graph, const Node& node);  // bytes
std::string quantization_text(const Tensor& tensor);
nlohmann::json tensor_json(const Tensor& tensor);

// A line for each stage, what sliding windows save, and what [data] holds. `graph` is a pipeline's.
std::string chain_text(const Graph& graph, const ModelOptions& options);
// The same as `stages`, `window`, `hop`, `buffer`, `labels`, `sliding` and `data`.
void add_chain_json(const Graph& graph, const ModelOptions& options, nlohmann::json& object);

}  // namespace thimble
