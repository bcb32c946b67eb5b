#include "passes/proof.h"

#include "base/error.h"
#include "base/random.h"
#include "ops/control.h"
#include "ops/op.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace thimble {

namespace {

constexpr double kProofNodes = 3e6;  // all evaluations in loops: a few seconds
constexpr double kLoopNodes = 1e4;   // of one input: what a loop without a count may take
constexpr int kRunsInARow = 4;       // before states start anew

template <typename T>
void put(std::vector<uint8_t>& bytes, T value)
{
    const size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// The kinds of case `index`: 0 least, 1 greatest, 2 zero, then random ones of several magnitudes.
double real_value(int index, SplitMix64& random)
{
    static constexpr double kMagnitudes[] = {1, 0.1, 4, 30, 1000};
    if (index == 0) return -1000;
    if (index == 1) return 1000;
    if (index == 2) return 0;
    return kMagnitudes[index % 5] * (2 * random.uniform() - 1);
}

std::vector<uint8_t> input_case(const Tensor& tensor, int index, SplitMix64& random)
{
    std::vector<uint8_t> bytes;
    const bool narrow = element_bytes(tensor.type) < 4;
    for (int64_t e = 0; e < tensor.count(); ++e) {
        if (tensor.type == DType::f32) {
            put(bytes, static_cast<float>(real_value(index, random)));
        } else if (tensor.type == DType::f64) {
            put(bytes, real_value(index, random));
        } else if (tensor.type == DType::boolean) {
            bytes.push_back(random.next() & 1);
        } else if (narrow) {
            const int bits = static_cast<int>(element_bytes(tensor.type)) * 8;
            const int64_t least = -(int64_t{1} << (bits - 1)), greatest = -least - 1;
            const int64_t value = index == 0   ? least
                                  : index == 1 ? greatest
                                  : index == 2 ? tensor.quant.zero_point()
                                               : static_cast<int64_t>(random.next());
            for (int b = 0; b < bits; b += 8) bytes.push_back(static_cast<uint8_t>(value >> b));
        } else {  // Wide integers are counts and places: small ones.
            const int64_t value = index < 3 ? 0 : static_cast<int64_t>(random.next() % 8);
            for (int64_t b = 0; b < element_bytes(tensor.type); ++b)
                bytes.push_back(static_cast<uint8_t>(value >> std::min<int64_t>(8 * b, 63)));
        }
    }
    return bytes;
}

using NodeKey = std::tuple<const OpDef*, std::vector<TensorId>, std::vector<TensorId>>;
NodeKey key_of(const Node& node)
{
    return {node.op, node.inputs, node.outputs};
}

// Nodes of `graph` that `other` does not have.
std::vector<const Node*> only_in(const Graph& graph, const Graph& other)
{
    std::multiset<NodeKey> known;
    for (const Node& node : other.nodes) known.insert(key_of(node));
    std::vector<const Node*> nodes;
    for (const Node& node : graph.nodes) {
        const auto it = known.find(key_of(node));
        if (it == known.end())
            nodes.push_back(&node);
        else
            known.erase(it);
    }
    return nodes;
}

// Evaluates some nodes of a graph.
class Part {
public:
    Part(const Graph& graph, std::vector<const Node*> nodes)
        : graph_(graph), nodes_(std::move(nodes)), values_(graph.tensors.size())
    {
        for (const Node* node : nodes_) {
            for (const TensorId id : node->inputs)
                if (id != kNoTensor && !written.count(id)) read.insert(id);
            for (const TensorId id : node->outputs)
                if (id != kNoTensor) written.insert(id);
        }
        for (const TensorId id : read)
            if (graph.tensor(id).kind != TensorKind::activation)
                values_[static_cast<size_t>(id)] = *graph.tensor(id).data;
    }
    std::set<TensorId> read;  // before any of the nodes writes them
    std::set<TensorId> written;

    void reset()
    {
        for (const TensorId id : read)
            if (graph_.tensor(id).kind == TensorKind::state)
                values_[static_cast<size_t>(id)] = *graph_.tensor(id).data;
    }
    void set(TensorId id, std::vector<uint8_t> bytes)
    {
        values_[static_cast<size_t>(id)] = std::move(bytes);
    }
    // False when the loops among the nodes have spent the budget.
    bool run(EvalBudget& budget)
    {
        try {
            evaluate(budget);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0207) throw;
            return false;
        }
        return true;
    }
    const std::vector<uint8_t>& value(TensorId id) const
    {
        return values_[static_cast<size_t>(id)];
    }

private:
    void evaluate(EvalBudget& budget)
    {
        for (const Node* node : nodes_) {
            for (const TensorId id : node->outputs)
                if (id != kNoTensor && graph_.tensor(id).kind == TensorKind::activation)
                    values_[static_cast<size_t>(id)].assign(
                        static_cast<size_t>(graph_.tensor(id).bytes()), 0);
            EvalContext context(graph_, *node, values_, Match::tflm, &budget);
            node->op->eval(context);
        }
    }

    const Graph& graph_;
    std::vector<const Node*> nodes_;
    std::vector<std::vector<uint8_t>> values_;
};

bool same_floats(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b)
{
    std::vector<float> x(a.size() / 4), y(b.size() / 4);
    if (x.size() != y.size()) return false;
    if (x.empty()) return true;
    std::memcpy(x.data(), a.data(), a.size());
    std::memcpy(y.data(), b.data(), b.size());
    float largest = 0;
    for (const float value : x)
        if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
    const float tolerance = 1e-5f + 1e-4f * largest;
    for (size_t i = 0; i < x.size(); ++i) {
        const bool equal = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
        if (!equal && !(std::fabs(x[i] - y[i]) <= tolerance)) return false;
    }
    return true;
}

// What both parts write and something outside of the first one reads, and the states.
std::vector<TensorId> compared_tensors(const Graph& before, const Part& old_part,
                                       const Part& new_part,
                                       const std::vector<const Node*>& old_nodes)
{
    std::set<TensorId> needed(before.outputs.begin(), before.outputs.end());
    const std::set<const Node*> removed(old_nodes.begin(), old_nodes.end());
    for (const Node& node : before.nodes)
        if (!removed.count(&node)) needed.insert(node.inputs.begin(), node.inputs.end());
    std::vector<TensorId> compared;
    for (const TensorId id : old_part.written)
        if (needed.count(id) && new_part.written.count(id)) compared.push_back(id);
    for (const TensorId id : old_part.read)
        if (before.tensor(id).kind == TensorKind::state) compared.push_back(id);
    return compared;
}

double body_evaluations(const Graph& body);

// Evaluations in the loops of one run; a WHILE does not say how many.
double loop_evaluations(const Node& node)
{
    double all = 0;
    for (const auto& body : bodies_of(node)) all += body_evaluations(*body);
    const auto* scan = std::any_cast<ScanAttributes>(&node.attributes);
    return scan ? all * static_cast<double>(scan->trip_count) : 0;
}

double body_evaluations(const Graph& body)
{
    double all = static_cast<double>(body.nodes.size()) + 1;
    for (const Node& node : body.nodes) all += loop_evaluations(node);
    return all;
}

double loop_evaluations(const std::vector<const Node*>& nodes)
{
    double all = 0;
    for (const Node* node : nodes) all += loop_evaluations(*node);
    return all;
}

std::set<TensorId> computed_inputs(const Graph& graph, const Part& part)
{
    std::set<TensorId> ids;
    for (const TensorId id : part.read)
        if (graph.tensor(id).kind == TensorKind::activation) ids.insert(id);
    return ids;
}

// Nodes of both graphs that compute an input of one part from inputs of a part: a slice of x for
// the old steps where the scan reads x itself. Inputs cannot be chosen freely there.
std::set<NodeKey> between(const Graph& before, const std::vector<const Node*>& removed,
                          const std::set<TensorId>& given)
{
    const std::set<const Node*> gone(removed.begin(), removed.end());
    std::set<TensorId> below = given, above = given;
    std::set<const Node*> follows;
    const auto touches = [](const std::vector<TensorId>& ids, const std::set<TensorId>& set) {
        return std::ranges::any_of(ids, [&](TensorId id) { return set.count(id) > 0; });
    };
    for (const Node& node : before.nodes) {
        if (gone.count(&node) || !touches(node.inputs, below)) continue;
        follows.insert(&node);
        below.insert(node.outputs.begin(), node.outputs.end());
    }
    std::set<NodeKey> keys;
    for (size_t n = before.nodes.size(); n-- > 0;) {
        const Node& node = before.nodes[n];
        if (!follows.count(&node) || !touches(node.outputs, above)) continue;
        above.insert(node.inputs.begin(), node.inputs.end());
        keys.insert(key_of(node));
    }
    return keys;
}

std::vector<const Node*> with_shared(const Graph& graph, const std::vector<const Node*>& own,
                                     const std::set<NodeKey>& shared)
{
    const std::set<const Node*> wanted(own.begin(), own.end());
    std::vector<const Node*> nodes;
    for (const Node& node : graph.nodes)
        if (wanted.count(&node) || shared.count(key_of(node))) nodes.push_back(&node);
    return nodes;
}

}  // namespace

