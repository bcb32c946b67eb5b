// A Graph as a .tflite file: the only way out.
#pragma once

#include "ir/graph.h"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace thimble {

// The file, which read back computes what the graph computes, bit for bit. The graph is one as
// imported or as built by hand, before any pass. Layers that the format lacks (gru) are written as
// the operators they consist of (passes/spell_out.h). Throws T0202 with the layer that cannot be
// written.
std::vector<uint8_t> export_tflite(const Graph& graph);
void export_tflite_file(const Graph& graph, const std::filesystem::path& path);

}  // namespace thimble
