// Labelled recordings: what the section [data] of a thimble.toml describes.
//
// Files are found by patterns, each is read by the reader of its kind, cut into recordings,
// labelled, and all recordings are split into those to train on and those to test on. Or the
// project makes them itself (generate/). The same files or the same seed give the same recordings
// in the same order, and the same split, on every machine.
//
// Tested by tests/unit/data/.
#pragma once

#include "data/recording.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

enum class DataKind : uint8_t { samples, text, image };

enum class LabelSource : uint8_t {
    none,
    file,    // name of the file: see label_of_file()
    folder,  // name of the folder around the file
    column,  // a column of the table, or of a text line
    beside,  // a file of labels beside it: NAME-labels-idx1-ubyte, NAME_labels.npy
};

enum class Header : uint8_t { automatic, present, absent };

enum class SplitBy : uint8_t { recording, file, hash };

struct SplitOptions {
    double test = 0.2;  // share that is held out, [0, 1)
    SplitBy by = SplitBy::recording;
    uint64_t seed = 1;
};

struct DataOptions {
    std::filesystem::path folder;  // relative patterns are seen from here
    std::vector<std::string> files;
    std::vector<std::string> test_files;  // held out as they are; with them `split` has no effect
    std::vector<std::string> validation_files;  // to choose the best epoch by
    DataKind kind = DataKind::samples;
    LabelSource labels = LabelSource::none;
    std::string label_column;              // of LabelSource::column: a name, or a number from 1
    std::vector<std::string> label_names;  // those that the decision knows; may be empty
    std::vector<std::string> columns;      // channels to take, in this order; empty: see `channels`
    std::vector<std::string> channels;     // of the input; empty: all columns that are left
    std::vector<std::string> targets;      // columns that the network shall give; of texts one
    std::string group;                     // a new value in this column begins a recording
    int64_t samples = 0;                   // rows of each recording; 0: as long as they are
    int64_t pad_to = 0;                    // rows that a sound has at least
    char delimiter = 0;                    // 0: found
    Header header = Header::automatic;
    double rate_hz = 0;   // of the input: sounds are brought to it; 0: not known
    bool unique = false;  // keep the first of equal recordings
    SplitOptions split;
    std::string generate;  // kind of generated recordings; empty: `files`
    int64_t count = 0;     // of generated recordings; 0: what their kind says
    uint64_t seed = 1;     // of generated recordings
    std::string place;     // of the section in its file, for errors
    bool project = true;   // thimble.toml says all of this: remedies may name its keys
};

// Rows behind the last whole recording of `samples` rows.
struct LeftOver {
    std::string label;
    int64_t recordings = 0;
    int64_t rows = 0;
};

struct Dataset {
    std::vector<Recording> recordings;  // by file, then by place in the file
    std::vector<std::string> channels;  // names, where the files give any
    std::vector<std::string> targets;   // the same of the numbers that shall be given
    std::vector<LeftOver> left_over;    // by label
    std::vector<std::string> notes;     // said to the user: sounds that were resampled
    int64_t files = 0;
};

// Throws T0101 (no file, unreadable) and T0105 (a file that is not what it should be, with line).
Dataset load_dataset(const DataOptions& options);

// Sets where labels stand, as users write it: "file", "folder", "beside" or "column:NAME"; nothing
// for "". Throws T0106, without a project T0004, for anything else, with `place` in front.
void set_labels(DataOptions& options, const std::string& text, const std::string& place);

// The label that a file's name gives: the longest of `known` that is the whole stem or ends before
// `_`, `-`, `.`, a blank or a digit; without one, the stem up to its first `_`, without digits and
// `-` at its end. "punch_7.csv", "punch12.csv" and "punch.csv" give "punch".
std::string label_of_file(const std::filesystem::path& path, const std::vector<std::string>& known);

// What was found of each label, in the order of the labels' names.
struct LabelSummary {
    std::string label;
    int64_t recordings = 0;
    int64_t rows = 0;      // of all recordings
    int64_t shortest = 0;  // rows
    int64_t longest = 0;
    int64_t train = 0;  // recordings
    int64_t validation = 0;
    int64_t test = 0;
    int64_t left_over = 0;  // rows that made no whole recording
};
std::vector<LabelSummary> summarize(const Dataset& dataset);

}  // namespace thimble
