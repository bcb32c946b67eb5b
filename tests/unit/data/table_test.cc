// Tables: how they are cut, labelled, and refused.
#include "data/dataset.h"

#include "../shared_folder.h"
#include "folder.h"

namespace thimble {
namespace {

using Values = std::vector<double>;

TEST(TableReader, cuts_at_blank_lines_and_repeated_headers)
{
    DataFolder data;
    data.write("punch.csv", "aX,aY\n1,2\n3,4\n\n5,6\n\n\naX,aY\n7,8\naX,aY\n9,10\n");
    const Dataset set = load_dataset(data.options({"*.csv"}));
    ASSERT_EQ(set.recordings.size(), 4u);
    EXPECT_EQ(values_of(set.recordings[0]), (Values{1, 2, 3, 4}));
    EXPECT_EQ(set.recordings[0].shape, (Shape{2, 2}));
    EXPECT_EQ(set.recordings[0].place(), "punch.csv:2");
    EXPECT_EQ(values_of(set.recordings[1]), (Values{5, 6}));
    EXPECT_EQ(values_of(set.recordings[2]), (Values{7, 8}));
    EXPECT_EQ(set.recordings[2].place(), "punch.csv:9");
    EXPECT_EQ(values_of(set.recordings[3]), (Values{9, 10}));
    for (const Recording& recording : set.recordings) EXPECT_EQ(recording.label, "punch");
    EXPECT_EQ(set.channels, (std::vector<std::string>{"aX", "aY"}));
}

TEST(TableReader, equal_recordings_count_once_where_asked)
{
    DataFolder data;
    data.write("a.csv", "x\n1\n2\n1\n");
    DataOptions options = data.options({"*.csv"});
    options.samples = 1;
    EXPECT_EQ(load_dataset(options).recordings.size(), 3u);
    options.unique = true;
    const Dataset set = load_dataset(options);
    EXPECT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(set.notes, (std::vector<std::string>{"1 recordings equal others and are left out"}));
}

TEST(TableReader, files_that_are_held_out)
{
    DataFolder data;
    data.write("train/a.csv", "x\n1\n\n2\n");
    data.write("test/a.csv", "x\n3\n");
    DataOptions options = data.options({"train/*.csv"});
    options.test_files = {"test/*.csv"};
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 3u);
    EXPECT_FALSE(set.recordings[0].test || set.recordings[1].test);
    EXPECT_TRUE(set.recordings[2].test);
    EXPECT_EQ(set.files, 2);
    options.test_files = {"nothing/*.csv"};
    EXPECT_EQ(refusal_of(options).found, "no file matches 'nothing/*.csv'");
    options.test_files = {"data/mnist/*-idx3-ubyte"};
    EXPECT_EQ(refusal_of(options).remedy,
              "tools/get-data mnist --into " + (data.folder.path() / "data").string());
}

TEST(TableReader, files_to_choose_the_best_epoch_by)
{
    DataFolder data;
    data.write("train/a.csv", "x\n1\n\n2\n\n3\n\n4\n");
    data.write("valid/a.csv", "x\n5\n\n6\n");
    data.write("test/a.csv", "x\n7\n");
    DataOptions options = data.options({"train/*.csv"});
    options.validation_files = {"valid/*.csv"};
    const auto parts = [](const Dataset& set) {
        std::string text;
        for (const Recording& one : set.recordings) text += part_of(one)[0];
        return text;
    };
    options.test_files = {"test/*.csv"};
    EXPECT_EQ(parts(load_dataset(options)), "tttttvv");
    const std::vector<LabelSummary> sums = summarize(load_dataset(options));
    ASSERT_EQ(sums.size(), 1u);
    EXPECT_EQ(sums[0].train, 4);
    EXPECT_EQ(sums[0].validation, 2);
    EXPECT_EQ(sums[0].test, 1);
    // A split takes nothing of them.
    options.test_files.clear();
    options.split.test = 0.5;
    const Dataset split = load_dataset(options);
    EXPECT_EQ(summarize(split)[0].test, 2);
    EXPECT_TRUE(split.recordings[4].validation && split.recordings[5].validation);
    options.validation_files = {"nothing/*.csv"};
    EXPECT_EQ(refusal_of(options).found, "no file matches 'nothing/*.csv'");
}

TEST(TableReader, cuts_at_a_new_group_and_after_samples)
{
    DataFolder data;
    data.write("ring_a.csv", "sequence,ax\n0,1\n0,2\n0,3\n1,4\n1,5\n");
    DataOptions options = data.options({"*.csv"});
    options.group = "sequence";
    EXPECT_EQ(load_dataset(options).recordings.size(), 2u);
    options.samples = 2;
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(values_of(set.recordings[1]), (Values{4, 5}));
    ASSERT_EQ(set.left_over.size(), 1u);  // the third row of sequence 0
    EXPECT_EQ(set.left_over[0].rows, 1);
    EXPECT_EQ(summarize(set)[0].left_over, 1);
    EXPECT_EQ(summarize(set)[0].label, "ring");
}

TEST(TableReader, takes_columns_in_the_order_asked_for)
{
    DataFolder data;
    data.write("a.csv", "t,x,y,z\n0,1,2,3\n1,4,5,6\n");
    DataOptions options = data.options({"a.csv"});
    options.columns = {"z", "x"};
    EXPECT_EQ(values_of(load_dataset(options).recordings[0]), (Values{3, 1, 6, 4}));
    options.columns.clear();
    options.channels = {"y", "t"};
    EXPECT_EQ(values_of(load_dataset(options).recordings[0]), (Values{2, 0, 5, 1}));
}

TEST(TableReader, labels_come_from_a_column_and_a_new_one_cuts)
{
    DataFolder data;
    data.write("all.csv", "label;x\nwalk;1,5\nwalk;2\n\"stand, still\";-3,25\nwalk;4\n");
    DataOptions options = data.options({"all.csv"});
    options.labels = LabelSource::column;
    options.label_column = "label";
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 3u);
    EXPECT_EQ(values_of(set.recordings[0]), (Values{1.5, 2}));  // decimal commas behind `;`
    EXPECT_EQ(set.recordings[1].label, "stand, still");
    EXPECT_EQ(values_of(set.recordings[1]), (Values{-3.25}));
    EXPECT_EQ(set.recordings[2].label, "walk");
}

