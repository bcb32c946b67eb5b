#include "project/text_bag.h"

#include "base/error.h"
#include "ops/bag.h"
#include "ops/control.h"
#include "ops/evaluate.h"
#include "ops/shapes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <initializer_list>
#include <random>
#include <string_view>

namespace thimble {

namespace {

// mt19937's numbers are fixed by the C++ standard, those of its distributions are not.
int64_t random_below(std::mt19937& random, int64_t count)
{
    return static_cast<int64_t>(random() % static_cast<uint64_t>(count));
}

class BagFinder {
public:
    BagFinder(const Graph& network, size_t output)
        : graph_(network), output_(network.outputs.at(output)), evaluator_(graph_, Match::tflm)
    {
    }

    std::optional<TextBag> find(std::string& reason)
    {
        reason = "it does not begin with an average of embeddings";
        const Node* gather = look_up();
        if (!gather) return std::nullopt;
        TensorId at = follow(gather->outputs[0], {"DEQUANTIZE", "RESHAPE"});
        const Node* mean = next(at, {"MEAN"});
        if (!mean) return std::nullopt;
        if (graph_.tensor(mean->outputs[0]).type == DType::i8)
            return of_integers(*gather, *mean, reason);
        const Tensor& ids = graph_.tensor(graph_.inputs[0]);
        if (ids.type != DType::f32 && ids.type != DType::i32 && ids.type != DType::i64)
            return std::nullopt;
        set_ids(std::vector<int64_t>(static_cast<size_t>(ids.count()), 0));
        evaluator_.run();  // gives the constants that layers compute, too
        read_embedding(gather->inputs[0]);
        at = follow(mean->outputs[0], {"RESHAPE"});
        if (const Node* dense = next(at, {"FULLY_CONNECTED"}))
            if (std::optional<TextBag> bag = with_dense(*dense, reason)) return bag;
        return proven(embedding_, mean->outputs[0], reason);
    }

    // Where the ids choose from a constant table, before anything else; null when they do not.
    const Node* look_up() const
    {
        const Node* gather = next(
            follow(graph_.inputs.at(0), {"CAST", "RESHAPE", "EXPAND_DIMS", "SQUEEZE"}), {"GATHER"});
        return gather && is_constant(gather->inputs.at(0)) ? gather : nullptr;
    }

private:
    // The only reader of a tensor, if it is one of these.
    const Node* next(TensorId id, std::initializer_list<std::string_view> kinds) const
    {
        const Node* reader = nullptr;
        if (id == output_) return nullptr;
        for (const Node& node : graph_.nodes) {
            if (std::ranges::find(node.inputs, id) == node.inputs.end()) continue;
            if (reader) return nullptr;
            reader = &node;
        }
        const bool known = reader && reader->outputs.size() == 1 &&
                           std::ranges::find(kinds, reader->source_op) != kinds.end();
        return known ? reader : nullptr;
    }

    TensorId follow(TensorId id, std::initializer_list<std::string_view> kinds) const
    {
        for (const Node* node = next(id, kinds); node; node = next(id, kinds))
            id = node->outputs[0];
        return id;
    }

    const Node* writer(TensorId id) const
    {
        for (const Node& node : graph_.nodes)
            if (std::ranges::find(node.outputs, id) != node.outputs.end()) return &node;
        return nullptr;
    }

    // A constant of the file, or computed from such: float16 weights are dequantised by a layer.
    bool is_constant(TensorId id, int depth = 0) const
    {
        if (graph_.tensor(id).is_constant()) return true;
        const Node* node = writer(id);
        if (!node || depth > 4 || has_side_effect(*node) || !bodies_of(*node).empty()) return false;
        return std::ranges::all_of(node->inputs, [&](TensorId input) {
            return input == kNoTensor || is_constant(input, depth + 1);
        });
    }

    // After a run; also of computed tensors.
    std::vector<double> real_values(TensorId id) const
    {
        Node reader;
        reader.inputs = {id};
        std::vector<std::vector<uint8_t>> values(graph_.tensors.size());
        const auto bytes = evaluator_.value(id);
        values[static_cast<size_t>(id)].assign(bytes.begin(), bytes.end());
        return EvalContext(graph_, reader, values, Match::tflm).real(0);
    }

    void read_embedding(TensorId id)
    {
        const Shape& shape = graph_.tensor(id).shape;
        embedding_.words = graph_.tensor(graph_.inputs[0]).count();
        if (shape.size() != 2 || graph_.tensor(id).count() == 0) return;
        embedding_.rows = shape[0];
        embedding_.width = shape[1];
        embedding_.table = real_values(id);
        embedding_.offset.assign(static_cast<size_t>(shape[1]), 0.0);
    }

