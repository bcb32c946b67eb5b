// What a seq2seq stage refuses, and with which words.
#include "base/error.h"
#include "base/file.h"
#include "draft_builder.h"
#include "formats/npy.h"
#include "number_words.h"
#include "project/project.h"

#include <cstdlib>
#include <functional>
#include <gtest/gtest.h>

namespace thimble {
namespace {

// The message for the number-word project after an edit of its text.
std::string refusal(const std::string& from, const std::string& to,
                    const std::function<void(const std::filesystem::path&)>& spoil = {})
{
    const TemporaryFolder folder;
    NumberWords(7).write_files(folder.path());
    if (spoil) spoil(folder.path());
    std::string text = NumberWords::project_text();
    if (const size_t at = text.find(from); at != std::string::npos)
        text.replace(at, from.size(), to);
    else
        text += to;
    try {
        load_project(parse_project_file(text, folder.path() / "thimble.toml"));
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

void expect_words(const std::string& message, const std::vector<std::string>& words)
{
    for (const std::string& word : words)
        EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks: " << word;
}

TEST(Seq2seqRefusals, nothing_when_nothing_is_wrong)
{
    EXPECT_EQ(refusal("", ""), "no error");
}

TEST(Seq2seqRefusals, missing_files)
{
    expect_words(refusal("enc_bw.tflite", "other.tflite"),
                 {"T0101", "thimble.toml:5: backward", "other.tflite", "relative"});
    expect_words(refusal("target.npy", "no.npy"), {"T0101", "target_embedding", "no.npy"});
    expect_words(refusal("none", "source_vocabulary = \"no.txt\"\n"), {"T0101", "no.txt"});
}

TEST(Seq2seqRefusals, roles_that_are_not_clear_list_the_tensors)
{
    expect_words(refusal("decoder_inputs = {x = 0, h = 1, c = 2}\n", ""),
                 {"T0106", "decoder_inputs", "'x'", "0 'x_in_0' float32[1, 1, 64]",
                  "2 'state_b_2' float32[1, 64]",
                  "try: decoder_inputs = {x = 0, h = 1, c = 2, memory = 3}"});
    expect_words(refusal("encoder_inputs = {h = \"state_a_1\", c = 2}\n", ""),
                 {"encoder_inputs", "the role of tensor 1 'state_a_1' is not clear"});
    expect_words(refusal("decoder_outputs = {h = 0, c = 1, context = 3}\n", ""),
                 {"decoder_outputs", "'c'"});
}

TEST(Seq2seqRefusals, wrong_roles)
{
    expect_words(refusal("{x = 0, h = 1, c = 2}", "{x = 0, h = 1, c = 9}"), {"no tensor 9"});
    expect_words(refusal("{x = 0, h = 1, c = 2}", "{x = 0, h = 1, c = 1}"), {"two roles"});
    expect_words(refusal("{x = 0, h = 1, c = 2}", "{x = 0, h = \"nothing\", c = 2}"),
                 {"no tensor 'nothing'"});
    expect_words(refusal("{x = 0, h = 1, c = 2}", "{x = 3, h = 1, c = 2, memory = 0}"),
                 {"'memory' is x_in_0 [1, 1, 64]", "640 elements"});
    // The context is no state of that name, and the logits are no state.
    expect_words(refusal("{h = 0, c = 1, context = 3}", "{h = 0, c = 2, context = 3}"),
                 {"'c' has 64 elements as input and 35 as output"});
}

TEST(Seq2seqRefusals, sizes_that_do_not_agree)
{
    const auto narrow = [](const char* name, int64_t rows, int64_t width) {
        return [=](const std::filesystem::path& folder) {
            write_npy(folder / name,
                      {"f4",
                       {rows, width},
                       bytes_of(std::vector<float>(static_cast<size_t>(rows * width)))});
        };
    };
    expect_words(refusal("", "", narrow("source.npy", 11, 48)), {"encoder_inputs", "48"});
    expect_words(refusal("", "", narrow("target.npy", 34, 64)),
                 {"target_embedding", "34 rows, the decoder 35 logits"});
    expect_words(refusal("", "", narrow("target.npy", 35, 32)), {"decoder_inputs", "32"});
    expect_words(refusal("max_source = 10", "max_source = 12"), {"decoder_inputs", "768"});
    expect_words(refusal(", backward = \"enc_bw.tflite\"", ""), {"decoder_inputs", "320"});
}

TEST(Seq2seqRefusals, symbols_outside_of_the_vocabulary)
{
    expect_words(refusal("begin = 3", "begin = 35"), {"begin", "id 35 of 35", "0 to 34"});
    expect_words(refusal("none", "target_vocabulary = \"digits.txt\"\n"),
                 {"target_vocabulary", "has 11 lines", "35"});
    expect_words(refusal("none", "source_vocabulary = \"digits.txt\"\nunknown = 11\n"),
                 {"unknown", "id 11 of 11"});
}

TEST(Seq2seqRefusals, input_feeding_without_an_embedding)
{
    expect_words(refusal("target_embedding = \"target.npy\"\n", ""),
                 {"T0106", "input_feeding", "without target_embedding"});
}

TEST(Seq2seqRefusals, vocabularies_with_mistakes)
{
    const auto words = [](const char* text) {
        return [=](const std::filesystem::path& folder) {
            write_file(folder / "digits.txt", std::string_view(text));
        };
    };
    const char* const key = "source_vocabulary = \"digits.txt\"\n";
    expect_words(refusal("none", key, words("a\nb\na\n")), {"T0105", "digits.txt:3", "line 1 too"});
    expect_words(refusal("none", key, words("a\nb c\n")), {"digits.txt:2", "without blanks"});
    expect_words(refusal("none", key, words("")), {"holds no token"});
}

TEST(Seq2seqRefusals, several_stages)
{
    const std::string stage = NumberWords::project_text();
    expect_words(refusal("none", stage.substr(stage.find("[[stage]]"))),
                 {"T0106", "stage 'seq2seq' in a chain"});
}

// Whatever a byte is replaced by: a project, or an Error.
template <typename Load>
int count_errors(const std::string& original, int rounds, const Load& load)
{
    uint64_t random = 1;
    int errors = 0;
    for (int i = 0; i < rounds; ++i) {
        std::string changed = original;
        for (int k = 0; k <= i % 4; ++k) {
            const auto at = static_cast<size_t>((uniform(random, 0.5) + 0.5) *
                                                static_cast<double>(changed.size() - 1));
            changed[at] = static_cast<char>(uniform(random, 128));
        }
        try {
            load(changed);
        } catch (const Error&) {
            ++errors;
        }
    }
    return errors;
}

TEST(Seq2seqRefusals, spoilt_project_files_give_errors)
{
    const auto parse = [](const std::string& text) { parse_project_file(text, "thimble.toml"); };
    EXPECT_GT(count_errors(NumberWords::project_text("beam = 2\n"), 20000, parse), 1000);
}

TEST(Seq2seqRefusals, spoilt_models_give_errors)
{
    const TemporaryFolder folder;
    NumberWords(7).write_files(folder.path());
    const ProjectFile project =
        parse_project_file(NumberWords::project_text(), folder.path() / "thimble.toml");
    const std::string file = (folder.path() / "decoder.tflite").string();
    const std::string original = read_text_file(file);
    // The structure stands at both ends of the file, weights in between.
    const size_t structure = 3000;
    const auto load = [&](const std::string& ends) {
        std::string text = original;
        text.replace(0, structure, ends, 0, structure);
        text.replace(text.size() - structure, structure, ends, structure, structure);
        write_file(file, std::string_view(text));
        load_project(project);
    };
    const std::string ends =
        original.substr(0, structure) + original.substr(original.size() - structure);
    EXPECT_GT(count_errors(ends, 600, load), 50);
}

// tests/scripts takes the project from the folder that THIMBLE_WRITE_PROJECT names.
TEST(NumberWords, writes_a_project)
{
    const TemporaryFolder temporary;
    const char* wanted = std::getenv("THIMBLE_WRITE_PROJECT");
    const std::filesystem::path folder = wanted ? wanted : temporary.path();
    std::filesystem::create_directories(folder);
    NumberWords(7).write_files(folder);
    write_file(
        folder / "thimble.toml",
        NumberWords::project_text("source_vocabulary = \"digits.txt\"\nsource_tokens = \"char\"\n"
                                  "target_vocabulary = \"words.txt\"\n"));
    EXPECT_TRUE(load_project(folder).text->complete());
}

}  // namespace
}  // namespace thimble