TEST(TableReader, a_table_without_header_has_numbered_columns)
{
    DataFolder data;
    data.write("a.csv",
               "\xEF\xBB\xBF"
               "1\t2\t3\r\n4\t5\t6\r\n");
    DataOptions options = data.options({"a.csv"});
    EXPECT_EQ(values_of(load_dataset(options).recordings[0]), (Values{1, 2, 3, 4, 5, 6}));
    options.columns = {"3"};
    EXPECT_EQ(values_of(load_dataset(options).recordings[0]), (Values{3, 6}));
    options.columns = {"x"};
    EXPECT_EQ(refusal_of(options).place, "a.csv:1");
}

TEST(TableReader, names_file_line_and_column_of_what_is_wrong)
{
    DataFolder data;
    data.write("punch.csv", "aX,aY,note\n1,2,ok\n3,4o,ok\n");
    DataOptions options = data.options({"punch.csv"});
    options.columns = {"aX", "aZ"};
    ErrorText text = refusal_of(options);
    EXPECT_EQ(text.place, "punch.csv:1");
    EXPECT_EQ(text.found, "has no column 'aZ'");
    EXPECT_EQ(text.expected, "one of: aX, aY, note");
    EXPECT_EQ(text.remedy, "columns = [..., \"aX\"]");
    options.columns = {"aX", "aY"};
    text = refusal_of(options);
    EXPECT_EQ(text.place, "punch.csv:3: column 'aY'");
    EXPECT_EQ(text.found, "'4o'");
    EXPECT_NE(text.remedy.find("aX"), std::string::npos);
    options.columns.clear();
    EXPECT_EQ(refusal_of(options).place, "punch.csv:2: column 'note'");
    data.write("punch.csv", "aX,aY\n1,2\n3\n");
    text = refusal_of(options);
    EXPECT_EQ(text.place, "punch.csv:3");
    EXPECT_EQ(text.found, "1 cells");
    data.write("punch.csv", "aX,aY\n1,\n");
    EXPECT_EQ(refusal_of(options).found, "an empty cell");
    data.write("punch.csv", "aX,aY\n1,nan\n");
    EXPECT_EQ(refusal_of(options).found, "'nan'");
    data.write("punch.csv", "");
    EXPECT_EQ(refusal_of(options).found, "holds no row");
}