    // MEAN over the axis of the places, [1, words, width] to [1, width], of rows as they stand.
    std::optional<TextBag> of_integers(const Node& gather, const Node& mean,
                                       std::string& reason) const
    {
        const Tensor &table = graph_.input(gather, 0), &rows = graph_.input(mean, 0),
                     &axes = graph_.input(mean, 1), &result = graph_.tensor(mean.outputs[0]);
        const int64_t words = graph_.tensor(graph_.inputs[0]).count();
        const auto rank = static_cast<int64_t>(rows.shape.size());
        reason = "it does not average the int8 rows of its embeddings over the places of a text";
        if (table.type != DType::i8 || rows.type != DType::i8 || !table.is_constant() ||
            table.shape.size() != 2 || !same_quantization(table, rows) || !axes.is_constant() ||
            axes.type != DType::i32 || axes.count() != 1 || rank < 2)
            return std::nullopt;
        const int64_t axis = axes.values<int32_t>()[0], width = table.shape[1];
        if ((axis != -2 && axis != rank - 2) ||
            rows.shape[static_cast<size_t>(rank - 2)] != words || rows.shape.back() != width ||
            result.count() != width || words > kBagLimitMost)
            return std::nullopt;
        TextBag bag;
        bag.words = words;
        bag.rows = table.shape[0];
        bag.width = width;
        bag.stored.assign(table.values<int8_t>().begin(), table.values<int8_t>().end());
        bag.stored_quant = table.quant;
        bag.mean_quant = result.quant;
        if (!cut_off(bag.rest, mean.outputs[0], reason)) return std::nullopt;
        return bag;
    }

    std::optional<TextBag> with_dense(const Node& dense, std::string& reason)
    {
        const Shape& shape = graph_.tensor(dense.inputs.at(1)).shape;
        if (shape.size() != 2 || shape[1] != embedding_.width || shape[0] > embedding_.width ||
            !is_constant(dense.inputs[1]))
            return std::nullopt;
        const bool biased = graph_.has_input(dense, 2);
        if (biased && !is_constant(dense.inputs[2])) return std::nullopt;
        const std::vector<double> weights = real_values(dense.inputs[1]);
        TextBag bag = embedding_;
        bag.width = shape[0];
        bag.offset = biased ? real_values(dense.inputs[2])
                            : std::vector<double>(static_cast<size_t>(bag.width), 0.0);
        bag.table.clear();
        const auto inputs = static_cast<size_t>(embedding_.width);
        for (size_t v = 0; v < static_cast<size_t>(bag.rows); ++v)
            for (size_t o = 0; o < static_cast<size_t>(bag.width); ++o) {
                double product = 0;
                for (size_t k = 0; k < inputs; ++k)
                    product += embedding_.table[v * inputs + k] * weights[o * inputs + k];
                bag.table.push_back(product);
            }
        return proven(bag, dense.outputs[0], reason);
    }

    void set_ids(const std::vector<int64_t>& ids)
    {
        std::vector<uint8_t> bytes;
        const auto append = [&](auto value) {
            const auto* first = reinterpret_cast<const uint8_t*>(&value);
            bytes.insert(bytes.end(), first, first + sizeof value);
        };
        for (const int64_t id : ids) {
            if (graph_.tensor(graph_.inputs[0]).type == DType::f32)
                append(static_cast<float>(id));
            else if (graph_.tensor(graph_.inputs[0]).type == DType::i64)
                append(id);
            else
                append(static_cast<int32_t>(id));
        }
        evaluator_.set_input(0, bytes);
    }

    // Random ids, and the first and the last id everywhere, give what the table says.
    std::optional<TextBag> proven(TextBag bag, TensorId cut, std::string& reason)
    {
        constexpr int kTexts = 30;
        if (bag.table.empty() || graph_.tensor(cut).type != DType::f32 ||
            graph_.tensor(cut).count() != bag.width) {
            reason = "it averages integers, or more than one text";
            return std::nullopt;
        }
        std::mt19937 random(1);
        for (int text = 0; text < kTexts; ++text) {
            std::vector<int64_t> ids(static_cast<size_t>(bag.words), text == 0 ? 0 : bag.rows - 1);
            if (text > 1)
                for (int64_t& id : ids) id = random_below(random, bag.rows);
            set_ids(ids);
            evaluator_.run();
            const std::vector<double> found = real_values(cut);
            for (size_t o = 0; o < found.size(); ++o) {
                double sum = 0;
                for (const int64_t id : ids)
                    sum += bag.table[static_cast<size_t>(id) * found.size() + o];
                const double expected = sum / static_cast<double>(bag.words) + bag.offset[o];
                bag.error = std::max(bag.error, std::fabs(found[o] - expected));
                if (!(std::fabs(found[o] - expected) <= 1e-5 * (1 + std::fabs(expected)))) {
                    reason = "what stands behind its embeddings is no plain average";
                    return std::nullopt;
                }
            }
        }
        if (!cut_off(bag.rest, cut, reason)) return std::nullopt;
        return bag;
    }

