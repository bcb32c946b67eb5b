// A seq2seq stage against the same network in plain double precision.
#include "project/seq2seq.h"

#include "../verify/run_c.h"
#include "base/file.h"
#include "compile.h"
#include "number_words.h"
#include "project/project_file.h"
#include "verify/engine.h"

#include <cstring>
#include <gtest/gtest.h>
#include <set>

namespace thimble {
namespace {

using Ids = std::vector<int32_t>;

constexpr uint64_t kSeed = 7;
constexpr double kMargin = 1e-4;  // of the two greatest logits: closer, and either may win

const NumberWords& network()
{
    static const NumberWords network(kSeed);
    return network;
}

Graph graph_of(const std::string& more = "")
{
    const TemporaryFolder folder;
    network().write_files(folder.path());
    const ProjectFile project =
        parse_project_file(NumberWords::project_text(more), folder.path() / "thimble.toml");
    return seq2seq_graph(load_seq2seq(project.stages[0]), project.name);
}

std::vector<Ids> sources(int count)
{
    uint64_t state = 1;
    std::vector<Ids> result;
    for (int i = 0; i < count; ++i) result.push_back(NumberWords::random_source(state));
    return result;
}

std::vector<TensorBytes> as_inputs(const std::vector<Ids>& sources)
{
    std::vector<TensorBytes> inputs;
    for (const Ids& source : sources) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(source.data());
        inputs.push_back({Bytes(bytes, bytes + source.size() * sizeof(int32_t))});
    }
    return inputs;
}

Ids whole_numbers(const Bytes& bytes)
{
    Ids values(bytes.size() / sizeof(int32_t));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

// The ids that were written: `count` of them, and pads behind.
Ids written(const RunOutputs& run)
{
    Ids ids = whole_numbers(run.outputs[0]);
    const auto count = static_cast<size_t>(whole_numbers(run.outputs[1])[0]);
    EXPECT_LE(count, NumberWords::kTarget);
    for (size_t i = count; i < ids.size(); ++i) EXPECT_EQ(ids[i], NumberWords::kPad);
    ids.resize(count);
    return ids;
}

// Follows the ids and requires each to be the greatest logit, unless the second is too close.
// Returns the number of symbols that were compared.
int expect_greedy(const Ids& source, const Ids& ids)
{
    NumberWords::State state = network().encode(source);
    int32_t token = NumberWords::kBegin;
    int compared = 0;
    for (size_t i = 0; i <= ids.size() && i < NumberWords::kTarget; ++i) {
        const NumberWords::Vector logits = network().decode(state, token);
        size_t best = 0, second = 1;
        for (size_t v = 1; v < logits.size(); ++v) {
            if (logits[v] > logits[best])
                second = best, best = v;
            else if (second == best || logits[v] > logits[second])
                second = v;
        }
        if (logits[best] - logits[second] > kMargin) {
            const auto wanted = static_cast<int32_t>(best);
            const bool ends = wanted == NumberWords::kEnd || wanted == NumberWords::kPad;
            EXPECT_EQ(ends, i == ids.size()) << "word " << i;
            if (ends != (i == ids.size())) return compared;
            if (ends) return compared + 1;
            EXPECT_EQ(ids[i], wanted) << "word " << i;
            if (ids[i] != wanted) return compared;
            ++compared;
        }
        if (i < ids.size()) token = ids[i];
    }
    return compared;
}

void expect_all_greedy(const std::vector<Ids>& sources, const std::vector<RunOutputs>& runs)
{
    int compared = 0;
    std::set<int32_t> words;
    std::set<size_t> lengths;
    for (size_t i = 0; i < sources.size(); ++i) {
        const Ids ids = written(runs[i]);
        compared += expect_greedy(sources[i], ids);
        words.insert(ids.begin(), ids.end());
        lengths.insert(ids.size());
        if (testing::Test::HasFailure()) FAIL() << "source " << i;
    }
    EXPECT_GT(compared, static_cast<int>(sources.size()));
    // The seed was chosen so that the network says something.
    EXPECT_GT(words.size(), 5u);
    EXPECT_GT(lengths.size(), 3u);
    std::cout << compared << " symbols compared, " << words.size() << " words, " << lengths.size()
              << " lengths\n";
}

std::vector<RunOutputs> run_compiled(const Graph& graph, const std::string& target_name,
                                     const std::vector<Ids>& sources)
{
    const ResolvedTarget target = find_target(target_name);
    const Program program = compile(graph, {.name = "words", .target = target.facts, .lower = {}});
    return run_on_target(program, target, as_inputs(sources));
}

TEST(Seq2seq, oracle_equals_double_precision)
{
    const Graph graph = graph_of();
    const std::vector<Ids> some = sources(40);
    expect_all_greedy(some, run_oracle(graph, Match::tflm, false, as_inputs(some)));
}

TEST(Seq2seq, host_equals_double_precision)
{
    if (!missing_program("host").empty()) GTEST_SKIP() << missing_program("host");
    const std::vector<Ids> some = sources(1000);
    expect_all_greedy(some, run_compiled(graph_of(), "host", some));
}

TEST(Seq2seq, emulated_chip_equals_double_precision)
{
    if (!missing_program("cortex-m4").empty()) GTEST_SKIP() << missing_program("cortex-m4");
    const std::vector<Ids> some = sources(50);
    expect_all_greedy(some, run_compiled(graph_of(), "cortex-m4", some));
}

// The score that the graph gives is that of the ids, and never below the greedy one.
void expect_beams_not_below_greedy(const std::string& engine, int64_t beams, int count)
{
    const std::vector<Ids> some = sources(count);
    const auto run = [&](const Graph& graph) {
        return engine == "oracle" ? run_oracle(graph, Match::tflm, false, as_inputs(some))
                                  : run_compiled(graph, engine, some);
    };
    const std::vector<RunOutputs> greedy = run(graph_of());
    const std::vector<RunOutputs> beam = run(graph_of("beam = " + std::to_string(beams) + "\n"));
    int better = 0;
    for (size_t i = 0; i < some.size(); ++i) {
        const double below = network().score(some[i], written(greedy[i]));
        const double found = network().score(some[i], written(beam[i]));
        float claimed = 0;
        std::memcpy(&claimed, beam[i].outputs[2].data(), sizeof claimed);
        EXPECT_NEAR(claimed, found, 1e-3) << "source " << i;
        EXPECT_GE(found, below - 1e-4) << "source " << i;
        better += found > below + 1e-3;
    }
    EXPECT_GT(better, 0) << "the beam search never found anything better";
    std::cout << better << " of " << count << " better than greedy\n";
}

TEST(Seq2seq, beam_search_is_never_below_greedy)
{
    expect_beams_not_below_greedy("oracle", 4, 10);
    if (!missing_program("host").empty()) GTEST_SKIP() << missing_program("host");
    for (const int64_t beams : {2, 3, 4}) expect_beams_not_below_greedy("host", beams, 300);
}

TEST(Seq2seq, beam_search_on_an_emulated_chip_equals_the_host)
{
    if (!missing_program("host").empty()) GTEST_SKIP() << missing_program("host");
    if (!missing_program("cortex-m4").empty()) GTEST_SKIP() << missing_program("cortex-m4");
    const Graph graph = graph_of("beam = 3\n");
    const std::vector<Ids> some = sources(5);
    const std::vector<RunOutputs> host = run_compiled(graph, "host", some);
    const std::vector<RunOutputs> chip = run_compiled(graph, "cortex-m4", some);
    for (size_t i = 0; i < some.size(); ++i) EXPECT_EQ(written(host[i]), written(chip[i])) << i;
}

}  // namespace
}  // namespace thimble
