// Encoder and decoder in one file, as two signatures; the encoder runs whole.
#include "project/seq2seq.h"

#include "../verify/run_c.h"
#include "base/file.h"
#include "compile.h"
#include "draft_builder.h"
#include "formats/npy.h"
#include "number_words.h"
#include "project/project_file.h"
#include "verify/engine.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <set>

namespace thimble {
namespace {

using Vector = std::vector<double>;

constexpr int64_t kSteps = 4, kIn = 3, kState = 5, kOut = 2, kSymbols = 6, kPlaces = 8;

// h = tanh(V x), memory = x;  then  h' = tanh(A x + B h + C memory), logits = D h'.
struct Weights {
    explicit Weights(uint64_t seed)
    {
        const auto fill = [&](std::vector<float>& values, int64_t count, double limit) {
            for (int64_t i = 0; i < count; ++i)
                values.push_back(static_cast<float>(uniform(seed, limit)));
        };
        fill(v, kState * kSteps * kIn, 1);
        fill(a, kState * kOut, 2);
        fill(b, kState * kState, 1.5);
        fill(c, kState * kSteps * kIn, 1);
        fill(d, kSymbols * kState, 3);
        fill(source, 7 * kIn, 1);
        fill(target, kSymbols * kOut, 1);
    }
    std::vector<float> v, a, b, c, d, source, target;
};

void write_model(const Weights& w, const std::filesystem::path& path)
{
    DraftBuilder encode, step;
    const int source = encode.input("source", {1, kSteps, kIn});
    const int flat = encode.reshape(source, {1, kSteps * kIn});
    const int memory = encode.reshape(flat, {1, kSteps, kIn});
    const int first = encode.op(
        "TANH",
        {encode.op("FULLY_CONNECTED", {flat, encode.constant({kState, kSteps * kIn}, w.v), -1},
                   {1, kState})},
        {1, kState});
    const int x = step.input("symbol", {1, kOut}), h = step.input("before", {1, kState});
    const int seen = step.input("seen", {1, kSteps, kIn});
    const auto dense = [&](int in, int64_t from, int64_t to, const std::vector<float>& weights) {
        return step.op("FULLY_CONNECTED", {in, step.constant({to, from}, weights), -1}, {1, to});
    };
    const int two =
        step.op("ADD", {dense(x, kOut, kState, w.a), dense(h, kState, kState, w.b)}, {1, kState});
    const int all = step.op(
        "ADD", {two, dense(step.reshape(seen, {1, kSteps * kIn}), kSteps * kIn, kState, w.c)},
        {1, kState});
    const int next = step.op("TANH", {all}, {1, kState});
    const int logits = dense(next, kState, kSymbols, w.d);
    TfliteDraft draft;
    draft.subgraphs.push_back(encode.finish({first, memory}));
    draft.subgraphs.push_back(step.finish({logits, next}));
    draft.signatures.push_back({"encode", 0, {{"x", source}}, {{"h", first}, {"memory", memory}}});
    draft.signatures.push_back({"decode_step",
                                1,
                                {{"x", x}, {"h", h}, {"memory", seen}},
                                {{"logits", logits}, {"h", next}}});
    write_file(path, write_tflite(draft));
}

std::string project_text(const std::string& more)
{
    return "[[stage]]\nkind = \"seq2seq\"\nencoder = \"both.tflite\"\ndecoder = \"both.tflite\"\n"
           "encoder_signature = \"encode\"\ndecoder_signature = \"decode_step\"\n"
           "source_embedding = \"source.npy\"\ntarget_embedding = \"target.npy\"\n"
           "begin = 1\nend = 2\nmax_source = 4\nmax_target = 8\n" +
           more;
}

Graph graph_of(const Weights& w, const std::string& more = "")
{
    const TemporaryFolder folder;
    write_model(w, folder.path() / "both.tflite");
    write_npy(folder.path() / "source.npy", {"f4", {7, kIn}, bytes_of(w.source)});
    write_npy(folder.path() / "target.npy", {"f4", {kSymbols, kOut}, bytes_of(w.target)});
    const ProjectFile file = parse_project_file(project_text(more), folder.path() / "thimble.toml");
    return seq2seq_graph(load_seq2seq(file.stages[0]), "both");
}

Vector product(const std::vector<float>& weights, const Vector& x)
{
    Vector y(weights.size() / x.size());
    for (size_t o = 0; o < y.size(); ++o)
        for (size_t i = 0; i < x.size(); ++i) y[o] += double{weights[o * x.size() + i]} * x[i];
    return y;
}

std::vector<int32_t> expected_ids(const Weights& w, const std::vector<int32_t>& source)
{
    Vector memory;
    for (const int32_t id : source)
        for (int64_t i = 0; i < kIn; ++i)
            memory.push_back(w.source[static_cast<size_t>(id * kIn + i)]);
    Vector h = product(w.v, memory);
    for (double& value : h) value = std::tanh(value);
    std::vector<int32_t> ids;
    int32_t token = 1;
    while (static_cast<int64_t>(ids.size()) < kPlaces) {
        const auto row = w.target.begin() + token * kOut;
        const Vector a = product(w.a, Vector(row, row + kOut)), b = product(w.b, h),
                     c = product(w.c, memory);
        for (size_t i = 0; i < h.size(); ++i) h[i] = std::tanh(a[i] + b[i] + c[i]);
        const Vector logits = product(w.d, h);
        token = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
        if (token == 2 || token == 0) break;
        ids.push_back(token);
    }
    ids.resize(kPlaces, 0);
    return ids;
}

TEST(MultiSignature, oracle_and_host_equal_double_precision)
{
    std::set<std::vector<int32_t>> answers;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        const Weights weights(seed);
        const Graph graph = graph_of(weights);
        std::vector<TensorBytes> inputs;
        std::vector<std::vector<int32_t>> expected;
        uint64_t random = seed;
        for (int i = 0; i < 8; ++i) {
            std::vector<int32_t> source(kSteps);
            for (int32_t& id : source) id = static_cast<int32_t>(uniform(random, 3.5) + 3.5);
            inputs.push_back({bytes_of(source)});
            expected.push_back(expected_ids(weights, source));
            answers.insert(expected.back());
        }
        std::vector<std::vector<RunOutputs>> engines = {
            run_oracle(graph, Match::tflm, false, inputs)};
        if (missing_program("host").empty()) {
            const ResolvedTarget host = find_target("host");
            engines.push_back(run_on_target(
                compile(graph, {.name = "both", .target = host.facts, .lower = {}}), host, inputs));
        }
        for (const std::vector<RunOutputs>& runs : engines)
            for (size_t i = 0; i < runs.size(); ++i)
                EXPECT_EQ(runs[i].outputs[0], bytes_of(expected[i])) << "seed " << seed;
    }
    EXPECT_GT(answers.size(), 10u);
}

TEST(MultiSignature, beams_give_an_answer)
{
    const Graph graph = graph_of(Weights(3), "beam = 2\n");
    ASSERT_EQ(graph.outputs.size(), 3u);
    const std::vector<RunOutputs> runs =
        run_oracle(graph, Match::tflm, false, {{bytes_of(std::vector<int32_t>{1, 2, 3, 4})}});
    int32_t count = 0;
    std::memcpy(&count, runs[0].outputs[1].data(), sizeof count);
    EXPECT_GE(count, 0);
    EXPECT_LE(count, kPlaces);
}

}  // namespace
}  // namespace thimble
