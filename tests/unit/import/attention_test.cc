// Whole graphs of a file: dot-product attention against its formula, on this computer and on chips,
// and variables that an operator writes in every call.
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

TfliteDraft attention(TfliteType type)
{
    const bool real = type == TfliteType::float32;
    const auto tensor = [&](const char* name, std::vector<int32_t> shape, float scale,
                            int64_t zero) {
        TfliteDraftTensor made{.name = name, .type = type};
        made.shape.assign(shape.begin(), shape.end());
        if (!real) {
            made.scales = {scale};
            made.zero_points = {zero};
        }
        return made;
    };
    TfliteDraft draft;
    draft.subgraphs.push_back(
        {.tensors = {tensor("query", {1, kQueries, kDepth}, 0.0078f, -1),
                     tensor("value", {1, kValues, kDepth}, 0.0079f, 2),
                     tensor("scores", {1, kQueries, kValues}, 0.025f, 3),
                     tensor("weights", {1, kQueries, kValues}, 1.0f / 256, -128),
                     tensor("context", {1, kQueries, kDepth}, 0.0066f, 2)},
         .inputs = {0, 1},
         .outputs = {4},
         .operators = {{.name = "BATCH_MATMUL",
                        .inputs = {0, 1},
                        .outputs = {2},
                        .options = {{tflite_field::batch_matmul::adj_y, true}}},
                       {.name = "SOFTMAX",
                        .inputs = {2},
                        .outputs = {3},
                        .options = {{tflite_field::softmax::beta, 1.0f}}},
                       {.name = "BATCH_MATMUL", .inputs = {3, 1}, .outputs = {4}}}});
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

// softmax(Q V^T) V in double; scale and zero point turn stored inputs into real ones.
std::vector<double> formula(const std::vector<double>& query, const std::vector<double>& value)
{
    std::vector<double> context(kQueries * kDepth, 0.0);
    for (size_t q = 0; q < kQueries; ++q) {
        double weights[kValues], total = 0;
        for (size_t v = 0; v < kValues; ++v) {
            double score = 0;
            for (size_t d = 0; d < kDepth; ++d)
                score += query[q * kDepth + d] * value[v * kDepth + d];
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

class Attention : public testing::TestWithParam<TfliteType> {};

TEST_P(Attention, equals_the_formula_and_every_machine_equals_the_oracle)
{
    const TfliteType type = GetParam();
    const bool real = type == TfliteType::float32;
    const Graph graph = import_tflite(read_tflite(write_tflite(attention(type)), "attention"));
    const std::vector<TensorBytes> inputs = {
        {input_bytes(type, kQueries * kDepth, 0), input_bytes(type, kValues * kDepth, 50)}};
    const Bytes oracle = run_oracle(graph, Match::tflm, false, inputs)[0].outputs[0];
    const auto value_at = [&](const Bytes& bytes, size_t i) {
        float value = 0;
        if (real) std::memcpy(&value, bytes.data() + i * 4, 4);
        return real ? double{value} : 0.0066 * (static_cast<int8_t>(bytes[i]) - 2);
    };
    const auto expected = formula(real_inputs(type, kQueries * kDepth, 0, 0.0078, -1),
                                  real_inputs(type, kValues * kDepth, 50, 0.0079, 2));
    for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(value_at(oracle, i), expected[i], real ? 1e-5 : 0.04) << i;
    for (const char* name : {"host", "cortex-m4", "cortex-m0plus", "uno"}) {
        SCOPED_TRACE(name);
        const ResolvedTarget target = find_target(name);
        try {
            const Program program = compile(graph, {.name = "attention", .target = target.facts});
            const Bytes found = run_on_target(program, target, inputs)[0].outputs[0];
            if (!real) {
                EXPECT_EQ(found, oracle);
            }
            for (size_t i = 0; i < expected.size(); ++i)
                EXPECT_NEAR(value_at(found, i), value_at(oracle, i), 1e-5) << i;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::T0401) throw;
            GTEST_SKIP() << error.what();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Types, Attention, testing::Values(TfliteType::float32, TfliteType::int8),
                         [](const auto& info) {
                             return info.param == TfliteType::int8 ? "int8" : "float32";
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
