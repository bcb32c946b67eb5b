// Vocabularies out of the texts of a project.
#include "evaluate/make_vocabulary.h"

#include "../data/folder.h"
#include "project/data_section.h"
#include "project/vocabulary.h"

namespace thimble {
namespace {

using Lines = std::vector<std::string>;

std::vector<MadeVocabulary> vocabularies(const DataFolder& folder, const std::string& text,
                                         int64_t most)
{
    const ProjectFile file = parse_project_file(text, folder.folder.path() / "thimble.toml");
    return make_vocabularies(file, load_dataset(data_options(file)), most);
}

std::string text_project(const std::string& keys)
{
    return "[input]\nkind = \"text\"\n[[stage]]\nkind = \"vocabulary\"\nfile = \"words.txt\"\n"
           "max_words = 5\n" +
           keys +
           "[data]\nfiles = \"train.tsv\"\ntest_files = \"test.tsv\"\nlabels = \"column:1\"\n";
}

TEST(MakeVocabulary, the_most_frequent_words_of_the_texts_to_train_on)
{
    DataFolder folder;
    folder.write("train.tsv", "ham\tso far, so Good\nspam\tgood, so so bad\n");
    folder.write("test.tsv", "ham\tunseen unseen unseen unseen unseen\n");
    const auto made = vocabularies(folder, text_project("punctuation = \"token\"\n"), 3);
    ASSERT_EQ(made.size(), 1u);
    EXPECT_EQ(made[0].file, folder.folder.path() / "words.txt");
    EXPECT_EQ(made[0].lines, (Lines{"", "so", ",", "good"})) << "equally frequent: by their bytes";
    EXPECT_EQ(made[0].tokens, 5);
    EXPECT_EQ(made[0].kept, 8);
    EXPECT_EQ(made[0].seen, 10);
    const Lines apart =
        vocabularies(folder, text_project("lower = false\npad = 1\nunknown = 2\n"), 100)[0].lines;
    EXPECT_EQ(apart, (Lines{"so", "", "", "Good", "bad", "far,", "good,"}));
}

TEST(MakeVocabulary, both_sides_of_a_seq2seq)
{
    DataFolder folder;
    folder.write("pairs.tsv", "ba\tone two\nb\ttwo\n");
    const std::string text =
        "[[stage]]\nkind = \"seq2seq\"\nencoder = \"e.tflite\"\ndecoder = \"d.tflite\"\n"
        "layers = [{embedding = 2}]\ndecoder_network = {embedding = 2}\nbegin = 1\nend = 2\n"
        "source_vocabulary = \"letters.txt\"\nsource_tokens = \"char\"\n"
        "target_vocabulary = \"words.txt\"\nmax_source = 4\nmax_target = 4\n"
        "[data]\nfiles = \"pairs.tsv\"\ntargets = \"2\"\nsplit = {test = 0}\n";
    const auto made = vocabularies(folder, text, 100);
    ASSERT_EQ(made.size(), 2u);
    EXPECT_EQ(made[0].lines, (Lines{"", "b", "a"}));
    EXPECT_EQ(made[1].lines, (Lines{"", "", "", "two", "one"}));

    write_vocabularies(made);
    const ProjectFile file = parse_project_file(text, folder.folder.path() / "thimble.toml");
    EXPECT_EQ(read_vocabulary(file.stages[0], "target_vocabulary"), made[1].lines);
    try {
        write_vocabularies(made);
        ADD_FAILURE() << "written over";
    } catch (const Error& error) {
        EXPECT_EQ(error.text().found, "is there already");
    }
}

TEST(MakeVocabulary, a_project_without_one)
{
    DataFolder folder;
    folder.write("train.tsv", "ham\tso\n");
    folder.write("test.tsv", "ham\tso\n");
    std::string text = text_project("");
    text.replace(text.find("vocabulary"), 10, "hash_tokens");
    text.replace(text.find("file = \"words.txt\"\n"), 19, "");
    EXPECT_THROW(vocabularies(folder, text, 3), Error);
}

}  // namespace
}  // namespace thimble
