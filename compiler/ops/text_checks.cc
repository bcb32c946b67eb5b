#include "ops/text_checks.h"

#include "ops/shapes.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

int64_t hash_ids_most(const HashWordsAttributes& attributes, int64_t word_bytes)
{
    int64_t ids = attributes.ngrams;
    if (attributes.subword_least > 0)
        for (int64_t n = attributes.subword_least; n <= attributes.subword_most; ++n)
            ids += std::max<int64_t>(word_bytes + 2 - n + 1, 0);
    return ids;
}

size_t text_choice(const FlexMap& options, std::string_view key,
                   std::initializer_list<std::string_view> choices)
{
    const std::string value = options.string(key, *choices.begin());
    const auto* found = std::ranges::find(choices, value);
    require(found != choices.end(), ErrorCode::T0202,
            {"", fmt::format("option {} = '{}'", key, value),
             fmt::format("one of {}", fmt::join(choices, ", ")), "correct the option"});
    return static_cast<size_t>(found - choices.begin());
}

int64_t text_number(const FlexMap& options, std::string_view key, int64_t least, int64_t most,
                    int64_t fallback)
{
    const int64_t value = options.i64(key, fallback);
    require(value >= least && value <= most, ErrorCode::T0202,
            {"", fmt::format("option {} = {}", key, value), fmt::format("{} to {}", least, most),
             "correct the option"});
    return value;
}

void require_word(const Graph& graph, const Node& node, size_t input)
{
    constexpr int64_t kWordBytesMost = 255;  // its length is a byte
    require_input_type(graph, node, input, {DType::u8});
    require_input_type(graph, node, input + 1, {DType::u8});
    const Tensor& word = graph.input(node, input);
    const Tensor& scan = graph.input(node, input + 1);
    require_shape(word.count() >= 1 && word.count() <= kWordBytesMost,
                  fmt::format("a word of {} bytes", word.count()), "1 to 255");
    require_shape(scan.count() == scan_field::count,
                  fmt::format("{} fields of a scan", scan.count()),
                  fmt::format("{}", static_cast<size_t>(scan_field::count)));
    if (word.is_constant() || scan.is_constant())
        fail_type("a constant word", "a word that is read at run time");
}

void require_single(const Graph& graph, const Node& node, size_t input, DType type)
{
    require_input_type(graph, node, input, {type});
    const Tensor& tensor = graph.input(node, input);
    require_shape(tensor.count() == 1 && !tensor.is_constant(),
                  fmt::format("input {} {}", input, shape_text(tensor.shape)),
                  "one element that is computed at run time");
}

void require_ids(const Graph& graph, const Node& node, size_t inputs)
{
    require_inputs(node, 1, inputs);
    for (size_t i = 2; i < inputs; ++i)
        require_shape(graph.has_input(node, i), fmt::format("input {} is absent", i), "a tensor");
    require_input_type(graph, node, 0, {DType::i32});
    const Tensor& ids = graph.input(node, 0);
    require_shape(ids.count() > 0 && !ids.is_constant(), "no ids",
                  "ids that are computed at run time");
    if (graph.has_input(node, 1)) require_single(graph, node, 1, DType::i32);
}

void require_text_state(const Graph& graph, const Node& node, size_t input, DType type)
{
    require_input_type(graph, node, input, {type});
    if (graph.input(node, input).kind != TensorKind::state)
        fail_type(fmt::format("input {} is no variable", input), "a variable");
}

}  // namespace thimble
