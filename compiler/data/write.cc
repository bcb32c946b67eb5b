#include "data/write.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace thimble {

namespace fs = std::filesystem;

namespace {

using Recordings = std::vector<const Recording*>;

std::string number_text(const Recording& recording, int64_t index)
{
    const double value = recording.value(index);
    // The shortest text that gives the same number again.
    return recording.type == DType::f32 ? fmt::format("{}", static_cast<float>(value))
                                        : fmt::format("{}", static_cast<int64_t>(value));
}

std::vector<std::string> column_names(const Dataset& dataset, int64_t columns)
{
    std::vector<std::string> names = dataset.channels;
    for (auto i = static_cast<int64_t>(names.size()); i < columns; ++i)
        names.push_back(fmt::format("c{}", i + 1));
    names.resize(static_cast<size_t>(columns));
    return names;
}

std::string table_text(const Dataset& dataset, const Recordings& recordings)
{
    const int64_t columns = recordings[0]->count() / std::max<int64_t>(1, recordings[0]->rows());
    std::vector<std::string> names = column_names(dataset, columns);
    const size_t targets = recordings[0]->targets.size();
    for (size_t i = 0; i < targets; ++i)
        names.push_back(i < dataset.targets.size() ? dataset.targets[i]
                                                   : fmt::format("target_{}", i + 1));
    std::string text = fmt::format("{}\n", fmt::join(names, ","));
    for (const Recording* one : recordings) {
        for (int64_t row = 0; row < one->rows(); ++row) {
            std::vector<std::string> cells;
            for (int64_t i = 0; i < columns; ++i)
                cells.push_back(number_text(*one, row * columns + i));
            for (const float value : one->targets) cells.push_back(fmt::format("{}", value));
            text += fmt::format("{}\n", fmt::join(cells, ","));
        }
        text += "\n";
    }
    return text;
}

std::vector<uint8_t> array_bytes(const Recordings& recordings)
{
    NpyArray array{.dtype = recordings[0]->type == DType::u8 ? "u1" : "f4",
                   .shape = recordings[0]->shape,
                   .bytes = {}};
    array.shape.insert(array.shape.begin(), std::ssize(recordings));
    for (const Recording* one : recordings) {
        require(one->shape == recordings[0]->shape, ErrorCode::T0105,
                {one->place(), "an image of another size", "images of one size", "resize them"});
        const std::vector<uint8_t> bytes =
            values_as(*one, array.dtype == "u1" ? DType::u8 : DType::f32);
        array.bytes.insert(array.bytes.end(), bytes.begin(), bytes.end());
    }
    return format_npy(array);
}

// Two texts of one line of a .tsv.
std::string line_of(const Recording& recording, const std::string& first, const std::string& second)
{
    const bool holds = (first + second).find_first_of("\t\n\r") == std::string::npos;
    require(holds, ErrorCode::T0105,
            {recording.place(), "a text with a tab or an end of line",
             "texts that one line of a .tsv holds", "clean the text"});
    return first + "\t" + second + "\n";
}

void write_lines(const Recordings& recordings, const fs::path& folder, std::vector<fs::path>& files)
{
    std::string lines;
    for (const Recording* one : recordings) {
        const std::string text(one->bytes.begin(), one->bytes.end());
        lines += one->answer.empty() ? line_of(*one, one->label, text)
                                     : line_of(*one, text, one->answer);
    }
    files.push_back(folder / "texts.tsv");
    write_file(files.back(), lines);
}

void write_part(const Dataset& dataset, DataKind kind, const std::string& part,
                const fs::path& folder, std::vector<fs::path>& files)
{
    std::map<std::string, Recordings> labels;
    Recordings all;
    for (const Recording& one : dataset.recordings) {
        if (part_of(one) != part) continue;
        labels[one.label].push_back(&one);
        all.push_back(&one);
    }
    if (all.empty()) return;
    fs::create_directories(folder);
    if (kind == DataKind::text) return write_lines(all, folder, files);
    for (const auto& [label, recordings] : labels) {
        require(label.find('/') == std::string::npos, ErrorCode::T0105,
                {recordings[0]->place(), fmt::format("the label '{}'", label),
                 "a label that a file's name can hold", "rename it"});
        const std::string stem = label.empty() ? "recordings" : label;
        files.push_back(folder / (stem + (kind == DataKind::image ? ".npy" : ".csv")));
        if (kind == DataKind::image)
            write_file(files.back(), array_bytes(recordings));
        else
            write_file(files.back(), table_text(dataset, recordings));
    }
}

}  // namespace

std::vector<fs::path> write_dataset(const Dataset& dataset, DataKind kind, const fs::path& folder)
{
    std::error_code problem;
    require(!fs::exists(folder, problem) || fs::is_empty(folder, problem), ErrorCode::T0005,
            {folder.string(), "holds files already", "a new or empty folder",
             "choose another folder, or empty it"});
    std::vector<fs::path> files;
    for (const char* part : {"test", "train", "validation"})
        write_part(dataset, kind, part, folder / part, files);
    return files;
}

}  // namespace thimble
