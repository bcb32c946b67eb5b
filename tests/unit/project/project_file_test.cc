// thimble.toml: what is read, and what is refused with which words.
#include "project/project_file.h"

#include "base/error.h"
#include "number_words.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

ProjectFile parse(const std::string& text)
{
    return parse_project_file(text, "words/thimble.toml");
}

// The whole message of the error that a text gives.
std::string refusal(const std::string& text)
{
    try {
        parse(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

void expect_refusal(const std::string& text, const std::vector<std::string>& words)
{
    const std::string message = refusal(text);
    for (const std::string& word : words)
        EXPECT_NE(message.find(word), std::string::npos) << message << "\nlacks: " << word;
}

TEST(ProjectFile, keeps_values_and_defaults)
{
    const ProjectFile project = parse(NumberWords::project_text());
    EXPECT_EQ(project.name, "number_words");
    ASSERT_EQ(project.stages.size(), 1u);
    const Settings& stage = project.stages[0];
    EXPECT_EQ(stage.section(), "stage.seq2seq");
    EXPECT_EQ(stage.text("input_feeding"), "add");
    EXPECT_EQ(stage.whole("beam"), 1);
    EXPECT_EQ(stage.file("decoder"), "words/decoder.tflite");
    ASSERT_NE(stage.table("encoder"), nullptr);
    EXPECT_EQ(stage.table("encoder")->file("backward"), "words/enc_bw.tflite");
    EXPECT_EQ(std::get<std::string>(stage.roles("encoder_inputs").at("h")), "state_a_1");
    EXPECT_EQ(std::get<int64_t>(stage.roles("encoder_inputs").at("c")), 2);
    EXPECT_FALSE(stage.has("source_vocabulary"));
    EXPECT_EQ(stage.place("decoder"), "words/thimble.toml:6: decoder");
}

TEST(ProjectFile, takes_its_name_from_the_folder)
{
    std::string text = NumberWords::project_text();
    text.erase(0, text.find('\n'));
    EXPECT_EQ(parse(text).name, "words");
}

TEST(ProjectFile, refuses_an_unknown_key_with_the_nearest)
{
    expect_refusal(NumberWords::project_text("max_sourse = 3\n"),
                   {"T0106", "thimble.toml:19", "max_sourse", "'max_source'"});
    expect_refusal("nam = \"x\"\n" + NumberWords::project_text(), {"nam", "'name'"});
    expect_refusal(NumberWords::project_text("completely_other = 3\n"), {"docs/project-file.md"});
}

TEST(ProjectFile, refuses_wrong_values)
{
    expect_refusal(NumberWords::project_text("beam = 9\n"),
                   {"thimble.toml:19", "9", "from 1 to 4"});
    expect_refusal(NumberWords::project_text("beam = \"many\"\n"), {"'many'", "whole number"});
    expect_refusal(NumberWords::project_text("source_tokens = \"chars\"\n"),
                   {"'chars'", "source_tokens = \"char\""});
    expect_refusal(NumberWords::project_text("target_vocabulary = 3\n"), {"the path of a file"});
    expect_refusal("stage = 3\n", {"[[stage]]"});
    expect_refusal("name = \"x\"\n", {"stage", "is missing"});
    expect_refusal("[[stage]]\n", {"has no key 'kind'"});
    expect_refusal("[[stage]]\nkind = \"seq2sec\"\n", {"'seq2sec'", "kind = \"seq2seq\""});
    expect_refusal("[[stage]]\nkind = \"seq2seq\"\n", {"encoder", "is missing"});
    expect_refusal("name = \n", {"T0106", "thimble.toml:1"});
}

TEST(ProjectFile, refuses_roles_that_are_no_table)
{
    std::string text = NumberWords::project_text();
    text.replace(text.find("{x = 0, h = 1, c = 2}"), 21, "[0, 1, 2]");
    expect_refusal(text, {"decoder_inputs", "a list", "a table ROLE = index or name"});
}

}  // namespace
}  // namespace thimble
