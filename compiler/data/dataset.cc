#include "data/dataset.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "data/edits.h"
#include "data/find_files.h"
#include "data/generate/generate.h"
#include "data/readers.h"
#include "data/split.h"
#include "formats/idx.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace fs = std::filesystem;

namespace {

using Reader = void (*)(const SourceFile&, Dataset&);

template <void (*read)(const SourceFile&, std::string_view, Dataset&)>
void read_text(const SourceFile& file, Dataset& dataset)
{
    read(file, read_text_file(file.path), dataset);
}

Reader reader_of(const SourceFile& file)
{
    const std::string extension = lower_case(file.path.extension().string());
    const bool text = file.options.kind == DataKind::text;
    if (is_idx_name(file.path.filename().string())) return read_idx_recordings;
    if (extension == ".csv") return read_text<read_table>;
    if (extension == ".tsv" || extension == ".txt")
        return text ? read_text<read_text_lines> : read_text<read_table>;
    if (extension == ".wav") return read_sound;
    if (extension == ".npy") return read_npy_recordings;
    if (extension == ".png") return read_png_recording;
    fail(ErrorCode::T0105, {file.name, "a data file of unknown kind",
                            ".csv, .tsv, .txt, .wav, .npy, .png, or IDX (NAME-images-idx3-ubyte)",
                            project_edit(file.options,
                                         "convert the file, or make the patterns of "
                                         "`files` narrower")});
}

// Relative to the project where that is shorter to read.
std::string shown_name(const fs::path& path, const fs::path& folder)
{
    const fs::path relative = path.lexically_relative(folder);
    const std::string text = relative.generic_string();
    return text.empty() || text.starts_with("..") ? path.lexically_normal().generic_string() : text;
}

std::string label_by_name(const SourceFile& file)
{
    switch (file.options.labels) {
    case LabelSource::file:
        return label_of_file(file.path, file.options.label_names);
    case LabelSource::folder:
        return fs::absolute(file.path).lexically_normal().parent_path().filename().string();
    default:
        return "";
    }
}

bool parts_names(char c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ' || (c >= '0' && c <= '9');
}

// Appends the recordings of the files that `patterns` mean; returns how many there were before.
size_t read_files(const DataOptions& options, const std::vector<std::string>& patterns,
                  Dataset& dataset)
{
    const std::vector<fs::path> files = find_files(options.folder, patterns, options.place);
    const size_t before = dataset.recordings.size();
    for (const fs::path& path : files) {
        SourceFile file{options, path, shown_name(path, options.folder), ""};
        file.label = label_by_name(file);
        if (options.labels == LabelSource::file || options.labels == LabelSource::folder)
            require_label(file.label, file.name);
        reader_of(file)(file, dataset);
        ++dataset.files;
    }
    require(dataset.recordings.size() > before, ErrorCode::T0105,
            {options.place, fmt::format("no whole recording in {} files", files.size()),
             options.samples > 0 ? fmt::format("recordings of {} rows", options.samples)
                                 : "at least one recording",
             options.samples > 0 ? "lower `samples`" : "add recordings"});
    return before;
}

}  // namespace

void require_label(const std::string& label, const std::string& place)
{
    require(
        !split_words(label).empty(), ErrorCode::T0105,
        {place, "an empty label", "the recording's label", "fill it in, or remove the recording"});
}

void add_left_over(Dataset& dataset, const std::string& label, int64_t rows)
{
    for (LeftOver& known : dataset.left_over) {
        if (known.label != label) continue;
        ++known.recordings;
        known.rows += rows;
        return;
    }
    dataset.left_over.push_back({label, 1, rows});
}

void set_labels(DataOptions& options, const std::string& text, const std::string& place)
{
    constexpr std::string_view column = "column:";
    if (text.empty()) return;
    if (text.starts_with(column) && text.size() > column.size()) {
        options.labels = LabelSource::column;
        options.label_column = text.substr(column.size());
        return;
    }
    constexpr std::pair<const char*, LabelSource> known[] = {{"file", LabelSource::file},
                                                             {"folder", LabelSource::folder},
                                                             {"beside", LabelSource::beside}};
    std::vector<std::string> names;
    for (const auto& [name, source] : known) {
        names.emplace_back(name);
        if (text != name) continue;
        options.labels = source;
        return;
    }
    const std::string like = nearest(text, names);
    fail(options.project ? ErrorCode::T0106 : ErrorCode::T0004,
         {place, fmt::format("the text '{}'", text), "one of: file, folder, beside, column:NAME",
          labels_edit(options, like.empty() ? "file" : like)});
}

std::string label_of_file(const fs::path& path, const std::vector<std::string>& known)
{
    const std::string stem = path.stem().string();
    const std::string* best = nullptr;
    for (const std::string& label : known) {
        const bool begins = !label.empty() && stem.starts_with(label) &&
                            (stem.size() == label.size() || parts_names(stem[label.size()]));
        if (begins && (!best || label.size() > best->size())) best = &label;
    }
    if (best) return *best;
    const std::string first = stem.substr(0, stem.find('_'));
    const std::string word = first.substr(0, first.find_last_not_of("0123456789- ") + 1);
    // "7_george_12" is a seven; "12" alone says nothing.
    return word.empty() && first.size() < stem.size() ? first : word;
}

Dataset load_dataset(const DataOptions& options)
{
    Dataset dataset;
    if (!options.generate.empty()) {
        generate_recordings(options, dataset);
        return dataset;
    }
    dataset.targets = options.targets;
    read_files(options, options.files, dataset);
    const int64_t dropped = options.unique ? drop_equal(dataset.recordings) : 0;
    if (dropped > 0)
        dataset.notes.push_back(
            fmt::format("{} recordings equal others and are left out", dropped));
    std::vector<Recording>& recordings = dataset.recordings;
    if (options.test_files.empty())
        split_recordings(options.split, recordings);
    else
        for (size_t i = read_files(options, options.test_files, dataset); i < recordings.size();
             ++i)
            recordings[i].test = true;
    if (!options.validation_files.empty())
        for (size_t i = read_files(options, options.validation_files, dataset);
             i < recordings.size(); ++i)
            recordings[i].validation = true;
    return dataset;
}

std::vector<LabelSummary> summarize(const Dataset& dataset)
{
    std::map<std::string, LabelSummary> labels;
    for (const Recording& recording : dataset.recordings) {
        LabelSummary& summary = labels[recording.label];
        const int64_t rows = recording.rows();
        summary.shortest = summary.recordings == 0 ? rows : std::min(summary.shortest, rows);
        summary.longest = std::max(summary.longest, rows);
        ++summary.recordings;
        summary.rows += rows;
        ++(recording.test         ? summary.test
           : recording.validation ? summary.validation
                                  : summary.train);
    }
    for (const LeftOver& left : dataset.left_over) labels[left.label].left_over += left.rows;
    std::vector<LabelSummary> result;
    for (auto& [label, summary] : labels) {
        summary.label = label;
        result.push_back(summary);
    }
    return result;
}

}  // namespace thimble
