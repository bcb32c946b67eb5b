// Whole graphs of a file: dot-product and additive attention, with masks, against their formulas,
// on this computer and on chips; and variables that an operator writes in every call.
#include "base/error.h"
#include "compile.h"
#include "formats/tflite_fields.h"
#include "formats/tflite_writer.h"
#include "import/import.h"
#include "verify/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

namespace thimble {

namespace {

constexpr int kQueries = 3, kValues = 5, kDepth = 4;

// How a query meets a value: their product, or sum_d factor[d] * tanh(query[d] + value[d]).
enum class Score { dot, additive };

struct Form {
    TfliteType type;
    Score score = Score::dot;
    bool masked = false;  // a third input: 1 where a value must not be attended to
    bool real() const { return type == TfliteType::float32; }
};

constexpr float kFactors[kDepth] = {0.9f, -0.6f, 1.2f, 0.3f};
constexpr float kPenalty = 6;  // taken off the score of a masked value

// Writes tensors and operators of one form; int8 tensors with the scales given.
class Writer {
public:
    explicit Writer(const Form& form) : form_(form) {}
    TfliteDraftSubgraph graph;

    int tensor(const char* name, std::vector<int64_t> shape, float scale, int64_t zero)
    {
        TfliteDraftTensor made{.name = name, .type = form_.type, .shape = std::move(shape)};
        if (!form_.real()) {
            made.scales = {scale};
            made.zero_points = {zero};
        }
        graph.tensors.push_back(std::move(made));
        return static_cast<int>(graph.tensors.size()) - 1;
    }
    int input(const char* name, std::vector<int64_t> shape, float scale, int64_t zero)
    {
        graph.inputs.push_back(tensor(name, std::move(shape), scale, zero));
        return graph.inputs.back();
    }
    int constant(const char* name, std::vector<int64_t> shape, const std::vector<float>& values,
                 float scale)
    {
        const int id = tensor(name, std::move(shape), scale, 0);
        for (const float value : values) {
            const auto* first = reinterpret_cast<const uint8_t*>(&value);
            std::vector<uint8_t>& data = graph.tensors[static_cast<size_t>(id)].data;
            if (form_.real()) data.insert(data.end(), first, first + 4);
            else data.push_back(static_cast<uint8_t>(std::lround(value / scale)));
        }
        return id;
    }
    int integers(std::vector<int32_t> values)
    {
        TfliteDraftTensor made{.name = "integers", .type = TfliteType::int32};
        made.shape = {static_cast<int64_t>(values.size())};
        made.data.resize(values.size() * 4);
        std::memcpy(made.data.data(), values.data(), made.data.size());
        graph.tensors.push_back(std::move(made));
        return static_cast<int>(graph.tensors.size()) - 1;
    }
    int op(const char* name, std::vector<int> inputs, int output,
           std::vector<TfliteOption> options = {})
    {
        graph.operators.push_back({.name = name,
                                   .inputs = std::move(inputs),
                                   .outputs = {output},
                                   .options = std::move(options)});
        return output;
    }

private:
    const Form form_;
};

int additive_scores(Writer& w, int query, int value)
{
    const int q = w.op("RESHAPE", {query, w.integers({1, kQueries, 1, kDepth})},
                       w.tensor("queries", {1, kQueries, 1, kDepth}, 0.0078f, -1));
    const int v = w.op("RESHAPE", {value, w.integers({1, 1, kValues, kDepth})},
                       w.tensor("values", {1, 1, kValues, kDepth}, 0.0079f, 2));
    const std::vector<int64_t> pairs = {1, kQueries, kValues, kDepth};
    const int sum = w.op("ADD", {q, v}, w.tensor("sum", pairs, 0.0157f, 1));
    const int bent = w.op("TANH", {sum}, w.tensor("bent", pairs, 1.0f / 128, 0));
    const int factors =
        w.constant("factors", {kDepth}, {std::begin(kFactors), std::end(kFactors)}, 0.0095f);
    const int weighted = w.op("MUL", {bent, factors}, w.tensor("weighted", pairs, 0.0095f, 0));
    return w.op("SUM", {weighted, w.integers({3})},
                w.tensor("scores", {1, kQueries, kValues}, 0.0236f, 3));
}

TfliteDraft attention(const Form& form)
{
    Writer w(form);
    const std::vector<int64_t> scores = {1, kQueries, kValues};
    const int query = w.input("query", {1, kQueries, kDepth}, 0.0078f, -1);
    const int value = w.input("value", {1, kValues, kDepth}, 0.0079f, 2);
    int score = form.score == Score::additive
                    ? additive_scores(w, query, value)
                    : w.op("BATCH_MATMUL", {query, value}, w.tensor("scores", scores, 0.025f, 3),
                           {{tflite_field::batch_matmul::adj_y, true}});
    if (form.masked) {
        const int mask = w.input("mask", {1, 1, kValues}, 1.0f / 255, -128);
        const int loss = w.op("MUL", {mask, w.constant("penalty", {1}, {kPenalty}, kPenalty / 127)},
                              w.tensor("loss", {1, 1, kValues}, kPenalty / 255, -128));
        score = w.op("SUB", {score, loss}, w.tensor("masked", scores, 0.045f, 60));
    }
    const int weights = w.op("SOFTMAX", {score}, w.tensor("weights", scores, 1.0f / 256, -128),
                             {{tflite_field::softmax::beta, 1.0f}});
    const int context = w.op("BATCH_MATMUL", {weights, value},
                             w.tensor("context", {1, kQueries, kDepth}, 0.0066f, 2));
    w.graph.outputs = {context};
    TfliteDraft draft;
    draft.subgraphs.push_back(std::move(w.graph));
    return draft;
}

int pattern(int i)
{
    return i * 73 % 241 - 120;
}

Bytes input_bytes(TfliteType type, int count, int salt)
{
    Bytes bytes;
    for (int i = 0; i < count; ++i) {
        const int q = pattern(i + salt);
        const float value = static_cast<float>(q) * 0.01f;
        const auto* first = reinterpret_cast<const uint8_t*>(&value);
        if (type == TfliteType::float32)
            bytes.insert(bytes.end(), first, first + 4);
        else
            bytes.push_back(static_cast<uint8_t>(q));
    }
    return bytes;
}

// Value v is masked.
bool is_masked(size_t v) { return v == 1 || v == 3; }

Bytes mask_bytes(TfliteType type)
{
    Bytes bytes;
    for (size_t v = 0; v < kValues; ++v) {
        const float value = is_masked(v) ? 1 : 0;
        const auto* first = reinterpret_cast<const uint8_t*>(&value);
        if (type == TfliteType::float32) bytes.insert(bytes.end(), first, first + 4);
        else bytes.push_back(is_masked(v) ? 127 : 128);
    }
    return bytes;
}

// softmax(scores) V in double, on real inputs.
std::vector<double> formula(const Form& form, const std::vector<double>& query,
                            const std::vector<double>& value)
{
    std::vector<double> context(kQueries * kDepth, 0.0);
    for (size_t q = 0; q < kQueries; ++q) {
        double weights[kValues], total = 0;
        for (size_t v = 0; v < kValues; ++v) {
            double score = form.masked && is_masked(v) ? -double{kPenalty} : 0;
            for (size_t d = 0; d < kDepth; ++d) {
                const double a = query[q * kDepth + d], b = value[v * kDepth + d];
                score += form.score == Score::dot ? a * b : kFactors[d] * std::tanh(a + b);
            }
            total += weights[v] = std::exp(score);
        }
        for (size_t v = 0; v < kValues; ++v)
            for (size_t d = 0; d < kDepth; ++d)
                context[q * kDepth + d] += weights[v] / total * value[v * kDepth + d];
    }
    return context;
}

std::vector<double> real_inputs(TfliteType type, int count, int salt, double scale, int zero)
{
    std::vector<double> values;
    for (int i = 0; i < count; ++i)
        values.push_back(type == TfliteType::float32 ? pattern(i + salt) * 0.01
                                                     : scale * (pattern(i + salt) - zero));
    return values;
}

double value_at(const Form& form, const Bytes& bytes, size_t i)
{
    float value = 0;
    if (form.real()) std::memcpy(&value, bytes.data() + i * 4, 4);
    return form.real() ? double{value} : 0.0066 * (static_cast<int8_t>(bytes[i]) - 2);
}

class Attention : public testing::TestWithParam<Form> {};

TEST_P(Attention, equals_the_formula_and_every_machine_equals_the_oracle)
{
    const Form form = GetParam();
    const Graph graph = import_tflite(read_tflite(write_tflite(attention(form)), "attention"));
    std::vector<TensorBytes> inputs = {{input_bytes(form.type, kQueries * kDepth, 0),
                                        input_bytes(form.type, kValues * kDepth, 50)}};
    if (form.masked) inputs[0].push_back(mask_bytes(form.type));
    const Bytes oracle = run_oracle(graph, Match::tflm, false, inputs)[0].outputs[0];
    const auto expected = formula(form, real_inputs(form.type, kQueries * kDepth, 0, 0.0078, -1),
                                  real_inputs(form.type, kValues * kDepth, 50, 0.0079, 2));
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(value_at(form, oracle, i), expected[i], form.real() ? 1e-5 : 0.06) << i;
    for (const char* name : {"host", "cortex-m4", "cortex-m0plus", "uno"}) {
        SCOPED_TRACE(name);
        const ResolvedTarget target = find_target(name);
        try {
            const Program program = compile(graph, {.name = "attention", .target = target.facts});
            const Bytes found = run_on_target(program, target, inputs)[0].outputs[0];
            if (!form.real()) {
                EXPECT_EQ(found, oracle);
            }
            for (size_t i = 0; i < expected.size(); ++i)
                EXPECT_NEAR(value_at(form, found, i), value_at(form, oracle, i), 1e-5) << i;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0401) throw;
            GTEST_SKIP() << error.what();
        }
    }
}

std::vector<Form> all_forms()
{
    std::vector<Form> forms;
    for (const TfliteType type : {TfliteType::float32, TfliteType::int8})
        for (const Score score : {Score::dot, Score::additive})
            for (const bool masked : {false, true}) forms.push_back({type, score, masked});
    return forms;
}

INSTANTIATE_TEST_SUITE_P(Forms, Attention, testing::ValuesIn(all_forms()), [](const auto& info) {
    return std::string(info.param.score == Score::dot ? "dot" : "additive") +
           (info.param.masked ? "_masked" : "") + (info.param.real() ? "_float32" : "_int8");
});

TEST(ImportVariables, one_that_an_operator_writes_is_no_state)
{
    TfliteDraft draft;
    draft.subgraphs.push_back(
        {.tensors =
             {{.name = "x", .type = TfliteType::float32, .shape = {2}},
              {.name = "h", .type = TfliteType::float32, .shape = {2}, .is_variable = true},
              {.name = "kept", .type = TfliteType::float32, .shape = {2}, .is_variable = true}},
         .inputs = {0},
         .outputs = {1},
         .operators = {{.name = "LOGISTIC", .inputs = {0}, .outputs = {1}}}});
    const Graph graph = import_tflite(read_tflite(write_tflite(draft), "variables"));
    EXPECT_EQ(graph.tensor(graph.outputs[0]).kind, TensorKind::activation);
    EXPECT_EQ(std::ranges::count_if(graph.tensors,
                                    [](const Tensor& t) { return t.kind == TensorKind::state; }),
              1);
}

}  // namespace
}  // namespace thimble
