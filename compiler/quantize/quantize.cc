#include "quantize/quantize.h"

#include "base/error.h"
#include "ops/control.h"
#include "ops/op.h"
#include "quantize/compare.h"
#include "quantize/improve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr std::array kSchemeNames = {"int8", "int16x8", "float16", "int4", "mixed"};
constexpr std::array kMethods = {RangeMethod::min_max, RangeMethod::percentile, RangeMethod::mse};
constexpr double kSearchMacs = 6e8;  // of one candidate: seconds of the slow evaluator
constexpr size_t kSearchRunsLeast = 8;

std::vector<Precision> precisions(const Graph& graph, Precision wanted)
{
    std::vector<Precision> all;
    for (const Node& node : graph.nodes) all.push_back(possible_precision(graph, node, wanted));
    return all;
}

Precision precision_of(Scheme scheme)
{
    switch (scheme) {
    case Scheme::int16x8:
        return Precision::int16;
    case Scheme::float16:
        return Precision::half;
    case Scheme::int4:
        return Precision::int4;
    case Scheme::int8:
    case Scheme::mixed:
        break;
    }
    return Precision::int8;
}

// A network, quantised in one way.
struct Candidate {
    FloatNetwork network;
    Ranges ranges;
    std::vector<Precision> precision;
    Assembled assembled;
    Measured measured;
    RangeMethod method = RangeMethod::min_max;
    bool equalized = false, corrected = false;
};

class Search {
public:
    Search(const std::vector<CalibrationRun>& runs, const QuantizeOptions& options)
        : runs_(runs), options_(options)
    {
    }
    Quantized run(const Graph& graph);

private:
    void tell(const std::string& text) const
    {
        if (options_.progress) options_.progress(text);
    }
    Observed look(const FloatNetwork& network, const std::string& what) const;
    void assemble_and_measure(Candidate& candidate) const;
    bool is_better(const Candidate& a, const Candidate& b) const
    {
        return a.measured.loss < b.measured.loss;
    }
    Candidate best_of_ranges(const FloatNetwork& network, const Observed& observed) const;
    Candidate choose(const FloatNetwork& network);
    void raise_layers(Candidate& candidate) const;
    std::string guilty_layer(const Candidate& candidate) const;
    Quantized finish(Candidate candidate) const;

    const std::vector<CalibrationRun>& runs_;
    const QuantizeOptions& options_;
    size_t compared_ = 0;                   // runs that decide
    std::vector<CalibrationRun> expected_;  // the float network's outputs of all runs
    Observed observed_;
};

Observed Search::look(const FloatNetwork& network, const std::string& what) const
{
    return observe(network, runs_, runs_.size(), [&](size_t done) {
        if (done % 10 == 0 || done == runs_.size())
            tell(fmt::format("{}: {} of {} runs", what, done, runs_.size()));
    });
}

void Search::assemble_and_measure(Candidate& candidate) const
{
    candidate.assembled =
        assemble(candidate.network, candidate.ranges, candidate.precision, options_.assemble);
    const std::vector<CalibrationRun> part(expected_.begin(),
                                           expected_.begin() + static_cast<ptrdiff_t>(compared_));
    candidate.measured =
        measure(candidate.assembled.graph, candidate.network.graph, runs_, part, options_.labels);
}

Candidate Search::best_of_ranges(const FloatNetwork& network, const Observed& observed) const
{
    std::optional<Candidate> best;
    for (const RangeMethod method : kMethods) {
        if (options_.method && *options_.method != method) continue;
        // With 16 bits there is no need to cut anything off.
        if (options_.scheme == Scheme::int16x8 && method != RangeMethod::min_max && best) continue;
        tell(fmt::format("trying {} ranges", range_method_name(method)));
        Candidate one{.network = network,
                      .ranges = ranges_of(observed, method),
                      .precision = precisions(network.graph, precision_of(options_.scheme)),
                      .method = method};
        if (options_.input_range.present())
            one.ranges.tensors[static_cast<size_t>(network.graph.inputs[0])] = options_.input_range;
        assemble_and_measure(one);
        if (!best || is_better(one, *best)) best = std::move(one);
    }
    return std::move(*best);
}

Candidate Search::choose(const FloatNetwork& network)
{
    observed_ = look(network, "calibrating");
    expected_ = observed_.outputs;
    const auto macs = static_cast<double>(std::max<int64_t>(graph_macs(network.graph), 1));
    const auto affordable = std::max(static_cast<size_t>(kSearchMacs / macs), kSearchRunsLeast);
    compared_ = std::min({runs_.size(), affordable, static_cast<size_t>(options_.search_runs)});
    Candidate best = best_of_ranges(network, observed_);
    if (FloatNetwork equal = network; options_.equalize && equalize_layers(equal)) {
        Observed again = look(equal, "equalised, calibrating");
        Candidate other = best_of_ranges(equal, again);
        if (is_better(other, best)) {
            best = std::move(other);
            best.equalized = true;
            observed_ = std::move(again);
        }
    }
    if (Candidate corrected = best;
        options_.correct_bias && correct_biases(corrected.network, best.assembled, observed_)) {
        tell("trying corrected biases");
        corrected.corrected = true;
        assemble_and_measure(corrected);
        if (is_better(corrected, best)) best = std::move(corrected);
    }
    return best;
}

