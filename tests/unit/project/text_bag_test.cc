// Networks that average embeddings, as tables of sums.
#include "project/text_bag.h"

#include "import/import.h"
#include "text_models.h"
#include "text_runs.h"
#include "verify/helpers.h"

#include "../shared_folder.h"
#include "../verify/run_c.h"
#include "base/error.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {
namespace {

Graph imported(const TfliteDraft& draft)
{
    return import_tflite(read_tflite(write_tflite(draft), "m"));
}

TEST(TextBag, folds_what_is_linear)
{
    std::string reason;
    for (const bool int8_table : {false, true})
        for (const bool float_ids : {false, true}) {
            const Graph graph = imported(
                average_draft({.rows = 300, .int8_table = int8_table, .float_ids = float_ids}));
            const auto bag = find_text_bag(graph, 0, reason);
            ASSERT_TRUE(bag) << reason;
            EXPECT_EQ(bag->width, 1);
            EXPECT_EQ(bag->rows, 300);
            EXPECT_EQ(bag->words, 16);
            EXPECT_TRUE(bag->rest.nodes.empty());
            EXPECT_LT(bag->error, 1e-6);
        }
}

TEST(TextBag, leaves_the_rest_behind_the_sums)
{
    std::string reason;
    const auto bag = find_text_bag(
        imported(average_draft({.rows = 50, .outputs = 3, .activation = "SOFTMAX"})), 0, reason);
    ASSERT_TRUE(bag) << reason;
    EXPECT_EQ(bag->width, 3);
    EXPECT_EQ(bag->rest.nodes.size(), 1u);
    // Something that is not linear stands before the dense layer: only the average is a table.
    const auto relu = find_text_bag(
        imported(average_draft({.rows = 50, .outputs = 3, .relu_before = true})), 0, reason);
    ASSERT_TRUE(relu) << reason;
    EXPECT_EQ(relu->width, 16);
    EXPECT_EQ(relu->rest.nodes.size(), 2u);
}

TEST(TextBag, keeps_a_dense_layer_that_would_make_the_table_larger)
{
    std::string reason;
    const auto bag =
        find_text_bag(imported(average_draft({.rows = 50, .width = 4, .outputs = 9})), 0, reason);
    ASSERT_TRUE(bag) << reason;
    EXPECT_EQ(bag->width, 4);
}

TEST(TextBag, refuses_other_networks)
{
    DraftBuilder draft;
    const int x = draft.input("x", {1, 4});
    TfliteDraft other;
    other.subgraphs.push_back(draft.finish({draft.op("LOGISTIC", {x}, {1, 4})}));
    std::string reason;
    EXPECT_FALSE(find_text_bag(imported(other), 0, reason));
    EXPECT_NE(reason.find("average of embeddings"), std::string::npos);
}

TEST(TextBag, rounds_to_int8)
{
    std::string reason;
    const auto bag = find_text_bag(imported(average_draft({.rows = 8193})), 0, reason);
    ASSERT_TRUE(bag) << reason;
    const RoundedBag rounded = rounded_bag(*bag);
    EXPECT_EQ(rounded.table.size(), 8193u);
    EXPECT_LE(rounded.error, rounded.scale / 2 * (1 + 1.0 / 16) + 1e-6);
    EXPECT_GT(rounded.error, 0);
    EXPECT_GT(rounded.same_decision, 0.98);
    EXPECT_LE(rounded.same_decision, 1.0);
}

// A project of hash_tokens and this network in a folder.
class Folded : public testing::Test {
protected:
    Graph graph(const AverageModel& model, const std::string& keys)
    {
        return graph(average_draft(model), model, keys);
    }
    Graph graph(const TfliteDraft& draft, const AverageModel& model, const std::string& keys)
    {
        write_file(folder_.path() / "model.tflite", write_tflite(draft));
        write_file(folder_.path() / "thimble.toml",
                   fmt::format("name = \"text\"\n[input]\nkind = \"text\"\n[[stage]]\nkind = "
                               "\"hash_tokens\"\nmax_words = {}\nbuckets = {}\n[[stage]]\nkind = "
                               "\"network\"\nmodel = \"model.tflite\"\n{}",
                               model.words, model.rows - 1, keys));
        return compose_pipeline(read_project_file(folder_.path() / "thimble.toml")).graph;
    }
    TemporaryFolder folder_;
};

const std::vector<std::string> kTexts = {
    "hello movie", "",
    "one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen",
    " ?! ", "This movie was great, really great."};

TEST_F(Folded, float_sums_are_the_network)
{
    for (const char* activation : {"", "LOGISTIC"}) {
        const AverageModel model = {.rows = 257, .activation = activation};
        const auto whole = oracle_values<float>(graph(model, "fold = \"none\"\n"), kTexts);
        const auto folded = oracle_values<float>(graph(model, ""), kTexts);
        ASSERT_EQ(whole.size(), kTexts.size());
        ASSERT_EQ(folded.size(), kTexts.size());
        for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i][0], folded[i][0], 1e-6) << i;
    }
}

