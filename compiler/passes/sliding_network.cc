#include "passes/sliding_network.h"

#include "ops/control.h"
#include "ops/op.h"
#include "ops/stream.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace thimble {

namespace {

const SlideAttributes& attributes_of(const Node& slide)
{
    return std::any_cast<const SlideAttributes&>(slide.attributes);
}

const Graph& then_of(const Node& branch)
{
    return *std::any_cast<const IfAttributes&>(branch.attributes).then_graph;
}

RowRing ring_of_all(const Graph& body, const SlidingRows& found, TensorId id)
{
    const TimeRows& time = found.rows.at(id);
    return {body.tensor(id), time, time.count};
}

// Counters of rows have 16 bits on the device.
bool counts_fit(const Graph& body, const WindowUse& use, const SlidingRows& found)
{
    return std::ranges::all_of(found.whole, [&](TensorId id) {
        return ring_of_all(body, found, id).fresh * runs_to_fill(use) <= INT16_MAX;
    });
}

int64_t ring_bytes(const Graph& graph, const WindowUse& use, const SlidingRows& found)
{
    const Graph& body = body_of(graph, use);
    int64_t bytes = 0;
    if (use.arriving < use.hop) {
        const Tensor& window = body.tensor(body.inputs[use.input]);
        bytes += RowRing(window, {0, use.length, use.arriving}, use.hop).bytes(window);
    }
    for (const SlidingLayer& layer : found.layers) {
        const TensorId id = body.nodes[layer.node].inputs[0];
        const auto in = found.rows.find(id);
        if (in == found.rows.end() || layer.rows == in->second.fresh) continue;
        bytes += RowRing(body.tensor(id), in->second, layer.rows).bytes(body.tensor(id));
    }
    for (const TensorId id : found.whole)
        bytes += ring_of_all(body, found, id).bytes(body.tensor(id));
    return bytes;
}

}  // namespace

std::optional<WindowUse> find_window_use(const Graph& graph, const Links& links, size_t slide)
{
    const Node& node = graph.nodes[slide];
    if (!node.op || node.op->name != "slide") return std::nullopt;
    const auto valid = static_cast<size_t>(node.outputs[0]);
    const auto window = static_cast<size_t>(node.inputs[slide_input::window]);
    if (links.is_output[valid] || links.uses[valid].size() != 1 || links.is_output[window] ||
        links.uses[window].size() != 2)
        return std::nullopt;
    const Use& test = links.uses[valid][0];
    const bool decides = graph.nodes[test.node].attributes.type() == typeid(IfAttributes);
    if (!decides || test.input != 0) return std::nullopt;
    const Use& reader = links.uses[window][links.uses[window][0].node == slide ? 1 : 0];
    if (reader.node != test.node) return std::nullopt;
    const Tensor& held = graph.input(node, slide_input::window);
    WindowUse use;
    use.slide = slide;
    use.branch = test.node;
    use.input = reader.input - 1;
    use.length = held.shape[0];
    use.hop = attributes_of(node).hop;
    use.arriving = graph.input(node, slide_input::rows).count() / (held.count() / use.length);
    // Stages that only collect (a capture) are no network.
    use.wanted = attributes_of(node).sliding && graph_macs(then_of(graph.nodes[use.branch])) > 0;
    return use;
}

const Graph& body_of(const Graph& graph, const WindowUse& use)
{
    return then_of(graph.nodes[use.branch]);
}

int64_t runs_to_fill(const WindowUse& use) { return (use.length + use.hop - 1) / use.hop; }

RowRing::RowRing(const Tensor& tensor, const TimeRows& time, int64_t rows)
{
    const int64_t together = std::gcd(rows, time.fresh);
    length = rows / together;
    row = tensor.count() / time.count * together;
    fresh = time.fresh / together;
}

int64_t RowRing::bytes(const Tensor& tensor) const
{
    return length * row * element_bytes(tensor.type) + element_bytes(DType::i16);
}

SlidingRows sliding_rows(const Graph& graph, const WindowUse& use)
{
    if (use.hop < use.length) {
        const Graph& body = body_of(graph, use);
        return find_sliding_rows(body, body.inputs[use.input], use.length, use.hop);
    }
    SlidingRows none;
    none.why = {graph.nodes[use.slide].name,
                fmt::format("windows of {} rows, {} apart, have no row in common", use.length,
                            use.hop),
                fmt::format("hop = {}", std::max<int64_t>(1, use.length / 2))};
    return none;
}

SlidingNetwork sliding_network(const Graph& graph, const WindowUse& use, const SlidingRows& found)
{
    const Node& slide = graph.nodes[use.slide];
    const Graph& body = body_of(graph, use);
    SlidingNetwork result;
    result.window = slide.name;
    result.wanted = use.wanted;
    result.layers = found.layers.size();
    result.why = found.why;
    result.macs = result.macs_sliding = graph_macs(body);
    for (const SlidingLayer& layer : found.layers) {
        const Node& node = body.nodes[layer.node];
        const TimeRows& out = found.rows.at(node.outputs[0]);
        const int64_t macs = node.op->macs ? node.op->macs(body, node) : 0;
        result.macs_sliding -= macs - macs / out.count * out.fresh;
    }
    result.bytes = graph.input(slide, slide_input::window).bytes() +
                   graph.input(slide, slide_input::missing).bytes();
    result.bytes_sliding = ring_bytes(graph, use, found);
    const bool fit = counts_fit(body, use, found);
    result.possible = fit && result.macs_sliding < result.macs;
    if (!fit)
        result.why = {slide.name, fmt::format("{} rows are too many to count", use.length),
                      "a shorter window"};
    else if (!result.possible && !result.why)
        result.why = {slide.name, "no layer behind it multiplies", ""};
    return result;
}

std::string sliding_text(const SlidingNetwork& network)
{
    const SlidingNetwork& n = network;
    const std::string why =
        n.why ? fmt::format("layer '{}' needs the whole window: {}", n.why->layer, n.why->reason)
              : std::string();
    if (!n.possible)
        return fmt::format("the network behind '{}' cannot slide: {}", n.window, why);
    return fmt::format(
        "the network behind '{}' {}: {} of {} multiply-accumulates a window ({:.1f} %), {} bytes "
        "of rows are kept in place of {}{}",
        n.window, n.wanted ? "slides" : "could slide (sliding = true)", n.macs_sliding, n.macs,
        100.0 * static_cast<double>(n.macs_sliding) / static_cast<double>(n.macs), n.bytes_sliding,
        n.bytes, n.why ? "; " + why : why);
}

std::vector<SlidingNetwork> sliding_networks(const Graph& graph)
{
    std::vector<SlidingNetwork> result;
    const Links links(graph);
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
        if (const std::optional<WindowUse> use = find_window_use(graph, links, i);
            use && use->hop < use->length)
            result.push_back(sliding_network(graph, *use, sliding_rows(graph, *use)));
        if (graph.nodes[i].attributes.type() != typeid(IfAttributes)) continue;
        for (SlidingNetwork& inner : sliding_networks(then_of(graph.nodes[i])))
            result.push_back(std::move(inner));
    }
    return result;
}

}  // namespace thimble
