// Forms that a seq2seq stage may take: input feeding, embeddings inside of the models, a state
// without attention, int8 cells. Small networks with one state; no roles are given, all are found.
#include "../verify/run_c.h"
#include "base/file.h"
#include "compile.h"
#include "draft_builder.h"
#include "formats/npy.h"
#include "number_words.h"
#include "project/project.h"
#include "verify/engine.h"

#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace thimble {
namespace {

using Vector = std::vector<double>;
using Ids = std::vector<int32_t>;

constexpr int64_t kSteps = 3, kWidth = 4, kState = 5, kSymbols = 7, kPlaces = 6, kSources = 8;

struct Form {
    std::string feeding = "none";
    bool ids_inside = false;  // the models hold their embeddings
    bool attention = true;
    bool int8 = false;

    int64_t context() const { return feeding == "concat" ? 6 : kWidth; }
    int64_t x_width() const { return feeding == "concat" ? kWidth + context() : kWidth; }
};

// Encoder: h = tanh(A x + B h).  Decoder: h = tanh(C x + D h + E memory), logits = F h,
// context = tanh(G h).
struct Weights {
    Weights(uint64_t seed, const Form& form)
    {
        const auto fill = [&](int64_t count, double limit) {
            std::vector<float> values;
            for (int64_t i = 0; i < count; ++i)
                values.push_back(static_cast<float>(uniform(seed, limit)));
            return values;
        };
        a = fill(kState * kWidth, 1.5), b = fill(kState * kState, 1);
        c = fill(kState * form.x_width(), 1.5), d = fill(kState * kState, 1.2);
        e = fill(kState * kSteps * kState, 0.6), f = fill(kSymbols * kState, 2);
        g = fill(form.context() * kState, 1);
        source = fill(kSources * kWidth, 1), target = fill(kSymbols * kWidth, 1);
    }
    std::vector<float> a, b, c, d, e, f, g, source, target;
};

class FormModels {
public:
    FormModels(const Form& form, const Weights& weights) : form_(form), w_(weights) {}

    void write(const std::filesystem::path& folder) const
    {
        DraftBuilder encoder, decoder;
        const int x = symbol(encoder, w_.source, kSources, kWidth);
        const int before = state(encoder);
        const int h = tanh_of(encoder, {dense(encoder, x, kWidth, kState, w_.a),
                                        dense(encoder, before, kState, kState, w_.b)});
        encoder.write(folder / "encoder.tflite", {h});
        write_decoder(decoder, folder / "decoder.tflite");
        write_npy(folder / "source.npy", {"f4", {kSources, kWidth}, bytes_of(w_.source)});
        write_npy(folder / "target.npy", {"f4", {kSymbols, kWidth}, bytes_of(w_.target)});
    }

private:
    void write_decoder(DraftBuilder& b, const std::filesystem::path& path) const
    {
        const int x = symbol(b, w_.target, kSymbols, form_.x_width());
        const int before = state(b);
        std::vector<int> parts = {dense(b, x, form_.x_width(), kState, w_.c),
                                  dense(b, before, kState, kState, w_.d)};
        if (form_.attention) {
            const int memory = b.input("seen", {1, kSteps, kState});
            if (form_.int8) b.quantise(memory, 0.011f, 3);
            const int flat = b.reshape(memory, {1, kSteps * kState});
            if (form_.int8) b.quantise(flat, 0.011f, 3);
            parts.push_back(dense(b, flat, kSteps * kState, kState, w_.e));
        }
        const int h = tanh_of(b, parts);
        std::vector<int> outputs = {dense(b, h, kState, kSymbols, w_.f), h};
        if (form_.feeding != "none")
            outputs.push_back(
                tanh_of(b, {dense(b, h, kState, form_.context(), w_.g)}, form_.context()));
        b.write(path, outputs);
    }
    int symbol(DraftBuilder& b, const std::vector<float>& rows, int64_t symbols,
               int64_t width) const
    {
        if (form_.ids_inside) {
            const int id = b.whole_input("id", {1});
            return b.op("GATHER", {b.constant({symbols, kWidth}, rows), id}, {1, kWidth});
        }
        const int x = b.input("embedded", {1, width});
        if (form_.int8) b.quantise(x, 0.02f, -5);
        return x;
    }
    int state(DraftBuilder& b) const
    {
        const int id = b.input("before", {1, kState});
        if (form_.int8) b.quantise(id, 0.009f, 1);
        return id;
    }
    int dense(DraftBuilder& b, int in, int64_t from, int64_t to,
              const std::vector<float>& weights) const
    {
        const int w = b.constant({to, from}, weights);
        const int out = b.op("FULLY_CONNECTED", {in, w, -1}, {1, to});
        if (form_.int8) {
            b.quantise(w, 0.02f);
            b.quantise(out, 0.05f, 2);
        }
        return out;
    }
    int tanh_of(DraftBuilder& b, const std::vector<int>& parts, int64_t width = kState) const
    {
        int sum = parts[0];
        for (size_t i = 1; i < parts.size(); ++i) {
            sum = b.op("ADD", {sum, parts[i]}, {1, width});
            if (form_.int8) b.quantise(sum, 0.05f, -1);
        }
        const int out = b.op("TANH", {sum}, {1, width});
        if (form_.int8) b.quantise(out, 1.0f / 128, 0);
        return out;
    }

