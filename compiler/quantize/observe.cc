#include "quantize/observe.h"

#include "base/error.h"
#include "ops/evaluate.h"
#include "ops/op.h"
#include "ops/recurrent.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kMeanElementsMax = 1 << 20;
constexpr double kPercentileCut = 1e-4;  // of the values, at both ends together
constexpr int kShrinkSteps = 60;         // ranges that are tried for the smallest error

std::span<const float> floats_of(std::span<const uint8_t> bytes)
{
    return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<const uint8_t> bytes_of(const std::vector<float>& values)
{
    return {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
}

// An lstm alone, one step at a time: its states between the steps are not tensors of the graph.
class LstmSteps {
public:
    LstmSteps(const Graph& graph, const Node& node);
    // Runs over the whole input; tells every hidden state, returns the cell's greatest magnitude.
    float run(std::span<const float> x, Histogram& hidden) const;

private:
    Graph step_;
    LstmAttributes attributes_;
    int64_t batches_, steps_, inputs_;
};

LstmSteps::LstmSteps(const Graph& graph, const Node& node)
    : step_(graph), attributes_(std::any_cast<const LstmAttributes&>(node.attributes))
{
    const Shape shape = graph.input(node, lstm_input::x).shape;
    const bool one = shape.size() == 2;
    batches_ = one || !attributes_.time_major ? shape[0] : shape[1];
    steps_ = one ? 1 : attributes_.time_major ? shape[0] : shape[1];
    inputs_ = shape.back();
    Node cell = node;
    LstmAttributes plain = attributes_;
    plain.time_major = plain.reverse = false;
    plain.return_sequences = true;
    cell.attributes = plain;
    Tensor x;
    x.shape = {batches_, inputs_};
    cell.inputs[lstm_input::x] = step_.add_tensor(x);
    step_.inputs = {cell.inputs[lstm_input::x]};
    for (const size_t state : {size_t{lstm_input::hidden}, size_t{lstm_input::cell}}) {
        Tensor value = graph.input(node, state);
        value.kind = TensorKind::activation;
        value.data = nullptr;
        cell.inputs[state] = step_.add_tensor(value);
        step_.inputs.push_back(cell.inputs[state]);
    }
    cell.outputs.clear();
    for (int i = 0; i < 3; ++i) cell.outputs.push_back(step_.add_tensor({}));
    step_.outputs = {cell.outputs[1], cell.outputs[2]};
    step_.nodes = {cell};
    cell.op->infer(step_, step_.nodes[0]);
}

float LstmSteps::run(std::span<const float> x, Histogram& hidden) const
{
    Evaluator evaluator(step_, Match::tflm);
    const auto zeros = [&](size_t input) {
        return std::vector<uint8_t>(static_cast<size_t>(step_.tensor(step_.inputs[input]).bytes()),
                                    0);
    };
    std::vector<uint8_t> h = zeros(1), c = zeros(2);
    float greatest = 0;
    for (int64_t k = 0; k < steps_; ++k) {
        const int64_t t = attributes_.reverse ? steps_ - 1 - k : k;
        std::vector<float> row;
        for (int64_t n = 0; n < batches_; ++n) {
            const int64_t at = attributes_.time_major ? t * batches_ + n : n * steps_ + t;
            const auto part =
                x.subspan(static_cast<size_t>(at * inputs_), static_cast<size_t>(inputs_));
            row.insert(row.end(), part.begin(), part.end());
        }
        evaluator.set_input(0, bytes_of(row));
        evaluator.set_input(1, h);
        evaluator.set_input(2, c);
        evaluator.run();
        const auto new_h = evaluator.output(0), new_c = evaluator.output(1);
        h.assign(new_h.begin(), new_h.end());
        c.assign(new_c.begin(), new_c.end());
        hidden.add(floats_of(h));
        for (const float value : floats_of(c)) greatest = std::max(greatest, std::abs(value));
    }
    return greatest;
}

void add_means(std::vector<double>& means, std::span<const float> values)
{
    if (static_cast<int64_t>(values.size()) > kMeanElementsMax) return;
    means.resize(values.size(), 0);
    for (size_t i = 0; i < values.size(); ++i) means[i] += values[i];
}

// A loss of what is no number is none.
void require_finite_outputs(const Graph& graph, const Evaluator& evaluator, size_t run)
{
    for (const TensorId id : graph.outputs) {
        if (graph.tensor(id).type != DType::f32) continue;
        const auto values = floats_of(evaluator.value(id));
        const auto at = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
        require(at == values.end(), ErrorCode::T0105,
                {fmt::format("calibration, run {}", run + 1),
                 fmt::format("the float network gives {} in '{}'", *at, graph.tensor(id).name),
                 "finite numbers",
                 "recordings as the network was trained on: --subtract X --divide Y"});
    }
}

}  // namespace

void Histogram::widen(float magnitude)
{
    if (counts_.empty()) counts_.assign(kBins, 0);
    if (reach_ == 0) reach_ = std::max(magnitude * 1.001f, 1e-20f);
    while (magnitude >= reach_) {
        // Two neighbours become one, on both sides of the middle.
        std::vector<double> wider(kBins, 0);
        for (size_t i = 0; i < kBins; ++i) wider[kBins / 4 + i / 2] += counts_[i];
        counts_ = std::move(wider);
        reach_ *= 2;
    }
}

size_t Histogram::bin_of(float value) const
{
    const double place = (double{value} / reach_ + 1) * (kBins / 2);
    return static_cast<size_t>(std::clamp(place, 0.0, double{kBins - 1}));
}

void Histogram::add(std::span<const float> values)
{
    float magnitude = 0;
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        least_ = std::min(least_, value);
        most_ = std::max(most_, value);
        magnitude = std::max(magnitude, std::abs(value));
    }
    widen(magnitude);
    for (const float value : values) {
        if (!std::isfinite(value)) continue;
        counts_[bin_of(value)] += 1;
        total_ += 1;
    }
}