    // The nodes between `cut` and the output.
    bool cut_off(Graph& rest, TensorId cut, std::string& reason) const
    {
        std::vector<bool> needed(graph_.tensors.size(), false);
        needed[static_cast<size_t>(output_)] = true;
        rest.name = graph_.name;
        for (size_t i = graph_.nodes.size(); i-- > 0;) {
            const Node& node = graph_.nodes[i];
            if (has_side_effect(node)) {
                reason = fmt::format("layer '{}' keeps a state", node.name);
                return false;
            }
            const bool used = std::ranges::any_of(node.outputs, [&](TensorId id) {
                return id != kNoTensor && id != cut && needed[static_cast<size_t>(id)];
            });
            if (!used) continue;
            for (const TensorId id : node.inputs)
                if (id != kNoTensor) needed[static_cast<size_t>(id)] = true;
            rest.nodes.insert(rest.nodes.begin(), node);
        }
        if (needed[static_cast<size_t>(graph_.inputs[0])]) {
            reason = "it reads the ids at a second place";
            return false;
        }
        // Only what is needed: the embedding must not stay behind as a constant that nobody reads.
        std::vector<TensorId> place(graph_.tensors.size(), kNoTensor);
        needed[static_cast<size_t>(cut)] = true;
        const auto keep = [&](TensorId id) {
            TensorId& to = place[static_cast<size_t>(id)];
            if (to == kNoTensor) to = rest.add_tensor(graph_.tensor(id));
            return to;
        };
        rest.inputs = {keep(cut)};
        for (Node& node : rest.nodes)
            for (std::vector<TensorId>* list : {&node.inputs, &node.outputs})
                for (TensorId& id : *list)
                    if (id != kNoTensor) id = keep(id);
        rest.outputs = {keep(output_)};
        return true;
    }

    const Graph& graph_;
    TensorId output_;
    Evaluator evaluator_;
    TextBag embedding_;  // the table alone
};

// Place of the greatest sum, or for one sum whether it is positive.
size_t decision_of(const std::vector<double>& sums)
{
    if (sums.size() == 1) return sums[0] > 0;
    return static_cast<size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

}  // namespace

std::optional<TextBag> find_text_bag(const Graph& network, size_t output, std::string& reason)
{
    THIMBLE_CHECK(network.inputs.size() == 1, network.name);
    return BagFinder(network, output).find(reason);
}

int64_t embedding_rows(const Graph& network)
{
    if (network.inputs.size() != 1 || network.outputs.empty()) return 0;
    const Node* gather = BagFinder(network, 0).look_up();
    if (!gather || network.input(*gather, 0).shape.empty()) return 0;
    return network.input(*gather, 0).shape[0];
}

RoundedBag rounded_bag(const TextBag& bag)
{
    RoundedBag rounded;
    double largest = 0;
    for (const double value : bag.table) largest = std::max(largest, std::fabs(value));
    if (largest > 0) rounded.scale = static_cast<float>(largest / INT8_MAX);
    const double scale = rounded.scale, words = static_cast<double>(bag.words);
    for (const double value : bag.table)
        rounded.table.push_back(
            static_cast<int8_t>(std::clamp(std::round(value / scale), -127.0, 127.0)));
    for (const double value : bag.offset) {
        const double stored = std::round(value * words / scale);
        require(std::fabs(stored) <= (1 << 29), ErrorCode::T0202,
                {"", fmt::format("an offset of {} beside a table of at most {}", value, largest),
                 "numbers of one magnitude", "fold = \"float\""});
        rounded.offset.push_back(static_cast<int32_t>(stored));
    }
    std::mt19937 random(2);
    const auto width = static_cast<size_t>(bag.width);
    int same = 0;
    for (int text = 0; text < kRandomTexts; ++text) {
        std::vector<double> real(width, 0.0), stored(width, 0.0);
        for (int64_t word = 0; word < bag.words; ++word) {
            const auto id = static_cast<size_t>(random_below(random, bag.rows));
            for (size_t o = 0; o < width; ++o) {
                real[o] += bag.table[id * width + o];
                stored[o] += rounded.table[id * width + o];
            }
        }
        for (size_t o = 0; o < width; ++o) {
            real[o] = real[o] / words + bag.offset[o];
            stored[o] = (stored[o] + rounded.offset[o]) * scale / words;
            rounded.error = std::max(rounded.error, std::fabs(real[o] - stored[o]));
        }
        same += decision_of(real) == decision_of(stored);
    }
    rounded.same_decision = static_cast<double>(same) / kRandomTexts;
    return rounded;
}

}  // namespace thimble
