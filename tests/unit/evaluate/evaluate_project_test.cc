// What counts as right: decisions of a stream, silence, numbers, labels in and out of range.
#include "evaluate/evaluate_project.h"

#include "../data/folder.h"
#include "base/error.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

// The greatest of three values decides, one decision for each row.
const char* const kStream = R"(
name = "levels"
[input]
kind = "motion"
channels = ["x", "y", "z"]
rate_hz = 10
[data]
files = "*.csv"
labels = "file"
split = {test = 0.5}
[[stage]]
kind = "normalize"
scale = 1
[[stage]]
kind = "argmax"
labels = ["ex", "why", "zed"]
)";

Evaluation evaluate(const DataFolder& data, const std::string& text)
{
    return evaluate_project(parse_project_file(text, data.folder.path() / "thimble.toml"),
                            {.all = true});
}

std::string refusal(const DataFolder& data, const std::string& text)
{
    try {
        evaluate(data, text);
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(EvaluateProject, takes_the_label_of_most_decisions)
{
    DataFolder data;
    data.write("ex.csv", "x,y,z\n0,9,0\n1,0,0\n2,0,0\n\n0,1,0\n0,2,0\n3,0,0\n");
    data.write("why.csv", "x,y,z\n0,4,0\n4,0,0\n");  // one of each: the earlier
    const Evaluation result = evaluate(data, kStream);
    EXPECT_EQ(result.samples, 3);
    EXPECT_EQ(result.confusion->counts()[0], (std::vector<int64_t>{1, 1, 0}));
    EXPECT_EQ(result.confusion->counts()[1], (std::vector<int64_t>{0, 1, 0}));
    EXPECT_NEAR(result.accuracy, 2.0 / 3, 1e-12);
    ASSERT_EQ(result.worst.size(), 3u);
    EXPECT_EQ(result.worst[0].place, "ex.csv:6");
    EXPECT_FALSE(result.worst[0].right);
    EXPECT_EQ(result.worst[0].decided, "why");
    EXPECT_EQ(result.worst[0].score, 2);
    EXPECT_EQ(result.worst[1].place, "ex.csv:2");  // right, but with the lowest score
    ASSERT_EQ(result.notes.size(), 1u);
    EXPECT_EQ(result.notes[0], "no recording of 'zed' was evaluated");
}

TEST(EvaluateProject, silence_is_right_where_a_label_is_never_reported)
{
    DataFolder data;
    data.write("ex.csv", "x,y,z\n9,0,0\n\n1,0,0\n");
    data.write("zed.csv", "x,y,z\n0,0,9\n\n0,0,1\n\n0,9,0\n");
    const Evaluation result = evaluate(
        data, std::string(kStream) +
                  "[[stage]]\nkind = \"threshold\"\nat_least = 5\nsilent = [\"zed\"]\n");
    EXPECT_EQ(result.confusion->columns().back(), "no decision");
    EXPECT_EQ(result.confusion->counts()[0], (std::vector<int64_t>{1, 0, 0, 1}));
    EXPECT_EQ(result.confusion->counts()[2], (std::vector<int64_t>{0, 1, 2, 0}));
    EXPECT_EQ(result.notes.back(), "1 recording gave no decision; the first is ex.csv:4");
    EXPECT_NEAR(result.accuracy, 3.0 / 5, 1e-12);
}

TEST(EvaluateProject, a_label_for_nothing_counts_only_alone)
{
    DataFolder data;
    data.write("ex.csv", "x,y,z\n1,0,0\n1,0,0\n9,0,0\n\n1,0,0\n");
    data.write("none.csv", "x,y,z\n0,0,1\n");
    const Evaluation result =
        evaluate(data, std::string(kStream) +
                           "[[stage]]\nkind = \"threshold\"\nat_least = 5\notherwise = \"none\"\n");
    EXPECT_EQ(result.confusion->counts()[0], (std::vector<int64_t>{1, 0, 0, 1}));
    EXPECT_EQ(result.confusion->counts()[3], (std::vector<int64_t>{0, 0, 0, 1}));
}

TEST(EvaluateProject, of_a_list_counts_the_first_and_tells_the_others)
{
    DataFolder data;
    data.write("ex.csv", "x,y,z\n9,1,0\n\n1,9,0\n\n0,1,9\n");
    data.write("why.csv", "x,y,z\n0,1,0\n");
    std::string text = kStream;
    text.replace(text.find("kind = \"argmax\""), 15, "kind = \"top_k\"\nk = 2");
    const Evaluation result = evaluate(data, text);
    EXPECT_NEAR(result.accuracy, 2.0 / 4, 1e-12);
    EXPECT_NEAR(result.among_best.value(), 3.0 / 4, 1e-12);
}

TEST(EvaluateProject, compares_numbers_with_their_targets)
{
    DataFolder data;
    data.write("sums.csv", "a,b\n1,2\n3,3.5\n-1,0\n");
    const std::string text = R"(
name = "halves"
[input]
kind = "tensor"
shape = [1]
[data]
files = "*.csv"
targets = "b"
samples = 1
[[stage]]
kind = "normalize"
add = 1
scale = 1
)";
    const Evaluation result = evaluate(data, text);
    ASSERT_TRUE(result.errors.has_value());
    EXPECT_NEAR(result.errors->maximum, 0.5, 1e-6);
    EXPECT_NEAR(result.errors->mean_absolute, 0.5 / 3, 1e-6);
    EXPECT_EQ(result.worst[0].place, "sums.csv:3");
    EXPECT_FALSE(result.confusion.has_value());
    std::string none = text;
    none.replace(none.find("targets = \"b\""), 13, "columns = \"a\"");
    EXPECT_NE(refusal(data, none).find("recordings without targets"), std::string::npos);
    std::string two = text;
    two.replace(two.find("shape = [1]"), 11, "shape = [2]");
    EXPECT_NE(refusal(data, two).find("sums.csv:2: shape [1, 1]"), std::string::npos)
        << refusal(data, two);
}

TEST(EvaluateProject, refuses_a_label_beyond_the_values_of_the_network)
{
    DataFolder data;
    data.write("table.csv", "x,y,z,c\n1,0,0,0\n1,0,0,7\n");
    std::string text = kStream;
    text.replace(text.find("labels = \"file\""), 15, "labels = \"column:c\"");
    text.replace(text.find("labels = [\"ex\", \"why\", \"zed\"]"), 29, "");
    const std::string said = refusal(data, text);
    EXPECT_NE(said.find("table.csv:3: the label '7'"), std::string::npos) << said;
    EXPECT_NE(said.find("0 to 2"), std::string::npos) << said;
}

TEST(EvaluateProject, takes_other_recordings)
{
    DataFolder own, other;
    own.write("ex.csv", "x,y,z\n1,0,0\n");
    other.write("why.csv", "x,y,z\n0,1,0\n\n1,0,0\n");
    const ProjectFile file = parse_project_file(kStream, own.folder.path() / "thimble.toml");
    const std::string pattern = (other.folder.path() / "*.csv").string();
    const Evaluation result =
        evaluate_project(file, {.data = "files = \"" + pattern + "\""});  // by file, as its own
    EXPECT_EQ(result.samples, 2);
    EXPECT_EQ(result.held_out, 2);
    EXPECT_EQ(result.confusion->counts()[1], (std::vector<int64_t>{1, 1, 0}));
    try {
        evaluate_project(file, {.data = "file = \"a\""});
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("--data:1"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("files"), std::string::npos) << error.what();
    }
}

TEST(EvaluateProject, says_when_nothing_is_held_out)
{
    DataFolder data;
    data.write("ex.csv", "x,y,z\n1,0,0\n");
    const ProjectFile file = parse_project_file(kStream, data.folder.path() / "thimble.toml");
    try {
        evaluate_project(file, {});
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_NE(error.text().found.find("none of 1 recording is held out"), std::string::npos);
        EXPECT_NE(error.text().remedy.find("--all"), std::string::npos);
    }
    EXPECT_EQ(evaluate(data, kStream).samples, 1);
}

}  // namespace
}  // namespace thimble
