// Recordings written as files, and read again.
#include "data/write.h"

#include "folder.h"

namespace thimble {
namespace {

namespace fs = std::filesystem;

Dataset generated_set(const char* kind, DataKind data, int64_t count)
{
    DataOptions options;
    options.kind = data;
    options.generate = kind;
    options.count = count;
    return load_dataset(options);
}

std::vector<const Recording*> held_out(const Dataset& set)
{
    std::vector<const Recording*> list;
    for (const Recording& one : set.recordings)
        if (one.test) list.push_back(&one);
    return list;
}

TEST(WriteDataset, motion_comes_back)
{
    const TemporaryFolder folder;
    const Dataset set = generated_set("motion", DataKind::samples, 30);
    const std::vector<fs::path> files =
        write_dataset(set, DataKind::samples, folder.path() / "out");
    EXPECT_EQ(files.size(), 6u);
    EXPECT_EQ(files[0], folder.path() / "out" / "test" / "flex.csv");
    DataOptions options;
    options.folder = folder.path() / "out";
    options.files = {"test/*.csv", "train/*.csv"};
    options.labels = LabelSource::file;
    const Dataset back = load_dataset(options);
    ASSERT_EQ(back.recordings.size(), set.recordings.size());
    EXPECT_EQ(back.channels, set.channels);
    // Ordered by file: the held-out flexes come first.
    const Recording* first = nullptr;
    for (const Recording* one : held_out(set))
        if (!first && one->label == "flex") first = one;
    EXPECT_EQ(values_of(back.recordings[0]), values_of(*first));
    EXPECT_EQ(back.recordings[0].label, "flex");
}

TEST(WriteDataset, numbers_that_are_to_come_out_come_back)
{
    const TemporaryFolder folder;
    const Dataset set = generated_set("sine", DataKind::samples, 20);
    write_dataset(set, DataKind::samples, folder.path());
    DataOptions options;
    options.folder = folder.path();
    options.files = {"test/*.csv"};
    options.channels = {"x"};
    options.targets = {"y"};
    const Dataset back = load_dataset(options);
    const std::vector<const Recording*> wanted = held_out(set);
    ASSERT_EQ(back.recordings.size(), wanted.size());
    EXPECT_EQ(back.targets, (std::vector<std::string>{"y"}));
    for (size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(back.recordings[i].value(0), wanted[i]->value(0));
        EXPECT_EQ(back.recordings[i].targets, wanted[i]->targets);
    }
}

TEST(WriteDataset, pairs_come_back)
{
    const TemporaryFolder folder;
    const Dataset set = generated_set("dates", DataKind::text, 20);
    write_dataset(set, DataKind::text, folder.path());
    DataOptions options;
    options.folder = folder.path();
    options.files = {"test/*.tsv"};
    options.kind = DataKind::text;
    options.targets = {"2"};
    const Dataset back = load_dataset(options);
    const std::vector<const Recording*> wanted = held_out(set);
    ASSERT_EQ(back.recordings.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(back.recordings[i].bytes, wanted[i]->bytes);
        EXPECT_EQ(back.recordings[i].answer, wanted[i]->answer);
    }
}

TEST(WriteDataset, does_not_overwrite)
{
    const TemporaryFolder folder;
    const Dataset set = generated_set("sine", DataKind::samples, 5);
    write_dataset(set, DataKind::samples, folder.path());
    EXPECT_THROW(write_dataset(set, DataKind::samples, folder.path()), Error);
}

TEST(WriteDataset, refuses_a_text_that_a_line_cannot_hold)
{
    const TemporaryFolder folder;
    Dataset set;
    set.recordings.push_back({.type = DType::u8, .bytes = {'a', '\t'}, .shape = {2}});
    EXPECT_THROW(write_dataset(set, DataKind::text, folder.path()), Error);
}

}  // namespace
}  // namespace thimble
