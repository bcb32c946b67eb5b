// What other recordings keep of a project's [data].
#include "evaluate/other_data.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

ProjectFile project()
{
    return parse_project_file(R"(
[input]
kind = "motion"
channels = ["x", "y"]
[data]
files = "own/*.csv"
labels = "file"
group = "sequence"
windows = "last"
at = "normalize"
[[stage]]
kind = "window"
samples = 4
hop = 2
[[stage]]
kind = "normalize"
[[stage]]
kind = "network"
model = "m.tflite"
)", "p/thimble.toml");
}

TEST(OtherData, files_are_read_as_the_projects_own_without_their_labels)
{
    const ProjectFile other = with_files(project(), {"/tmp/a.csv"}, "", "--calibration");
    const Settings& data = *other.data();
    EXPECT_EQ(data.texts("files"), std::vector<std::string>{"/tmp/a.csv"});
    EXPECT_EQ(data.text("group"), "sequence");
    EXPECT_EQ(data.text("windows"), "last");
    EXPECT_EQ(data.text("at"), "normalize");
    EXPECT_FALSE(data.has("labels"));
    EXPECT_EQ(data.table("split")->number("test"), 0);
    EXPECT_EQ(with_files(project(), {"a.csv"}, "column:y", "--calibration").data()->text("labels"),
              "column:y");
}

TEST(OtherData, keys_that_are_said_win)
{
    const ProjectFile other = with_data(project(), "files = \"b.csv\", at = \"window\"");
    const Settings& data = *other.data();
    EXPECT_EQ(data.text("at"), "window");
    EXPECT_EQ(data.text("labels"), "file");
    EXPECT_FALSE(data.has("group"));
}

}  // namespace
}  // namespace thimble