    const Form& form_;
    const Weights& w_;
};

Graph graph_of(const Form& form, const Weights& weights, int64_t beams)
{
    const TemporaryFolder folder;
    FormModels(form, weights).write(folder.path());
    const std::string tables =
        form.ids_inside ? ""
                        : "source_embedding = \"source.npy\"\ntarget_embedding = \"target.npy\"\n";
    // With concat the width of x does not tell what it is.
    const std::string roles = form.feeding == "concat" ? "decoder_inputs = {x = 0}\n" : "";
    const std::string text = fmt::format(
        "[[stage]]\nkind = \"seq2seq\"\nencoder = {{forward = \"encoder.tflite\"}}\n"
        "decoder = \"decoder.tflite\"\nbegin = 1\nend = 2\nmax_source = {}\nmax_target = {}\n"
        "input_feeding = \"{}\"\nbeam = {}\n{}{}",
        kSteps, kPlaces, form.feeding, beams, tables, roles);
    return load_project(parse_project_file(text, folder.path() / "thimble.toml")).graph;
}

Vector tanh_sum(const std::vector<std::pair<const std::vector<float>*, Vector>>& products)
{
    Vector y;
    for (const auto& [weights, x] : products) {
        y.resize(weights->size() / x.size());
        for (size_t o = 0; o < y.size(); ++o)
            for (size_t i = 0; i < x.size(); ++i)
                y[o] += double{(*weights)[o * x.size() + i]} * x[i];
    }
    for (double& value : y) value = std::tanh(value);
    return y;
}

Vector row_of(const std::vector<float>& table, int32_t id)
{
    return Vector(table.begin() + id * kWidth, table.begin() + (id + 1) * kWidth);
}

Ids expected_ids(const Form& form, const Weights& w, const Ids& source)
{
    Vector h(kState), memory, context(static_cast<size_t>(form.context()));
    for (const int32_t id : source) {
        h = tanh_sum({{&w.a, row_of(w.source, id)}, {&w.b, h}});
        memory.insert(memory.end(), h.begin(), h.end());
    }
    Ids ids;
    for (int32_t token = 1; static_cast<int64_t>(ids.size()) < kPlaces;) {
        Vector x = row_of(w.target, token);
        for (size_t i = 0; i < x.size() && form.feeding == "add"; ++i) x[i] += context[i];
        if (form.feeding == "concat") x.insert(x.end(), context.begin(), context.end());
        std::vector<std::pair<const std::vector<float>*, Vector>> products = {{&w.c, x}, {&w.d, h}};
        if (form.attention) products.push_back({&w.e, memory});
        h = tanh_sum(products);
        context = tanh_sum({{&w.g, h}});
        Vector logits(kSymbols);
        for (size_t o = 0; o < logits.size(); ++o)
            for (size_t i = 0; i < h.size(); ++i) logits[o] += double{w.f[o * h.size() + i]} * h[i];
        token = static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
        if (token == 2 || token == 0) break;
        ids.push_back(token);
    }
    ids.resize(kPlaces, 0);
    return ids;
}

std::vector<Ids> sources()
{
    std::vector<Ids> all;
    for (int32_t i = 0; i < 20; ++i) all.push_back({i % 8, (i * 3 + 1) % 8, (i * 5 + i / 8) % 8});
    return all;
}

std::vector<TensorBytes> as_inputs(const std::vector<Ids>& sources)
{
    std::vector<TensorBytes> inputs;
    for (const Ids& ids : sources) inputs.push_back({bytes_of(ids)});
    return inputs;
}

void expect_oracle_equals_double_precision(const Form& form)
{
    std::set<Ids> answers;
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        const Weights weights(seed, form);
        const auto runs =
            run_oracle(graph_of(form, weights, 1), Match::tflm, false, as_inputs(sources()));
        for (size_t i = 0; i < runs.size(); ++i) {
            const Ids expected = expected_ids(form, weights, sources()[i]);
            EXPECT_EQ(runs[i].outputs[0], bytes_of(expected)) << "seed " << seed << " source " << i;
            answers.insert(expected);
        }
    }
    EXPECT_GT(answers.size(), 10u);
}