TEST(TableReader, an_empty_label_is_refused)
{
    DataFolder data;
    data.write("7.csv", "x\n1\n");
    EXPECT_EQ(refusal_of(data.options({"7.csv"})).found, "an empty label");
    data.write("a.csv", "label,x\nw,1\n ,2\n");
    DataOptions options = data.options({"a.csv"});
    options.labels = LabelSource::column;
    options.label_column = "label";
    EXPECT_EQ(refusal_of(options).place, "a.csv:3: column 'label'");
}

TEST(LabelOfFile, follows_known_labels_and_then_the_first_word)
{
    EXPECT_EQ(label_of_file("d/punch.csv", {}), "punch");
    EXPECT_EQ(label_of_file("punch_17.csv", {}), "punch");
    EXPECT_EQ(label_of_file("punch12.csv", {}), "punch");
    EXPECT_EQ(label_of_file("punch-2.csv", {}), "punch");
    EXPECT_EQ(label_of_file("negative_ccw_1.csv", {}), "negative");
    EXPECT_EQ(label_of_file("left_turn_3.csv", {"left", "left_turn"}), "left_turn");
    EXPECT_EQ(label_of_file("leftover.csv", {"left"}), "leftover");
    EXPECT_EQ(label_of_file("12.csv", {}), "");
    EXPECT_EQ(label_of_file("7_george_12.csv", {}), "7");
}

// What the public recordings beside the checkout hold, counted by other means.
struct PublicSet {
    const char* name;
    std::vector<std::string> files;
    std::string group;
    std::vector<std::string> columns;
    int64_t samples;
    std::vector<std::tuple<std::string, int64_t, int64_t>> labels;  // recordings, rows
};

TEST(TableReader, reads_public_recordings)
{
    const std::filesystem::path shared = shared_folder();
    if (shared.empty()) GTEST_SKIP() << "no shared folder";
    const PublicSet sets[] = {
        {"gesture",
         {"gesture_synthetic/*.csv"},
         "",
         {},
         50,
         {{"flex", 120, 6000}, {"punch", 120, 6000}}},
        {"wand",
         {"magic_wand/*.csv"},
         "sequence",
         {"ax", "ay", "az"},
         0,
         {{"negative", 39, 9665}, {"ring", 61, 4443}, {"slope", 62, 3576}, {"wing", 60, 4547}}},
        {"motion",
         {"motion/sensordata.csv"},
         "",
         {"acc_x", "acc_y", "acc_z"},
         50,
         {{"sensordata", 41, 2050}}},
    };
    for (const PublicSet& one : sets) {
        DataOptions options;
        options.folder = shared / "data";
        options.files = one.files;
        options.labels = LabelSource::file;
        options.group = one.group;
        options.columns = one.columns;
        options.samples = one.samples;
        const Dataset set = load_dataset(options);
        std::vector<std::tuple<std::string, int64_t, int64_t>> found;
        for (const LabelSummary& s : summarize(set))
            found.emplace_back(s.label, s.recordings, s.rows);
        EXPECT_EQ(found, one.labels) << one.name;
    }
}

}  // namespace
}  // namespace thimble
