#include "project/token_stream.h"

#include "base/error.h"
#include "ops/control.h"
#include "ops/evaluate.h"
#include "ops/text_stream.h"

#include <fmt/format.h>

namespace thimble {

namespace {

WordStreamAttributes rules_of(const Settings& settings)
{
    const std::string punctuation = settings.text("punctuation");
    const std::string non_ascii = settings.text("non_ascii");
    const std::string digits = settings.text("digits");
    WordStreamAttributes rules;
    rules.lower = settings.flag("lower");
    rules.characters = settings.text("tokens") == "characters";
    rules.punctuation = punctuation == "drop"    ? Punctuation::drop
                        : punctuation == "split" ? Punctuation::split
                        : punctuation == "token" ? Punctuation::token
                                                 : Punctuation::keep;
    rules.non_ascii = non_ascii == "keep"    ? NonAscii::keep
                      : non_ascii == "latin" ? NonAscii::latin
                                             : NonAscii::drop;
    rules.digits = digits == "shape"    ? Digits::shape
                   : digits == "number" ? Digits::number
                                        : Digits::keep;
    return rules;
}

// `else` of the branch of a complete word: the same inputs, and nothing happens.
Graph nothing_branch(const Graph& then)
{
    GraphBuilder nothing(then.name + "_not");
    for (const TensorId id : then.inputs) {
        const Tensor& tensor = then.tensor(id);
        if (tensor.kind == TensorKind::state)
            nothing.state_input(tensor);
        else
            nothing.input(tensor);
    }
    return nothing.finish();
}

}  // namespace

TokenStream read_words(StageContext& stage)
{
    const Tensor value = stage.value();
    if (!stage.end || value.type != DType::u8 || value.count() != 1)
        stage.wrong("kind",
                    fmt::format("the stage before gives {}{}", dtype_name(value.type),
                                shape_text(value.shape)),
                    "the bytes of a text", "[input] kind = \"text\", and this stage first");
    TokenStream tokens;
    tokens.prefix = stage.tick.prefix();
    tokens.max_words = stage.settings.whole("max_words");
    tokens.pads_first = stage.settings.text("pads") == "front";
    const TensorId word =
        stage.tick.state(plain_tensor("word", DType::u8, {stage.settings.whole("max_word")}));
    const TensorId scan =
        stage.tick.state(plain_tensor("scan", DType::u8, {int64_t{scan_field::count}}));
    const TensorId complete = stage.graph().own_node(
        "word_stream", {stage.flow.value, stage.tick.seen(*stage.end), word, scan},
        rules_of(stage.settings), 1, "words")[0];
    tokens.complete = stage.tick.place(complete);
    tokens.word = stage.tick.place(word);
    tokens.scan = stage.tick.place(scan);
    return tokens;
}

std::vector<std::string> words_of_text(const Settings& stage, const std::vector<uint8_t>& text)
{
    GraphBuilder builder("words");
    const auto zeros = [&](const char* name, int64_t size) {
        Tensor tensor = plain_tensor(name, DType::u8, {size});
        tensor.data = std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(size));
        return builder.state(std::move(tensor));
    };
    const TensorId word = zeros("word", stage.whole("max_word"));
    const TensorId scan = zeros("scan", scan_field::count);
    const TensorId byte = builder.input(plain_tensor("byte", DType::u8, {1}));
    const TensorId end = builder.input(plain_tensor("end", DType::boolean, {1}));
    builder.output(
        builder.own_node("word_stream", {byte, end, word, scan}, rules_of(stage), 1, "words")[0]);
    const Graph graph = builder.finish();
    Evaluator evaluator(graph, Match::tflm);
    std::vector<std::string> words;
    for (size_t i = 0; i <= text.size(); ++i) {
        const uint8_t at_end = i == text.size();
        evaluator.set_input(0, std::span(at_end ? &at_end : &text[i], 1));
        evaluator.set_input(1, std::span(&at_end, 1));
        evaluator.run();
        if (evaluator.output(0)[0] == 0) continue;
        const std::span<const uint8_t> found = evaluator.value(word);
        words.emplace_back(found.begin(),
                           found.begin() + evaluator.value(scan)[scan_field::length]);
    }
    return words;
}

Tensor collected_ids(const TokenStream& tokens)
{
    return plain_tensor("ids", DType::i32, {tokens.max_words});
}

void for_each_word(StageContext& stage, const TokenStream& tokens,
                   const std::vector<TensorId>& states, const UseIds& use)
{
    TickBuilder& tick = stage.tick;
    GraphBuilder branch("word", tokens.prefix);
    std::vector<TensorId> outer = {tick.seen(tokens.complete), tick.seen(tokens.word),
                                   tick.seen(tokens.scan)};
    if (tokens.history) outer.push_back(tick.seen(*tokens.history));
    const size_t word_inputs = outer.size();
    outer.insert(outer.end(), states.begin(), states.end());
    std::vector<TensorId> inner;
    for (size_t i = 1; i < outer.size(); ++i)
        inner.push_back(branch.state_input(tick.tensor(outer[i])));
    std::vector<TensorId> word(inner.begin(),
                               inner.begin() + static_cast<std::ptrdiff_t>(word_inputs - 1));
    if (!tokens.tokens.empty())
        word.push_back(branch.constant(
            "tokens", DType::u8, {static_cast<int64_t>(tokens.tokens.size())}, tokens.tokens));
    const std::vector<TensorId> ids =
        branch.own_node(tokens.op, word, tokens.attributes, tokens.many_ids ? 2 : 1, "ids");
    branch.set_prefix(tick.prefix());
    use(branch, ids[0], tokens.many_ids ? ids[1] : kNoTensor,
        {inner.begin() + static_cast<std::ptrdiff_t>(word_inputs - 1), inner.end()});
    IfAttributes branches;
    branches.then_graph = std::make_shared<const Graph>(branch.finish());
    branches.else_graph = std::make_shared<const Graph>(nothing_branch(*branches.then_graph));
    tick.graph().own_node("if", outer, branches, 0, "word");
}

void only_at_end(StageContext& stage, const TokenStream& tokens)
{
    TickBuilder& tick = stage.tick;
    tick.only_when(tick.seen(*stage.end));
    stage.flow.per_second = 0;
    if (!tokens.history) return;
    const TensorId history = tick.seen(*tokens.history);
    const TensorId nothing = tick.graph().constant(
        "no_words", tick.tensor(history).shape,
        std::vector<uint32_t>(static_cast<size_t>(tick.tensor(history).count()), 0));
    tick.graph().own_node("assign", {nothing, history}, {}, 0, "forget_words");
}

void collect_tokens(StageContext& stage)
{
    const std::shared_ptr<const TokenStream> tokens = std::move(stage.flow.tokens);
    stage.flow.tokens = nullptr;
    TickBuilder& tick = stage.tick;
    const TensorId list = tick.state(plain_tensor("list", DType::i32, {tokens->max_words}));
    const TensorId filled = tick.state(plain_tensor("filled", DType::i32, {1}));
    for_each_word(
        stage, *tokens, {list, filled},
        [](GraphBuilder& branch, TensorId ids, TensorId count,
           const std::vector<TensorId>& states) {
            branch.own_node("collect_ids", {ids, count, states[0], states[1]}, {}, 0, "collect");
        });
    const Place list_place = tick.place(list), filled_place = tick.place(filled);
    only_at_end(stage, *tokens);
    stage.flow.value =
        tick.graph().own_node("take_ids", {tick.seen(list_place), tick.seen(filled_place)},
                              TakeIdsAttributes{tokens->pad, tokens->pads_first}, 1, "take")[0];
}

}  // namespace thimble