TEST_F(Folded, rounded_sums_are_the_same_on_every_machine)
{
    const Graph rounded = graph({.rows = 257, .outputs = 2}, "fold = \"int8\"\n");
    const auto expected = oracle_values<int32_t>(rounded, kTexts);
    const auto real =
        oracle_values<float>(graph({.rows = 257, .outputs = 2}, "fold = \"none\"\n"), kTexts);
    const Quantization quant = rounded.tensor(rounded.outputs[1]).quant;
    ASSERT_EQ(expected.size(), kTexts.size());
    for (size_t i = 0; i < expected.size(); ++i)
        for (size_t o = 0; o < 2; ++o)
            EXPECT_NEAR(static_cast<double>(expected[i][o]) * quant.scale(), real[i][o],
                        quant.scale() * 16 / 2 * 1.1)
                << i;
    for (const char* machine : {"host", "avr", "cortex-m0plus", "cortex-m4"}) {
        if (!missing_program(machine).empty()) continue;
        EXPECT_EQ(target_values(rounded, machine, kTexts), expected) << machine;
    }
}

// The rows of an int8 network are summed up as they stand, whatever the key says: its own bits.
TEST_F(Folded, an_int8_network_keeps_its_bits)
{
    const AverageModel model = {.rows = 257, .width = 5, .outputs = 3};
    const TfliteDraft draft = int8_average_draft(model);
    std::vector<std::string> texts = kTexts;
    std::mt19937 random(4);
    for (int i = 0; i < 60; ++i) {
        texts.emplace_back();
        for (uint32_t words = random() % 20; words > 0; --words)
            texts.back() += std::to_string(random() % 1000) + ' ';
    }
    const auto keeps_ids = [](const Tensor& tensor) {
        return tensor.kind == TensorKind::state && tensor.name.find("list") != std::string::npos;
    };
    const Graph listed = graph(draft, model, "fold = \"none\"\n");
    EXPECT_FALSE(std::ranges::none_of(listed.tensors, keeps_ids));
    const auto whole = oracle_values<int8_t>(listed, texts);
    ASSERT_EQ(whole.size(), texts.size());
    for (const char* keys : {"", "fold = \"int8\"\n"}) {
        const Graph folded = graph(draft, model, keys);
        EXPECT_TRUE(std::ranges::none_of(folded.tensors, keeps_ids));
        EXPECT_EQ(oracle_values<int8_t>(folded, texts), whole) << keys;
    }
    for (const char* machine : {"host", "avr", "cortex-m0plus"}) {
        if (!missing_program(machine).empty()) continue;
        EXPECT_EQ(target_values<int8_t>(graph(draft, model, ""), machine, texts), whole) << machine;
    }
    // An average over the numbers of each row is another network.
    const AverageModel square = {.words = 8, .rows = 9, .width = 8};
    std::string reason;
    EXPECT_TRUE(find_text_bag(imported(int8_average_draft(square)), 0, reason));
    EXPECT_FALSE(find_text_bag(imported(int8_average_draft(square, 2)), 0, reason));
    EXPECT_NE(reason.find("over the places of a text"), std::string::npos);
}

TEST_F(Folded, float_sums_run_on_every_machine)
{
    const Graph folded = graph({.rows = 257, .activation = "LOGISTIC"}, "");
    const auto expected = oracle_values<float>(folded, kTexts);
    for (const char* machine : {"host", "avr", "cortex-m0plus"}) {
        if (!missing_program(machine).empty()) continue;
        const auto found = target_values<float>(folded, machine, kTexts);
        ASSERT_EQ(found.size(), expected.size()) << machine;
        for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i][0], expected[i][0], 1e-6);
    }
}

TEST_F(Folded, refusals)
{
    const auto refusal = [&](const AverageModel& model, const std::string& keys) -> std::string {
        try {
            graph(model, keys);
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_NE(refusal({.rows = 100, .relu_before = true}, "fold = \"all\"\n").find("fold"),
              std::string::npos);
    EXPECT_EQ(refusal({.rows = 100, .relu_before = true}, "fold = \"int8\"\n"), "no error");
}

// The published classifier of film reviews, also with float16 weights that layers dequantise: only
// the list of 256 ids and their rows go away, because its first dense layer has an activation.
TEST(TextBag, published_classifier)
{
    for (const char* name : {"text/movie_review.tflite", "derived/nl_classifier_float16.tflite"}) {
        const auto file = shared_folder() / "models" / name;
        if (shared_folder().empty() || !std::filesystem::exists(file))
            GTEST_SKIP() << "models beside the checkout are missing";
        std::string reason;
        const auto bag = find_text_bag(import_model(file.string()), 0, reason);
        ASSERT_TRUE(bag) << reason;
        EXPECT_EQ(bag->width, 16);
        EXPECT_EQ(bag->words, 256);
        EXPECT_GE(bag->rest.nodes.size(), 3u);
        EXPECT_LT(bag->error, 1e-6);
    }
}

}  // namespace
}  // namespace thimble
