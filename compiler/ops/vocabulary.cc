// The id of a word by its place in a list of all known words.
//
//   inputs    word, scan: the states of text_stream.h, in the tick that completes the word; tokens
//             uint8 [bytes], a constant: the words by id, each ended by a zero byte; an empty one
//             is an id without a word
//   output    int32 [1]: the first id of that word, `unknown` when there is none
//
// A word that was cut to the length of `word` is looked up as it was cut.
//
// The device searches a sorted copy of the list (ir/token_table.h says why). Source: own.
#include "formats/tflite.h"
#include "ir/token_table.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <algorithm>
#include <fmt/format.h>
#include <string>

namespace thimble {

namespace {

enum : size_t { kWord, kScan, kTokens };

int64_t unknown_of(const Node& node)
{
    return std::any_cast<const VocabularyAttributes&>(node.attributes).unknown;
}

void import_vocabulary(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    node.attributes = VocabularyAttributes{text_number(options, "unknown", 0, INT32_MAX, 0)};
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_word(graph, node, kWord);
    require_input_type(graph, node, kTokens, {DType::u8});
    const Tensor& tokens = graph.input(node, kTokens);
    require_shape(
        tokens.is_constant() && tokens.count() > 0 && tokens.values<uint8_t>().back() == 0,
        "a list of words " + shape_text(tokens.shape),
        "constant words that are each ended by a zero byte");
    const auto count = std::ranges::count(tokens.values<uint8_t>(), uint8_t{0});
    require_shape(count <= kTokensMost, fmt::format("{} words", count),
                  fmt::format("at most {}", kTokensMost));
    set_output(graph, node, 0, DType::i32, {1});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const auto bytes = c.in<uint8_t>(kWord);
    const size_t length = std::min<size_t>(c.in<uint8_t>(kScan)[scan_field::length], bytes.size());
    const std::string word(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    auto found = static_cast<int32_t>(unknown_of(c.node));
    std::string token;
    int32_t id = 0;
    for (const uint8_t byte : c.in<uint8_t>(kTokens)) {
        if (byte != 0) {
            token += static_cast<char>(byte);
            continue;
        }
        if (!token.empty() && token == word) {
            found = id;
            break;
        }
        ++id;
        token.clear();
    }
    c.out<int32_t>()[0] = found;
}

// ---- lowering ----

std::vector<std::string> tokens_of(const Tensor& tensor)
{
    std::vector<std::string> tokens(1);
    for (const uint8_t byte : tensor.values<uint8_t>()) {
        if (byte == 0)
            tokens.emplace_back();
        else
            tokens.back() += static_cast<char>(byte);
    }
    tokens.pop_back();
    return tokens;
}

void lower(LowerContext& c)
{
    const TokenTable table = token_table(tokens_of(c.input(kTokens)));
    const Arg ids =
        table.ids.empty() ? c.null("const uint16_t*") : c.table(table.ids, "ids of the vocabulary");
    c.call("thb_vocabulary", {c.in(kWord), c.in(kScan), c.table(table.bytes, "vocabulary"),
                              c.table(table.starts, "blocks of the vocabulary"), ids, c.out(),
                              c.key(c.input(kWord).count()), c.number(table.count, "int32_t"),
                              c.number(unknown_of(c.node), "int32_t")});
}

}  // namespace

extern const OpDef op_vocabulary;
const OpDef op_vocabulary = {.name = "vocabulary",
                             .tflite = {{"CUSTOM:ThimbleVocabulary", import_vocabulary}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .same_attributes = equal_attributes<VocabularyAttributes>};

}  // namespace thimble