void Histogram::add(const Histogram& other)
{
    if (other.counts_.empty()) return;
    least_ = std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
    widen(other.reach_ * 0.999f);
    for (size_t i = 0; i < kBins; ++i) {
        const double centre = (2 * (static_cast<double>(i) + 0.5) / kBins - 1) * other.reach_;
        counts_[bin_of(static_cast<float>(centre))] += other.counts_[i];
    }
    total_ += other.total_;
}

// Of rounding to 256 steps, and of what lies outside.
double Histogram::squared_error(const Range& range) const
{
    const double step = (double{range.most} - range.least) / 255;
    double error = 0;
    for (size_t i = 0; i < kBins; ++i) {
        if (counts_[i] == 0) continue;
        const double x = (2 * (static_cast<double>(i) + 0.5) / kBins - 1) * reach_;
        const double outside = x < range.least ? range.least - x : std::max(x - range.most, 0.0);
        error += counts_[i] * (outside > 0 ? outside * outside : step * step / 12);
    }
    return error;
}

Range Histogram::range(RangeMethod method) const
{
    const Range all = {least_, most_};
    if (method == RangeMethod::min_max || counts_.empty() || !all.present()) return all;
    if (method == RangeMethod::percentile) {
        const auto edge = [&](size_t i) {
            return static_cast<float>((2 * static_cast<double>(i) / kBins - 1) * reach_);
        };
        double below = 0, above = 0;
        size_t low = 0, high = kBins;
        while (low < kBins && below + counts_[low] <= total_ * kPercentileCut / 2)
            below += counts_[low++];
        while (high > 0 && above + counts_[high - 1] <= total_ * kPercentileCut / 2)
            above += counts_[--high];
        const Range cut = {std::clamp(edge(low), least_, 0.0f),
                           std::clamp(edge(high), 0.0f, most_)};
        return cut.present() ? cut : all;
    }
    // First both ends together, then each alone.
    Range best = all;
    double least_error = squared_error(best);
    for (const auto& [low, high] :
         std::array<std::pair<bool, bool>, 3>{{{true, true}, {true, false}, {false, true}}}) {
        const Range start = best;
        for (int i = 1; i < kShrinkSteps; ++i) {
            const float factor = 1 - static_cast<float>(i) / (kShrinkSteps + 4);
            const Range tried = {low ? start.least * factor : start.least,
                                 high ? start.most * factor : start.most};
            const double error = squared_error(tried);
            if (error < least_error) {
                least_error = error;
                best = tried;
            }
        }
    }
    return best;
}

Observed observe(const FloatNetwork& network, const std::vector<CalibrationRun>& runs,
                 size_t outputs_kept, const std::function<void(size_t)>& progress)
{
    const Graph& graph = network.graph;
    Observed seen;
    seen.tensors.resize(graph.tensors.size());
    seen.means.resize(graph.tensors.size());
    seen.cells.resize(graph.nodes.size(), 0);
    std::vector<std::pair<size_t, LstmSteps>> lstms;
    std::vector<TensorId> watched;
    for (const TensorId id : graph.inputs)
        if (graph.tensor(id).type == DType::f32) watched.push_back(id);
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        if (node.op->name == "lstm" && rule_of(graph, node).int8)
            lstms.emplace_back(n, LstmSteps(graph, node));
        else
            for (const TensorId id : node.outputs)
                if (graph.tensor(id).type == DType::f32) watched.push_back(id);
    }
    Evaluator evaluator(graph, Match::tflm);
    for (size_t r = 0; r < runs.size(); ++r) {
        evaluator.reset();
        for (size_t i = 0; i < graph.inputs.size(); ++i) evaluator.set_input(i, runs[r].at(i));
        evaluator.run();
        require_finite_outputs(graph, evaluator, r);
        for (const TensorId id : watched) {
            const auto values = floats_of(evaluator.value(id));
            seen.tensors[static_cast<size_t>(id)].add(values);
            add_means(seen.means[static_cast<size_t>(id)], values);
        }
        for (auto& [n, steps] : lstms) {
            const Node& node = graph.nodes[n];
            seen.cells[n] = std::max(
                seen.cells[n], steps.run(floats_of(evaluator.value(node.inputs[lstm_input::x])),
                                         seen.tensors[static_cast<size_t>(node.outputs[0])]));
        }
        if (r < outputs_kept) {
            CalibrationRun& outputs = seen.outputs.emplace_back();
            for (const TensorId id : judged_tensors(graph))
                outputs.emplace_back(evaluator.value(id).begin(), evaluator.value(id).end());
        }
        if (progress) progress(r + 1);
    }
    for (std::vector<double>& means : seen.means)
        for (double& mean : means) mean /= static_cast<double>(std::max<size_t>(runs.size(), 1));
    return seen;
}

}  // namespace thimble
