// One reader for each kind of file; each appends the recordings of one file to a data set.
#pragma once

#include "data/dataset.h"

namespace thimble {

struct SourceFile {
    const DataOptions& options;
    std::filesystem::path path;
    std::string name;   // for people: relative to the project where possible
    std::string label;  // of the file or its folder; empty: labels come from elsewhere
};

// Rows of numbers, cut into recordings (table_reader.cc), or of texts.
void read_table(const SourceFile& file, std::string_view text, Dataset& dataset);
// Each line a recording, with `labels = "column:N"` the label before or behind a tab
// (text_reader.cc).
void read_text_lines(const SourceFile& file, std::string_view text, Dataset& dataset);
// .npy and IDX: the first axis counts the recordings (array_reader.cc).
void read_npy_recordings(const SourceFile& file, Dataset& dataset);
void read_idx_recordings(const SourceFile& file, Dataset& dataset);
// .png: one recording (array_reader.cc).
void read_png_recording(const SourceFile& file, Dataset& dataset);

// .wav: the mean of its channels at the input's rate, one recording, or one for each `samples`
// (sound_reader.cc).
void read_sound(const SourceFile& file, Dataset& dataset);

// Counts rows that made no whole recording.
void add_left_over(Dataset& dataset, const std::string& label, int64_t rows);
// Throws T0105 for a label without a character that can be seen.
void require_label(const std::string& label, const std::string& place);

}  // namespace thimble
