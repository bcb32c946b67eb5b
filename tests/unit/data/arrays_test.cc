// Arrays, images and texts as recordings.
#include "data/dataset.h"

#include "../shared_folder.h"
#include "folder.h"
#include "formats/npy.h"

namespace thimble {
namespace {

using Bytes = std::vector<uint8_t>;

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(ArrayReader, idx_takes_its_labels_from_the_file_beside_it)
{
    DataFolder data;
    data.write("t-images-idx3-ubyte",
               text_of({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40}));
    data.write("t-labels-idx1-ubyte", text_of({0, 0, 8, 1, 0, 0, 0, 2, 7, 1}));
    DataOptions options = data.options({"*-images-*"});
    options.kind = DataKind::image;
    options.labels = LabelSource::beside;
    options.label_names = {"zero", "one"};
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(set.recordings[0].shape, (Shape{1, 2, 1}));
    EXPECT_EQ(set.recordings[0].label, "7");
    EXPECT_EQ(set.recordings[1].label, "one");
    EXPECT_EQ(set.recordings[1].bytes, (Bytes{30, 40}));
    data.write("t-labels-idx1-ubyte", text_of({0, 0, 8, 1, 0, 0, 0, 1, 7}));
    EXPECT_EQ(refusal_of(options).found, "1 labels of type u1");
    std::filesystem::remove(data.folder.path() / "t-labels-idx1-ubyte");
    EXPECT_EQ(refusal_of(options).found, "no file of labels 't-labels-idx1-ubyte' beside it");
}

TEST(ArrayReader, npy_is_seen_as_rows_of_channels)
{
    DataFolder data;
    write_npy(data.folder.path() / "punch.npy", {"i1", {2, 1, 6}, Bytes(12, 0xFF)});
    DataOptions options = data.options({"*.npy"});
    options.channels = {"x", "y", "z"};
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(set.recordings[1].shape, (Shape{2, 3}));
    EXPECT_EQ(set.recordings[1].value(5), -1);
    EXPECT_EQ(set.recordings[1].place(), "punch.npy: item 1");
    options.channels.push_back("w");
    EXPECT_EQ(refusal_of(options).expected, "rows of 4 channels");
}

TEST(TextReader, splits_the_label_off)
{
    DataFolder data;
    data.write("sms.tsv", "ham\tGo\tnow\r\n\nspam\tFree\n");
    DataOptions options = data.options({"sms.tsv"});
    options.kind = DataKind::text;
    options.labels = LabelSource::column;
    options.label_column = "1";
    Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(set.recordings[0].label, "ham");
    EXPECT_EQ(text_of(set.recordings[0].bytes), "Go\tnow");
    EXPECT_EQ(set.recordings[1].place(), "sms.tsv:3");
    options.label_column = "2";
    set = load_dataset(options);
    EXPECT_EQ(set.recordings[0].label, "now");
    EXPECT_EQ(text_of(set.recordings[0].bytes), "ham\tGo");
    options.labels = LabelSource::file;
    set = load_dataset(options);
    EXPECT_EQ(set.recordings[1].label, "sms");
    EXPECT_EQ(text_of(set.recordings[1].bytes), "spam\tFree");
    data.write("sms.tsv", "ham\tGo\nspam\n");
    options.labels = LabelSource::column;
    EXPECT_EQ(refusal_of(options).place, "sms.tsv:2");
}

TEST(TextReader, reads_texts_from_tables)
{
    DataFolder data;
    data.write("a.csv", "text,label\n\"Hello, you\",good\nno,bad\n");
    DataOptions options = data.options({"a.csv"});
    options.kind = DataKind::text;
    options.labels = LabelSource::column;
    options.label_column = "label";
    const Dataset set = load_dataset(options);
    ASSERT_EQ(set.recordings.size(), 2u);
    EXPECT_EQ(text_of(set.recordings[0].bytes), "Hello, you");
    EXPECT_EQ(set.recordings[1].label, "bad");
}

TEST(TextReader, reads_a_public_corpus)
{
    const std::filesystem::path shared = shared_folder();
    if (shared.empty()) GTEST_SKIP() << "no shared folder";
    DataOptions options;
    options.folder = shared / "data";
    options.files = {"sms_spam/sms.tsv"};
    options.kind = DataKind::text;
    options.labels = LabelSource::column;
    options.label_column = "1";
    const std::vector<LabelSummary> labels = summarize(load_dataset(options));
    ASSERT_EQ(labels.size(), 2u);
    EXPECT_EQ(labels[0].label, "ham");
    EXPECT_EQ(labels[0].recordings, 3860);
    EXPECT_EQ(labels[1].recordings, 610);
}

// Three samples (1, 2, 3) of 16 bit, one channel, 8 kHz.
TEST(SoundReader, a_short_sound_stands_in_the_middle_of_silence)
{
    DataFolder data;
    data.write("7_george_1.wav",
               text_of({'R', 'I', 'F', 'F', 42, 0, 0, 0, 'W', 'A', 'V', 'E', 'f', 'm', 't', ' ', 16,
                        0, 0, 0, 1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0, 'd',
                        'a', 't', 'a', 6, 0, 0, 0, 1, 0, 2, 0, 3, 0}));
    DataOptions options = data.options({"*.wav"});
    options.pad_to = 6;
    const Dataset padded = load_dataset(options);
    EXPECT_EQ(values_of(padded.recordings.at(0)), (std::vector<double>{0, 1, 2, 3, 0, 0}));
    EXPECT_EQ(padded.recordings[0].label, "7");
    options.pad_to = 2;
    EXPECT_EQ(load_dataset(options).recordings.at(0).shape, (Shape{3, 1}));
}

TEST(FindFiles, patterns_mean_files_in_one_order)
{
    DataFolder data;
    for (const char* name : {"b/x.csv", "a/x.csv", "a/deep/x.csv", "a/.hidden.csv", "top.csv"})
        data.write(name, "1\n");
    DataOptions options = data.options({"**/*.csv", "top.csv"});
    std::vector<std::string> names;
    for (const Recording& recording : load_dataset(options).recordings)
        names.push_back(recording.file);
    EXPECT_EQ(names, (std::vector<std::string>{"a/deep/x.csv", "a/x.csv", "b/x.csv", "top.csv"}));
    options.files = {"tops.csv"};
    EXPECT_EQ(refusal_of(options).remedy, "\"top.csv\"");
    EXPECT_EQ(refusal_of(options).place, "thimble.toml:9: files");
}

}  // namespace
}  // namespace thimble
