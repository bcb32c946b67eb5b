#include "project/folded_network.h"

#include "ops/bag.h"
#include "project/text_bag.h"
#include "project/token_stream.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

std::vector<float> floats(const std::vector<double>& values)
{
    return {values.begin(), values.end()};
}

// The tables of a bag as constants: float32, or rounded ones.
struct BagTables {
    std::vector<uint8_t> table;
    std::vector<uint8_t> pad, offset;  // of the type of the sums; of a mean int8 and none
    DType type = DType::f32;           // of the table
    Quantization quant;                // of the sums; of a mean of what the table holds
    DType sum_type() const { return type == DType::f32 ? DType::f32 : DType::i32; }
};

template <typename T>
std::vector<uint8_t> bytes_of(const std::vector<T>& values)
{
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    return {first, first + values.size() * sizeof(T)};
}

template <typename To, typename From>
std::vector<To> row_of(const std::vector<From>& table, int64_t row, int64_t width)
{
    const auto first = table.begin() + static_cast<std::ptrdiff_t>(row * width);
    return {first, first + static_cast<std::ptrdiff_t>(width)};
}

BagTables real_tables(const TextBag& bag, int64_t pad)
{
    return {bytes_of(floats(bag.table)),
            bytes_of(row_of<float>(bag.table, pad, bag.width)),
            bytes_of(floats(bag.offset)),
            DType::f32,
            {}};
}

BagTables rounded_tables(const TextBag& bag, const RoundedBag& rounded, int64_t pad)
{
    const float step = rounded.scale / static_cast<float>(bag.words);
    return {bytes_of(rounded.table),
            bytes_of(row_of<int32_t>(rounded.table, pad, bag.width)),
            bytes_of(rounded.offset),
            DType::i8,
            {{step}, {0}, 0}};
}

BagTables stored_tables(const TextBag& bag, int64_t pad)
{
    return {bytes_of(bag.stored),
            bytes_of(row_of<int8_t>(bag.stored, pad, bag.width)),
            {},
            DType::i8,
            bag.stored_quant};
}

// What the sums give at the end of the text.
TensorId bag_result(GraphBuilder& graph, const TextBag& bag, const BagTables& tables, TensorId sums,
                    TensorId taken)
{
    if (!bag.stored.empty()) {
        const TensorId pad =
            graph.constant("pad", DType::i8, {bag.width}, tables.pad, tables.quant);
        return graph.own_node(
            "bag_mean", {sums, taken, pad},
            BagMeanAttributes{bag.words, bag.mean_quant.scale(), bag.mean_quant.zero_point()}, 1,
            "mean")[0];
    }
    const TensorId pad = graph.constant("pad", tables.sum_type(), {bag.width}, tables.pad);
    const TensorId offset = graph.constant("offset", tables.sum_type(), {bag.width}, tables.offset);
    const TensorId value = graph.own_node("bag_finish", {sums, taken, pad, offset},
                                          BagAttributes{bag.words}, 1, "finish")[0];
    return tables.quant.present() ? graph.relabelled(value, tables.quant) : value;
}

void append_bag(StageContext& stage, const TokenStream& tokens, const TextBag& bag,
                const BagTables& tables)
{
    TickBuilder& tick = stage.tick;
    const TensorId sums = tick.state(plain_tensor("sums", tables.sum_type(), {bag.width}));
    const TensorId taken = tick.state(plain_tensor("taken", DType::i32, {1}));
    for_each_word(stage, tokens, {sums, taken},
                  [&](GraphBuilder& branch, TensorId ids, TensorId count,
                      const std::vector<TensorId>& states) {
                      const TensorId table = branch.constant("table", tables.type,
                                                             {bag.rows, bag.width}, tables.table);
                      branch.own_node("bag_add", {ids, count, table, states[0], states[1]},
                                      BagAttributes{bag.words}, 0, "add");
                  });
    const Place sums_place = tick.place(sums), taken_place = tick.place(taken);
    only_at_end(stage, tokens);
    GraphBuilder& graph = stage.graph();
    TensorId value = bag_result(graph, bag, tables, tick.seen(sums_place), tick.seen(taken_place));
    if (!bag.rest.nodes.empty()) {
        const Tensor& place = bag.rest.tensor(bag.rest.inputs[0]);
        value = graph.reshaped(graph.converted(value, place), place.shape);
        value = graph.inlined(bag.rest, {value}, "network/")[0];
    }
    stage.flow.value = value;
}

// What was done, for the user.
std::string folded_note(const TextBag& bag, const RoundedBag* rounded)
{
    const int64_t numbers = bag.rows * bag.width;
    if (!bag.stored.empty())
        return fmt::format(
            "the network's average of embeddings is a sum of {} int8 numbers, word by word: "
            "the same integers as over a list of words",
            numbers);
    if (!rounded)
        return fmt::format(
            "the network's average of embeddings is {} float32 numbers; it differs "
            "by {:.1g} at most",
            numbers, bag.error);
    return fmt::format(
        "the network's average of embeddings is {} int8 numbers; over {} random "
        "texts it differs by {:.2g} at most, and {:.2f} % of the decisions agree",
        numbers, kRandomTexts, rounded->error, 100 * rounded->same_decision);
}

}  // namespace

bool add_folded_network(StageContext& stage, const Graph& model, size_t output)
{
    const std::string fold = stage.settings.text("fold");
    const TokenStream tokens = *stage.flow.tokens;
    // An id beyond the table would be taken for its last row.
    const int64_t rows = embedding_rows(model);
    if (rows > 0 && rows < tokens.ids)
        stage.wrong("model",
                    fmt::format("embeddings of {} ids; the stage before gives ids up to {}", rows,
                                tokens.ids - 1),
                    fmt::format("at least {}", tokens.ids),
                    "the number of ids that the model was trained with");
    if (fold == "none") return false;
    std::string reason;
    const std::optional<TextBag> bag = find_text_bag(model, output, reason);
    if (!bag && fold == "int8")
        stage.wrong("fold", fmt::format("the network cannot be folded: {}", reason),
                    "an average of embeddings", "fold = \"none\"");
    if (!bag) {
        stage.notes.push_back(
            fmt::format("the network gets the list of ids and is not folded: {}", reason));
        return false;
    }
    if (bag->words != tokens.max_words)
        stage.wrong("model", fmt::format("the network takes {} words", bag->words),
                    fmt::format("{}, as the stage before gives", tokens.max_words),
                    fmt::format("max_words = {}", bag->words));
    stage.flow.tokens = nullptr;
    if (!bag->stored.empty()) {
        append_bag(stage, tokens, *bag, stored_tables(*bag, tokens.pad));
        stage.notes.push_back(folded_note(*bag, nullptr));
    } else if (fold == "float") {
        append_bag(stage, tokens, *bag, real_tables(*bag, tokens.pad));
        stage.notes.push_back(folded_note(*bag, nullptr));
    } else {
        const RoundedBag rounded = rounded_bag(*bag);
        append_bag(stage, tokens, *bag, rounded_tables(*bag, rounded, tokens.pad));
        stage.notes.push_back(folded_note(*bag, &rounded));
    }
    return true;
}

}  // namespace thimble
