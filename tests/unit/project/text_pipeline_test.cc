// Texts to ids: the rules for words, the hash of the demonstrator, vocabularies, on every machine.
#include "text_runs.h"

#include "../verify/run_c.h"
#include "base/error.h"
#include "base/file.h"
#include "verify/helpers.h"

#include <fmt/format.h>

namespace thimble {
namespace {

using Ids = std::vector<int32_t>;

Graph hash_graph(const std::string& keys, int max_words = 8)
{
    return compose_pipeline(parse_project_file(
                                fmt::format("name = \"text\"\n[input]\nkind = \"text\"\n[[stage]]\n"
                                            "kind = \"hash_tokens\"\nmax_words = {}\n{}",
                                            max_words, keys),
                                "text/thimble.toml"))
        .graph;
}

// The ids of one text without the pads.
Ids ids_of(const Graph& graph, const std::string& text)
{
    const auto values = oracle_values(graph, {text});
    EXPECT_EQ(values.size(), 1u);
    Ids ids = values.at(0);
    while (!ids.empty() && ids.back() == 0) ids.pop_back();
    return ids;
}

// Published values of the hash: bucket of 4096, plus one.
const std::string kGoldenText = "a to the this hello movie great amazing rubbish";
const Ids kGoldenIds = {1923, 1465, 97, 852, 2172, 3712, 1224, 432, 824};

TEST(HashTokens, golden_values)
{
    const Graph graph = hash_graph("", 9);
    EXPECT_EQ(ids_of(graph, kGoldenText), kGoldenIds);
    EXPECT_EQ(ids_of(graph, "HELLO  Movie"), (Ids{2172, 3712}));
}

class HashTokensOn : public testing::TestWithParam<const char*> {};

TEST_P(HashTokensOn, golden_values)
{
    if (const std::string missing = missing_program(GetParam()); !missing.empty())
        GTEST_SKIP() << missing << " is missing";
    const Graph graph = hash_graph("", 9);
    const auto values = target_values(graph, GetParam(), {kGoldenText, "", "hello movie"});
    ASSERT_EQ(values.size(), 3u);
    EXPECT_EQ(values[0], kGoldenIds);
    EXPECT_EQ(values[1], Ids(9, 0));
    EXPECT_EQ(values[2], (Ids{2172, 3712, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_P(HashTokensOn, pads_may_stand_in_front)
{
    if (const std::string missing = missing_program(GetParam()); !missing.empty())
        GTEST_SKIP() << missing << " is missing";
    const auto values = target_values(hash_graph("pads = \"front\"\n", 4), GetParam(),
                                      {"hello movie", "a to the this hello", ""});
    ASSERT_EQ(values.size(), 3u);
    EXPECT_EQ(values[0], (Ids{0, 0, 2172, 3712}));
    EXPECT_EQ(values[1], (Ids{1923, 1465, 97, 852}));
    EXPECT_EQ(values[2], Ids(4, 0));
}

TEST_P(HashTokensOn, agrees_with_the_oracle_on_any_bytes)
{
    if (const std::string missing = missing_program(GetParam()); !missing.empty())
        GTEST_SKIP() << missing << " is missing";
    const Graph graph = hash_graph(
        "max_word = 5\npunctuation = \"token\"\nnon_ascii = \"latin\"\n"
        "ngrams = 3\nsubwords = [2, 4]\nbuckets = 1000\n",
        200);
    std::vector<std::string> texts;
    uint32_t random = 7;
    for (int t = 0; t < 6; ++t) {
        std::string text;
        for (int i = 0; i < 60; ++i) {
            random = random * 1664525u + 1013904223u;
            // Blanks, marks, letters, accents and what is no UTF-8 at all, all of them often.
            constexpr char kBytes[] = " .aAzZ09\t\xC3\xA9\xC3\x84\xFF\xC3x-'";
            text += kBytes[(random >> 16) % (sizeof kBytes - 1)];
        }
        texts.push_back(text);
    }
    EXPECT_EQ(target_values(graph, GetParam(), texts), oracle_values(graph, texts));
}

INSTANTIATE_TEST_SUITE_P(Machines, HashTokensOn,
                         testing::Values("host", "avr", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         machine_test_name);

// Ids of single words, to say what a text's words must be.
Ids words(const Graph& graph, const std::vector<std::string>& list)
{
    Ids ids;
    for (const std::string& word : list) ids.push_back(ids_of(graph, word).at(0));
    return ids;
}

TEST(HashTokens, separators)
{
    const Graph graph = hash_graph("");
    const Ids three = words(graph, {"one", "two", "three"});
    EXPECT_EQ(ids_of(graph, "one two three"), three);
    EXPECT_EQ(ids_of(graph, "\n\tone\r\n two\x7F\x01three  "), three);
    EXPECT_EQ(ids_of(graph, std::string("one\0two\0\0three", 14)), three);
    EXPECT_EQ(ids_of(graph, ""), Ids{});
    EXPECT_EQ(ids_of(graph, " \t\r\n "), Ids{});
}

TEST(HashTokens, punctuation)
{
    const Graph keep = hash_graph(""), drop = hash_graph("punctuation = \"drop\"\n"),
                split = hash_graph("punctuation = \"split\"\n"),
                token = hash_graph("punctuation = \"token\"\n");
    const std::string text = "Don't, test..";
    EXPECT_EQ(ids_of(keep, text).size(), 2u);
    EXPECT_NE(ids_of(keep, "test."), ids_of(keep, "test"));
    EXPECT_EQ(ids_of(drop, text), words(keep, {"dont", "test"}));
    EXPECT_EQ(ids_of(split, text), words(keep, {"don", "t", "test"}));
    EXPECT_EQ(ids_of(token, text), words(keep, {"don", "'", "t", ",", "test", ".", "."}));
    EXPECT_EQ(ids_of(drop, "... !!"), Ids{});
    EXPECT_EQ(ids_of(split, "...a"), words(keep, {"a"}));
}

TEST(HashTokens, digits)
{
    const Graph keep = hash_graph(""), shape = hash_graph("digits = \"shape\"\n", 12),
                number = hash_graph("digits = \"number\"\n", 12),
                marks = hash_graph("digits = \"number\"\npunctuation = \"token\"\n", 12);
    const std::string text = "Call 07812 b4 7pm: 1.50";
    EXPECT_EQ(ids_of(shape, text), words(keep, {"call", "00000", "b0", "0pm:", "0.00"}));
    EXPECT_EQ(ids_of(number, text),
              words(keep, {"call", "00000", "b", "0", "0", "pm:", "0", ".", "00"}));
    EXPECT_EQ(ids_of(marks, text),
              words(keep, {"call", "00000", "b", "0", "0", "pm", ":", "0", ".", "00"}));
    EXPECT_EQ(ids_of(number, "9"), words(keep, {"0"}));
    EXPECT_EQ(ids_of(hash_graph("digits = \"number\"\ntokens = \"characters\"\n"), "a12b"),
              words(keep, {"a", "0", "0", "b"}));
}

TEST(HashTokens, bytes_beyond_ascii)
{
    const Graph drop = hash_graph(""), keep = hash_graph("non_ascii = \"keep\"\n"),
                latin = hash_graph("non_ascii = \"latin\"\n");
    const std::string cafe = "caf\xC3\xA9", loud = "CAF\xC3\x89";
    EXPECT_EQ(ids_of(drop, cafe), words(drop, {"caf"}));
    EXPECT_EQ(ids_of(latin, cafe), words(drop, {"cafe"}));
    EXPECT_EQ(ids_of(latin, loud), words(drop, {"cafe"}));
    EXPECT_NE(ids_of(keep, cafe), words(drop, {"caf"}));
    EXPECT_NE(ids_of(keep, cafe), ids_of(keep, loud));
    // Not UTF-8: a lead byte without its second, a second one alone, bytes that never occur.
    EXPECT_EQ(ids_of(drop, "a\xC3 b\xA9 c\xFF\xFE"), words(drop, {"a", "b", "c"}));
    EXPECT_EQ(ids_of(latin, "a\xC3 b\xA9 c\xFF\xFE\xC3\xC3\xA9"), words(drop, {"a", "b", "ce"}));
    EXPECT_EQ(ids_of(keep, "a\xC3 b").size(), 2u);
    // U+00D7 is no letter, U+20AC has three bytes.
    EXPECT_EQ(ids_of(latin, "a\xC3\x97\xE2\x82\xAC"), words(drop, {"a"}));
    EXPECT_EQ(ids_of(drop, "\xC3\xA9"), Ids{});
}

TEST(HashTokens, long_words_are_cut)
{
    const Graph graph = hash_graph("max_word = 16\n");
    const std::string sixteen(16, 'x');
    const Ids id = words(graph, {sixteen});
    EXPECT_EQ(ids_of(graph, std::string(10000, 'x')), id);
    EXPECT_EQ(ids_of(graph, std::string(10000, 'x') + " " + sixteen + "y"), (Ids{id[0], id[0]}));
}

TEST(HashTokens, words_beyond_the_last_place_are_left_out)
{
    const Graph graph = hash_graph("", 2);
    EXPECT_EQ(oracle_values(graph, {"hello movie great", "great"}),
              (std::vector<Ids>{{2172, 3712}, {1224, 0}}));
}

TEST(HashTokens, sequences_end_with_the_text)
{
    const Graph graph = hash_graph("ngrams = 2\n");
    const auto values = oracle_values(graph, {"hello movie", "hello movie", "movie"});
    EXPECT_EQ(values[0], values[1]);
    EXPECT_EQ(Ids(values[0].begin() + 3, values[0].end()), Ids(5, 0));  // hello, movie, the pair
    EXPECT_EQ(values[2], (Ids{3712, 0, 0, 0, 0, 0, 0, 0}));
    // (2963130491 * 116049371 + 226176639) mod 2^32 mod 4096.
    EXPECT_EQ(values[0][2],
              static_cast<int32_t>((2963130491u * 116049371u + 226176639u) % 4096) + 1);
}

TEST(HashTokens, characters)
{
    const Graph graph = hash_graph("tokens = \"characters\"\nnon_ascii = \"keep\"\n");
    EXPECT_EQ(ids_of(graph, "a \xC3\xA9z"), words(graph, {"a", "\xC3\xA9", "z"}));
}

std::string refusal(const std::string& text)
{
    try {
        compose_pipeline(parse_project_file(text, "text/thimble.toml"));
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(HashTokens, refusals)
{
    const std::string text = "[input]\nkind = \"text\"\n", stage = "[[stage]]\nkind = ";
    EXPECT_NE(refusal(text + stage + "\"hash_tokens\"\nmax_words = 4\nsubwords = [5, 3]\n")
                  .find("subwords = [3, 5]"),
              std::string::npos);
    EXPECT_NE(refusal("[input]\nkind = \"audio\"\nrate_hz = 8000\n" + stage +
                      "\"hash_tokens\"\nmax_words = 4\n")
                  .find("the bytes of a text"),
              std::string::npos);
    EXPECT_NE(refusal(text + stage + "\"vocabulary\"\nmax_words = 4\nfile = \"none.txt\"\n")
                  .find("there is no file"),
              std::string::npos);
}

TEST(VocabularyStage, says_which_tokens_are_never_found)
{
    const TemporaryFolder folder;
    write_file(folder.path() / "words.txt", "\nHello\nmovie\n");
    const auto compose = [&](const std::string& keys) {
        write_file(folder.path() / "thimble.toml",
                   "[input]\nkind = \"text\"\n[[stage]]\nkind = \"vocabulary\"\n"
                   "file = \"words.txt\"\nmax_words = 5\n" +
                       keys);
        return compose_pipeline(read_project_file(folder.path() / "thimble.toml")).graph;
    };
    ASSERT_EQ(compose("").notes.size(), 1u);
    EXPECT_EQ(compose("").notes[0].substr(0, 8), "1 tokens");
    EXPECT_TRUE(compose("lower = false\n").notes.empty());
    try {
        compose("max_word = 4\n");
        ADD_FAILURE() << "a token longer than a word was taken";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("line 2 of the vocabulary has 5 bytes"),
                  std::string::npos)
            << error.what();
    }
}

TEST(VocabularyStage, finds_words)
{
    const TemporaryFolder folder;
    write_file(folder.path() / "words.txt", "\n\nhello\nmovie\ncaf\xC3\xA9\n");
    write_file(folder.path() / "thimble.toml",
               "[input]\nkind = \"text\"\n[[stage]]\nkind = \"vocabulary\"\n"
               "file = \"words.txt\"\nmax_words = 5\nunknown = 1\n");
    const Graph graph = compose_pipeline(read_project_file(folder.path() / "thimble.toml")).graph;
    const std::vector<std::string> texts = {"movie HELLO caf\xC3\xA9 film movi", "hellox"};
    const std::vector<Ids> ids = {{3, 2, 4, 1, 1}, {1, 0, 0, 0, 0}};
    EXPECT_EQ(oracle_values(graph, texts), ids);
    for (const char* machine : {"host", "avr", "cortex-m0plus"})
        if (missing_program(machine).empty()) {
            EXPECT_EQ(target_values(graph, machine, texts), ids) << machine;
        }
}

}  // namespace
}  // namespace thimble
