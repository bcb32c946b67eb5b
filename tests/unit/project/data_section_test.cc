// [data] as options: what each key becomes, and what is refused.
#include "project/data_section.h"

#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

ProjectFile file_of(const std::string& data)
{
    return parse_project_file("name = \"x\"\n[input]\nkind = \"motion\"\n"
                              "channels = [\"a\", \"b\"]\n"
                              "[[stage]]\nkind = \"trigger\"\nthreshold = 1\nsamples = 3\n"
                              "[[stage]]\nkind = \"normalize\"\n[[stage]]\nkind = \"normalize\"\n"
                              "[[stage]]\nkind = \"argmax\"\nlabels = [\"one\", \"two\"]\n" + data,
                              "x/thimble.toml");
}

std::string refusal(const std::string& data)
{
    try {
        const ProjectFile file = file_of(data);
        entry_stage(file);
        data_options(file);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(DataSection, every_key_becomes_an_option)
{
    const ProjectFile file = file_of(
        "[data]\nfiles = [\"a/*.csv\", \"b.csv\"]\nlabels = \"column:who\"\ngroup = \"g\"\n"
        "columns = [\"b\", \"a\"]\nsamples = 7\nheader = false\ndelimiter = \"tab\"\n"
        "at = \"normalize:2\"\nsplit = {test = 0.5, by = \"hash\", seed = 9}\n");
    const DataOptions options = data_options(file);
    EXPECT_EQ(options.folder, "x");
    EXPECT_EQ(options.files, (std::vector<std::string>{"a/*.csv", "b.csv"}));
    EXPECT_EQ(options.labels, LabelSource::column);
    EXPECT_EQ(options.label_column, "who");
    EXPECT_EQ(options.columns, (std::vector<std::string>{"b", "a"}));
    EXPECT_EQ(options.channels, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(options.label_names, (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(options.samples, 7);
    EXPECT_EQ(options.delimiter, '\t');
    EXPECT_EQ(options.header, Header::absent);
    EXPECT_EQ(options.split.test, 0.5);
    EXPECT_EQ(options.split.by, SplitBy::hash);
    EXPECT_EQ(options.split.seed, 9u);
    EXPECT_EQ(entry_stage(file), 2u);
}

TEST(DataSection, generated_recordings)
{
    const ProjectFile file = file_of("[data]\ngenerate = \"motion\"\ncount = 7\nseed = 3\n");
    const DataOptions options = data_options(file);
    EXPECT_EQ(options.generate, "motion");
    EXPECT_EQ(options.count, 7);
    EXPECT_EQ(options.seed, 3u);
    EXPECT_TRUE(options.files.empty());
    for (const auto& [data, found] :
         {std::pair{"", "files: is missing"},
          std::pair{"files = \"a.csv\"\ngenerate = \"motion\"\n", "stands beside `files`"},
          std::pair{"files = \"a.csv\"\ncount = 3\n", "count: has no effect on files"},
          std::pair{"generate = \"motion\"\nlabels = \"file\"\n", "labels: has no effect"},
          std::pair{"generate = \"sine\"\nsplit = {test = 0.5}\n", "split: 'sine' decides"},
          std::pair{"generate = \"moton\"\n", "moton"}})
        EXPECT_NE(refusal(std::string("[data]\n") + data).find(found), std::string::npos)
            << refusal(std::string("[data]\n") + data);
}

TEST(DataSection, has_defaults)
{
    const ProjectFile file = file_of("[data]\nfiles = \"a.csv\"\n");
    const DataOptions options = data_options(file);
    EXPECT_EQ(options.labels, LabelSource::none);
    EXPECT_EQ(options.header, Header::automatic);
    EXPECT_EQ(options.split.test, 0.2);
    EXPECT_EQ(options.split.by, SplitBy::recording);
    EXPECT_EQ(entry_stage(file), 0u);
}

TEST(DataSection, refuses_with_the_nearest_word)
{
    EXPECT_NE(refusal("").find("no [data]"), std::string::npos);
    EXPECT_NE(refusal("[data]\nfiles = \"a\"\nlabels = \"foldr\"\n").find("labels = \"folder\""),
              std::string::npos);
    EXPECT_NE(refusal("[data]\nfiles = \"a\"\nat = \"normalise\"\n").find("at = \"normalize\""),
              std::string::npos);
    EXPECT_NE(refusal("[data]\nfiles = \"a\"\ncolums = \"a\"\n").find("'columns'"),
              std::string::npos);
}

}  // namespace
}  // namespace thimble
