// A window that slides over rows, and what the network behind it would save by keeping rows of its
// layers: the plan of slide_networks.cc.
#pragma once

#include "ir/graph.h"
#include "passes/links.h"
#include "passes/sliding_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct SlidingNetwork {
    std::string window;         // name of the node that keeps the window
    bool wanted = false;        // the project asks for it
    bool possible = false;      // layers that multiply compute new rows only
    size_t layers = 0;          // that compute new rows only
    int64_t macs = 0;           // of the whole network, once for each window
    int64_t macs_sliding = 0;
    int64_t bytes = 0;          // of the window, kept as a whole
    int64_t bytes_sliding = 0;  // of all rows that are kept instead
    std::optional<WhyWhole> why;  // the first layer that is computed from all rows, if there is one
};

// One sentence: what it saves, or why it cannot.
std::string sliding_text(const SlidingNetwork& network);
// All windows of the graph and its branches that overlap and that a branch reads.
std::vector<SlidingNetwork> sliding_networks(const Graph& graph);

// Inputs of the operator slide (ops/stream.h).
namespace slide_input {
enum : size_t { rows, window, missing };
}

// A slide and the branch that reads its window.
struct WindowUse {
    size_t slide = 0, branch = 0;  // nodes of the graph
    size_t input = 0;              // of the branch's graphs: the window
    int64_t length = 0, hop = 0;   // rows
    int64_t arriving = 0;          // rows of one run
    bool wanted = false;
};

// Nothing when node `slide` is none, or when something else reads its window.
std::optional<WindowUse> find_window_use(const Graph& graph, const Links& links, size_t slide);
// The graph that runs when a window is complete.
const Graph& body_of(const Graph& graph, const WindowUse& use);
SlidingRows sliding_rows(const Graph& graph, const WindowUse& use);
SlidingNetwork sliding_network(const Graph& graph, const WindowUse& use, const SlidingRows& found);
// Runs of the sliding layers that the first window needs.
int64_t runs_to_fill(const WindowUse& use);

// The ring in front of a tensor's readers. Rows that always come together count as one.
struct RowRing {
    int64_t length = 0;  // rows
    int64_t row = 0;     // elements
    int64_t fresh = 0;   // new rows of a run

    RowRing(const Tensor& tensor, const TimeRows& time, int64_t rows);
    int64_t bytes(const Tensor& tensor) const;  // with the counter of its slide
};

}  // namespace thimble
