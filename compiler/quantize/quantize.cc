#include "quantize/quantize.h"

#include "base/error.h"
#include "ops/control.h"
#include "ops/op.h"
#include "quantize/compare.h"
#include "quantize/improve.h"
#include "quantize/rounding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <set>

namespace thimble {

namespace {

constexpr std::array kSchemeNames = {"int8", "int16x8", "float16", "int4", "mixed"};
constexpr std::array kMethods = {RangeMethod::min_max, RangeMethod::percentile, RangeMethod::mse};
constexpr double kSearchMacs = 6e8;  // of one candidate: seconds of the slow evaluator
constexpr size_t kSearchRunsLeast = 8;

// Masks reach to -3.4e38: what holds one has no useful scale.
constexpr float kMagnitudeMost = 1e9f;

bool is_beyond_scales(const Graph& graph, const Node& node, const Ranges& ranges)
{
    const auto beyond = [&](TensorId id) {
        if (id == kNoTensor || graph.tensor(id).type != DType::f32) return false;
        if (graph.tensor(id).is_constant())
            return std::ranges::any_of(graph.tensor(id).values<float>(), [](float value) {
                return !(std::abs(value) <= kMagnitudeMost);
            });
        const Range& range = ranges.wide[static_cast<size_t>(id)];
        return range.least < -kMagnitudeMost || range.most > kMagnitudeMost;
    };
    return std::ranges::any_of(node.inputs, beyond) || std::ranges::any_of(node.outputs, beyond);
}

std::vector<Precision> precisions(const Graph& graph, Precision wanted, const Ranges& ranges)
{
    std::vector<Precision> all;
    for (const Node& node : graph.nodes) {
        const bool integers = wanted != Precision::real && wanted != Precision::half;
        all.push_back(integers && is_beyond_scales(graph, node, ranges)
                          ? Precision::real
                          : possible_precision(graph, node, wanted));
    }
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
    std::shared_ptr<const Rounding> rounding;  // null: every weight by itself
};

// What int4 saves in the layers of a unit.
double coarse_bytes(const Candidate& candidate, const std::vector<size_t>& unit)
{
    const Graph& graph = candidate.assembled.graph;
    std::set<TensorId> counted;
    double bytes = 0;
    for (const size_t n : unit)
        for (const TensorId id : candidate.network.graph.nodes[n].inputs)
            if (id != kNoTensor && graph.tensor(id).type == DType::i4 && counted.insert(id).second)
                bytes += 0.5 * static_cast<double>(graph.tensor(id).count());
    return bytes;
}

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
    void round_together(Candidate& best) const;
    void correct(Candidate& best) const;
    void keep_coarse_layers_wide(Candidate& candidate) const;
    void keep_sensitive_layers(Candidate& candidate) const;
    std::string guilty_layer(const Candidate& candidate) const;
    void add_notes_of_runs(Quantized& result) const;
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
    if (candidate.rounding)
        round_by_outputs(candidate.assembled, candidate.network, *candidate.rounding);
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
        Candidate one{.network = network, .ranges = ranges_of(observed, method), .method = method};
        one.precision = precisions(network.graph, precision_of(options_.scheme), one.ranges);
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
    if (options_.scheme == Scheme::int4) round_together(best);
    correct(best);
    return best;
}

// Coarse weights, each rounded with regard to the others of its row.
void Search::round_together(Candidate& best) const
{
    if (runs_.empty()) return;
    Candidate tried = best;
    tried.rounding =
        std::make_shared<const Rounding>(rounding_of(best.network, runs_, [&](size_t done) {
            if (done % 10 == 0) tell(fmt::format("rounding weights by outputs: {} runs", done));
        }));
    assemble_and_measure(tried);
    if (is_better(tried, best)) best = std::move(tried);
}

void Search::correct(Candidate& best) const
{
    Candidate corrected = best;
    if (!options_.correct_bias || !correct_biases(corrected.network, best.assembled, observed_))
        return;
    tell("trying corrected biases");
    corrected.corrected = true;
    assemble_and_measure(corrected);
    if (is_better(corrected, best)) best = std::move(corrected);
}

// Layers with few weights, the last one above all, cost little in 8 bits and may win much: those
// that win most for a byte, while all weights grow by a tenth at most.
void Search::keep_coarse_layers_wide(Candidate& candidate) const
{
    constexpr double growth_most = 0.1, gain_least = 0.02;
    const auto units = units_of(candidate.network);
    double all = 0;
    struct Choice {
        double gain, bytes;
        size_t unit;
    };
    std::vector<Choice> choices;
    const auto widened = [&](const Candidate& from, size_t unit) {
        Candidate wide = from;
        for (const size_t n : units[unit])
            if (wide.precision[n] == Precision::int4) wide.precision[n] = Precision::int8;
        assemble_and_measure(wide);
        return wide;
    };
    for (size_t u = 0; u < units.size(); ++u) {
        const double bytes = coarse_bytes(candidate, units[u]);
        all += bytes;
        if (bytes == 0) continue;
        tell(fmt::format("sensitivity of layer {} of {}", u + 1, units.size()));
        const double gain = candidate.measured.loss - widened(candidate, u).measured.loss;
        choices.push_back({gain, bytes, u});
    }
    std::ranges::stable_sort(choices, [](const Choice& a, const Choice& b) {
        return a.gain * b.bytes > b.gain * a.bytes;
    });
    double grown = 0;
    for (const Choice& choice : choices) {
        if (grown + choice.bytes > growth_most * all) continue;
        Candidate wide = widened(candidate, choice.unit);
        if (wide.measured.loss > (1 - gain_least) * candidate.measured.loss) continue;
        grown += choice.bytes;
        candidate = std::move(wide);
    }
}

// A layer alone in 8 bits, in a network of 16 bits, shows what its rounding costs. The layers go to
// 8 bits in that order, the cheapest first, as many as leave most of what 16 bits win.
void Search::keep_sensitive_layers(Candidate& candidate) const
{
    constexpr double given_up = 0.25;  // of the way from 16 to 8 bits
    const Graph& graph = candidate.network.graph;
    const auto units = units_of(candidate.network);
    const std::vector<Precision> wide = precisions(graph, Precision::int16, candidate.ranges);
    const auto with_narrow = [&](std::span<const size_t> narrow) {
        Candidate tried = candidate;
        tried.precision = wide;
        for (const size_t u : narrow)
            for (const size_t n : units[u])
                if (wide[n] != Precision::real)
                    tried.precision[n] = possible_precision(graph, graph.nodes[n], Precision::int8);
        assemble_and_measure(tried);
        return tried;
    };
    const double ideal = with_narrow({}).measured.loss;
    const double bound = ideal + given_up * (candidate.measured.loss - ideal);
    if (candidate.measured.loss <= ideal) return;
    std::vector<std::pair<double, size_t>> costs;
    for (size_t u = 0; u < units.size(); ++u) {
        tell(fmt::format("sensitivity of layer {} of {}", u + 1, units.size()));
        costs.emplace_back(with_narrow(std::array{u}).measured.loss, u);
    }
    std::ranges::stable_sort(costs);
    std::vector<size_t> order;
    for (const auto& [cost, unit] : costs) order.push_back(unit);
    size_t good = 0, bad = order.size();
    while (bad - good > 1) {
        const size_t middle = (good + bad) / 2;
        const bool fits = with_narrow(std::span(order).first(middle)).measured.loss <= bound;
        (fits ? good : bad) = middle;
    }
    candidate = with_narrow(std::span(order).first(good));
}

// The layer that alone, quantised in an otherwise float network, costs the most.
std::string Search::guilty_layer(const Candidate& candidate) const
{
    const Graph& graph = candidate.network.graph;
    std::string worst;
    double loss = -1;
    const auto layers = layers_of(candidate.network);
    for (size_t i = 0; i < layers.size(); ++i) {
        const size_t first = layers[i][0];
        if (candidate.precision[first] == Precision::real || !is_real(graph, graph.nodes[first]))
            continue;
        tell(fmt::format("looking for the layer that costs most: {} of {}", i + 1, layers.size()));
        Candidate alone = candidate;
        alone.precision.assign(graph.nodes.size(), Precision::real);
        for (const size_t n : layers[i]) alone.precision[n] = candidate.precision[n];
        assemble_and_measure(alone);
        if (alone.measured.loss <= loss) continue;
        loss = alone.measured.loss;
        worst = layer_name(candidate.network, layers[i]);
    }
    return worst;
}

// What the recordings do not show.
void Search::add_notes_of_runs(Quantized& result) const
{
    constexpr size_t few = 10;
    const Graph& graph = result.network.graph;
    if (runs_.empty() || options_.scheme == Scheme::float16) return;
    if (runs_.size() < few)
        result.notes.push_back(fmt::format(
            "ranges come from {} run{} only: inputs that differ from {} will be cut off",
            runs_.size(), runs_.size() == 1 ? "" : "s", runs_.size() == 1 ? "it" : "them"));
    for (const std::vector<size_t>& layer : layers_of(result.network)) {
        const auto is_silent = [&](size_t n) {
            if (graph.nodes[n].outputs.empty()) return false;
            const TensorId id = graph.nodes[n].outputs[0];
            return result.precision[n] != Precision::real && graph.tensor(id).type == DType::f32 &&
                   is_real(graph, graph.nodes[n]) &&
                   !result.ranges.tensors[static_cast<size_t>(id)].present();
        };
        if (std::ranges::all_of(layer, is_silent))
            result.notes.push_back(fmt::format(
                "layer '{}' ({}) gave nothing but zero in all {} runs: its range is a guess",
                layer_name(result.network, layer), graph.nodes[layer[0]].op->name, runs_.size()));
    }
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
                     .rounded_together = candidate.rounding != nullptr,
                     .loss = all.loss,
                     .output_error = all.mean_error,
                     .output_error_max = all.max_error,
                     .float_accuracy = accuracy_of(expected_, options_.labels),
                     .accuracy = all.accuracy};
    result.layers = layer_errors(result, runs_, compared_);
    const Graph& graph = result.network.graph;
    for (const std::vector<size_t>& layer : layers_of(result.network)) {
        const Node& node = graph.nodes[layer[0]];
        if (result.precision[layer[0]] == Precision::real && is_real(graph, node))
            result.notes.push_back(
                is_beyond_scales(graph, node, result.ranges)
                    ? fmt::format("layer '{}' ({}) stays in float: it holds numbers beyond 1e9, as "
                                  "masks do; -30 would mask as well",
                                  layer_name(result.network, layer), node.op->name)
                    : fmt::format("layer '{}' ({}) stays in float: it has no {} form",
                                  layer_name(result.network, layer), node.op->name,
                                  scheme_name(options_.scheme)));
    }
    add_notes_of_runs(result);
    const double drop = 100 * (result.float_accuracy - result.accuracy);
    if (options_.drop_max >= 0 && result.accuracy >= 0 && drop > options_.drop_max + 1e-6)
        result.worst_layer = guilty_layer(candidate);
    if (result.rounded_together) follow_rounding(result.network, result.assembled);
    return result;
}

Quantized Search::run(const Graph& graph)
{
    for (const Node& node : graph.nodes)
        require(node.op != nullptr, ErrorCode::T0201,
                {graph.node_place(node), node.unsupported, "a supported layer", node.remedy});
    FloatNetwork network = prepare_network(graph);
    for (const auto& [input, output] : options_.carried)
        network.turns.push_back({network.graph.inputs[input], network.graph.outputs[output]});
    require(!runs_.empty() || options_.scheme == Scheme::float16, ErrorCode::T0105,
            {"calibration", "no recordings", "at least one run of the network's inputs",
             "--calibration DATA"});
    Candidate best = choose(network);
    if (options_.scheme == Scheme::mixed) keep_sensitive_layers(best);
    if (options_.scheme == Scheme::int4) keep_coarse_layers_wide(best);
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
    for (const Histogram& histogram : observed.tensors) {
        ranges.tensors.push_back(histogram.range(method));
        ranges.wide.push_back(histogram.range(RangeMethod::min_max));
    }
    ranges.cells = observed.cells;
    return ranges;
}

Quantized quantize(const Graph& graph, const std::vector<CalibrationRun>& runs,
                   const QuantizeOptions& options)
{
    return Search(runs, options).run(graph);
}

}  // namespace thimble