// What each layer alone would gain in 16 bits is measured once; then the layers are raised in the
// order of their gain as long as each brings the loss down by a part of what there is to win.
void Search::raise_layers(Candidate& candidate) const
{
    constexpr double enough = 0.05;  // of the way to 16 bits that may stay
    const Graph& graph = candidate.network.graph;
    Candidate ideal = candidate;
    ideal.precision = precisions(graph, Precision::int16);
    assemble_and_measure(ideal);
    const double most = candidate.measured.loss - ideal.measured.loss;
    if (most <= 0) return;
    std::vector<std::pair<double, size_t>> gains;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        if (possible_precision(graph, graph.nodes[n], Precision::int16) != Precision::int16)
            continue;
        tell(fmt::format("sensitivity of layer {} of {}", n + 1, graph.nodes.size()));
        Candidate tried = candidate;
        tried.precision[n] = Precision::int16;
        assemble_and_measure(tried);
        gains.emplace_back(candidate.measured.loss - tried.measured.loss, n);
    }
    std::ranges::stable_sort(gains, [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [gain, n] : gains) {
        if (candidate.measured.loss <= ideal.measured.loss + enough * most) return;
        Candidate tried = candidate;
        tried.precision[n] = Precision::int16;
        assemble_and_measure(tried);
        if (is_better(tried, candidate)) candidate = std::move(tried);
    }
}

// The layer that alone, quantised in an otherwise float network, costs the most.
std::string Search::guilty_layer(const Candidate& candidate) const
{
    const Graph& graph = candidate.network.graph;
    std::string worst;
    double loss = -1;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        if (candidate.precision[n] == Precision::real || !is_real(graph, graph.nodes[n])) continue;
        tell(fmt::format("looking for the layer that costs most: {} of {}", n + 1,
                         graph.nodes.size()));
        Candidate alone = candidate;
        alone.precision.assign(graph.nodes.size(), Precision::real);
        alone.precision[n] = candidate.precision[n];
        assemble_and_measure(alone);
        if (alone.measured.loss <= loss) continue;
        loss = alone.measured.loss;
        worst = graph.nodes[n].name;
    }
    return worst;
}

Quantized Search::finish(Candidate candidate) const
{
    const Measured all = measure(candidate.assembled.graph, candidate.network.graph, runs_,
                                 expected_, options_.labels);
    Quantized result{.network = candidate.network,
                     .ranges = candidate.ranges,
                     .precision = candidate.precision,
                     .assembled = candidate.assembled,
                     .method = candidate.method,
                     .equalized = candidate.equalized,
                     .bias_corrected = candidate.corrected,
                     .loss = all.loss,
                     .output_error = all.mean_error,
                     .output_error_max = all.max_error,
                     .float_accuracy = accuracy_of(expected_, options_.labels),
                     .accuracy = all.accuracy};
    result.layers = layer_errors(result, runs_, compared_);
    const Graph& graph = result.network.graph;
    for (size_t n = 0; n < graph.nodes.size(); ++n)
        if (result.precision[n] == Precision::real && is_real(graph, graph.nodes[n]))
            result.notes.push_back(fmt::format("layer '{}' ({}) stays in float: it has no {} form",
                                               graph.nodes[n].name, graph.nodes[n].op->name,
                                               scheme_name(options_.scheme)));
    const double drop = 100 * (result.float_accuracy - result.accuracy);
    if (options_.drop_max >= 0 && result.accuracy >= 0 && drop > options_.drop_max)
        result.worst_layer = guilty_layer(candidate);
    return result;
}

Quantized Search::run(const Graph& graph)
{
    for (const Node& node : graph.nodes)
        require(node.op != nullptr, ErrorCode::T0201,
                {graph.node_place(node), node.unsupported, "a supported layer", node.remedy});
    const FloatNetwork network = prepare_network(graph);
    require(!runs_.empty() || options_.scheme == Scheme::float16, ErrorCode::T0105,
            {"calibration", "no recordings", "at least one run of the network's inputs",
             "--calibration DATA"});
    Candidate best = choose(network);
    if (options_.scheme == Scheme::mixed) raise_layers(best);
    return finish(std::move(best));
}

}  // namespace

std::string_view scheme_name(Scheme scheme)
{
    return kSchemeNames[static_cast<size_t>(scheme)];
}

std::optional<Scheme> scheme_from(std::string_view name)
{
    const auto at = std::ranges::find(kSchemeNames, name);
    if (at == kSchemeNames.end()) return std::nullopt;
    return static_cast<Scheme>(at - kSchemeNames.begin());
}

std::string_view range_method_name(RangeMethod method)
{
    constexpr std::array names = {"min-max", "percentile", "squared-error"};
    return names[static_cast<size_t>(method)];
}

Ranges ranges_of(const Observed& observed, RangeMethod method)
{
    Ranges ranges;
    for (const Histogram& histogram : observed.tensors)
        ranges.tensors.push_back(histogram.range(method));
    ranges.cells = observed.cells;
    return ranges;
}

Quantized quantize(const Graph& graph, const std::vector<CalibrationRun>& runs,
                   const QuantizeOptions& options)
{
    return Search(runs, options).run(graph);
}

}  // namespace thimble