Proof prove_same_results(const Graph& before, const Graph& after)
{
    const std::vector<const Node*> removed = only_in(before, after), added = only_in(after, before);
    std::set<TensorId> inputs = computed_inputs(before, Part(before, removed));
    inputs.merge(computed_inputs(after, Part(after, added)));
    const std::set<NodeKey> shared = between(before, removed, inputs);
    Part old_part(before, with_shared(before, removed, shared));
    Part new_part(after, with_shared(after, added, shared));
    const std::vector<TensorId> compared = compared_tensors(before, old_part, new_part, removed);
    if (compared.empty()) return {false, "nothing to compare"};
    std::set<TensorId> given;
    given.merge(computed_inputs(before, old_part));
    given.merge(computed_inputs(after, new_part));
    // Equal loops take as long: one that takes much longer than the other is cut short.
    const double evaluations = loop_evaluations(removed) + loop_evaluations(added);
    const char* const too_long = "the loops take too long to be compared";
    if (kProofInputs * evaluations > kProofNodes) return {false, too_long};
    const double spent_at_most = kProofInputs * (4 * evaluations + kLoopNodes);
    EvalBudget budget{static_cast<int64_t>(std::min(spent_at_most, kProofNodes))};
    SplitMix64 random(1);
    for (int index = 0; index < kProofInputs; ++index) {
        if (index % kRunsInARow == 0) {
            old_part.reset();
            new_part.reset();
        }
        for (const TensorId id : given) {
            const std::vector<uint8_t> bytes = input_case(after.tensor(id), index, random);
            old_part.set(id, bytes);
            new_part.set(id, bytes);
        }
        if (!old_part.run(budget) || !new_part.run(budget))
            return {false, too_long};
        for (const TensorId id : compared) {
            const Tensor& tensor = before.tensor(id);
            const bool equal = tensor.type == DType::f32
                                   ? same_floats(old_part.value(id), new_part.value(id))
                                   : old_part.value(id) == new_part.value(id);
            if (!equal)
                return {false, fmt::format("tensor '{}' differs on input {}", tensor.name, index)};
        }
    }
    return {true, ""};
}

}  // namespace thimble
