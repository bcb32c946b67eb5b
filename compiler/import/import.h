// From a model file to a Graph: the only way in.
#pragma once

#include "ir/graph.h"

#include <filesystem>
#include <string>

namespace thimble {

struct TfliteModel;

struct ImportOptions {
    std::string signature;  // key of the signature to compile; empty: the first subgraph
};

// Reads a model file of any known format. A layer that cannot be compiled is kept, with the reason
// in Node::unsupported; what concerns the whole file throws (T0101 to T0104, T0205).
Graph import_model(const std::filesystem::path& path, const ImportOptions& options = {});
Graph import_tflite(const TfliteModel& model, const ImportOptions& options = {});

// Throws T0201 with every unsupported layer, its reason and remedy, T0203 for a tensor of more than
// 2^31 - 1 bytes. Nothing when all are supported.
void require_supported(const Graph& graph);

}  // namespace thimble