// Integer outputs are equal bit for bit, float scores nearly.
void expect_generated_equals_oracle(const Form& form, int64_t beams, const char* target_name)
{
    if (!missing_program(target_name).empty()) GTEST_SKIP() << missing_program(target_name);
    const ResolvedTarget target = find_target(target_name);
    const Graph graph = graph_of(form, Weights(2, form), beams);
    const auto expected = run_oracle(graph, Match::tflm, false, as_inputs(sources()));
    const auto found =
        run_on_target(compile(graph, {.name = "form", .target = target.facts, .lower = {}}), target,
                      as_inputs(sources()));
    for (size_t i = 0; i < expected.size(); ++i)
        for (size_t o = 0; o < (form.int8 ? expected[i].outputs.size() : 2); ++o)
            EXPECT_EQ(expected[i].outputs[o], found[i].outputs[o]) << i;
}

TEST(Seq2seqForms, without_input_feeding)
{
    expect_oracle_equals_double_precision({});
}

TEST(Seq2seqForms, context_added)
{
    expect_oracle_equals_double_precision({.feeding = "add"});
}

TEST(Seq2seqForms, context_behind_the_embedding)
{
    expect_oracle_equals_double_precision({.feeding = "concat"});
    expect_generated_equals_oracle({.feeding = "concat"}, 1, "host");
    expect_generated_equals_oracle({.feeding = "concat"}, 3, "host");
}

TEST(Seq2seqForms, embeddings_inside_of_the_models)
{
    expect_oracle_equals_double_precision({.ids_inside = true});
    expect_generated_equals_oracle({.ids_inside = true}, 1, "host");
}

TEST(Seq2seqForms, without_attention)
{
    expect_oracle_equals_double_precision({.attention = false});
}

TEST(Seq2seqForms, int8_cells_are_bit_exact_with_conversions_between_them)
{
    const Form form = {.feeding = "add", .int8 = true};
    for (const char* target : {"host", "avr"})
        for (const int64_t beams : {1, 4}) expect_generated_equals_oracle(form, beams, target);
    // They say nearly the same as float cells do.
    const Weights weights(2, form);
    const auto runs =
        run_oracle(graph_of(form, weights, 1), Match::tflm, false, as_inputs(sources()));
    int equal = 0;
    for (size_t i = 0; i < runs.size(); ++i)
        equal += runs[i].outputs[0] == bytes_of(expected_ids(form, weights, sources()[i]));
    EXPECT_GE(equal, 10) << "of " << runs.size();
}

}  // namespace
}  // namespace thimble
