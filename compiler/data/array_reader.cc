// Arrays and images: .npy, IDX and .png.
//
// The first axis of an array counts the recordings. An image of one channel has the shape
// [height, width, 1], whatever it came from. Where the input has channels, what one recording holds
// is seen as rows of them.
#include "base/error.h"
#include "base/file.h"
#include "data/edits.h"
#include "data/readers.h"
#include "formats/idx.h"
#include "formats/npy.h"
#include "formats/png.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <span>

namespace thimble {

namespace fs = std::filesystem;

namespace {

template <typename T> void copy_values(const NpyArray& array, size_t begin, std::span<double> to)
{
    for (size_t i = 0; i < to.size(); ++i) {
        T value;
        std::memcpy(&value, array.bytes.data() + (begin + i) * sizeof(T), sizeof(T));
        to[i] = static_cast<double>(value);
    }
}

// Elements from `begin` on, as many as `to` holds.
void copy_elements(const NpyArray& array, size_t begin, std::span<double> to)
{
    const std::string& type = array.dtype;
    if (type == "f4") return copy_values<float>(array, begin, to);
    if (type == "f8") return copy_values<double>(array, begin, to);
    if (type == "i1") return copy_values<int8_t>(array, begin, to);
    if (type == "i2") return copy_values<int16_t>(array, begin, to);
    if (type == "i4") return copy_values<int32_t>(array, begin, to);
    if (type == "i8") return copy_values<int64_t>(array, begin, to);
    if (type == "u2") return copy_values<uint16_t>(array, begin, to);
    if (type == "u4") return copy_values<uint32_t>(array, begin, to);
    if (type == "u8") return copy_values<uint64_t>(array, begin, to);
    copy_values<uint8_t>(array, begin, to);
}

// The shape of one recording.
Shape recording_shape(const SourceFile& file, const Shape& shape)
{
    Shape one(shape.begin() + 1, shape.end());
    const int64_t count = element_count(one);
    const auto channels = static_cast<int64_t>(file.options.channels.size());
    if (file.options.kind == DataKind::image && one.size() == 2) one.push_back(1);
    if (file.options.kind != DataKind::samples || channels == 0) {
        if (one.empty()) one.push_back(1);
        return one;
    }
    require(count % channels == 0, ErrorCode::T0105,
            {file.name, fmt::format("{} values a recording, shape {}", count, shape_text(shape)),
             fmt::format("rows of {} channels", channels), "correct the array, or `channels`"});
    return {count / channels, channels};
}

// The file of labels that belongs to `path`, by the names that are in use.
fs::path labels_path(const fs::path& path)
{
    std::string name = path.filename().string();
    if (!is_idx_name(name)) return path.parent_path() / (path.stem().string() + "_labels.npy");
    const size_t images = name.rfind("images");
    const size_t rank = name.rfind("idx") + 3;
    name[rank] = '1';
    if (images != std::string::npos) name.replace(images, 6, "labels");
    return path.parent_path() / name;
}

std::vector<std::string> labels_beside(const SourceFile& file, size_t count)
{
    const fs::path path = labels_path(file.path);
    std::error_code ignored;
    require(path != file.path && fs::is_regular_file(path, ignored), ErrorCode::T0101,
            {file.name, fmt::format("no file of labels '{}' beside it", path.filename().string()),
             "NAME-labels-idx1-ubyte for NAME-images-idx3-ubyte, NAME_labels.npy for NAME.npy",
             "add the file, or label by folder or file: " + labels_edit(file.options, "folder")});
    const NpyArray labels = is_idx_name(path.filename().string()) ? read_idx(path) : read_npy(path);
    const auto held = static_cast<size_t>(element_count(labels.shape));
    require(held == count && labels.dtype[0] != 'f', ErrorCode::T0105,
            {path.string(), fmt::format("{} labels of type {}", held, labels.dtype),
             fmt::format("{} whole numbers, one for each recording of {}", count, file.name),
             "export both files again"});
    std::vector<std::string> texts;
    std::vector<double> numbers(count);
    copy_elements(labels, 0, numbers);
    for (size_t i = 0; i < count; ++i) {
        const auto number = static_cast<int64_t>(numbers[i]);
        // A number is the place of its name where the decision knows the names.
        const std::vector<std::string>& names = file.options.label_names;
        const bool named = number >= 0 && static_cast<size_t>(number) < names.size();
        texts.push_back(named ? names[static_cast<size_t>(number)] : std::to_string(number));
    }
    return texts;
}

void add_array(const SourceFile& file, const NpyArray& array, Dataset& dataset)
{
    require(!array.shape.empty() && element_count(array.shape) > 0, ErrorCode::T0105,
            {file.name, "shape " + shape_text(array.shape),
             "an array whose first axis counts the recordings", "save it with a leading axis"});
    require(file.options.kind != DataKind::text, ErrorCode::T0105,
            {file.name, "an array of numbers", "text: .txt, .tsv, .csv", "kind = \"tensor\""});
    const Shape shape = recording_shape(file, array.shape);
    const auto count = static_cast<size_t>(array.shape[0]);
    const auto size = static_cast<size_t>(element_count(shape));
    const bool beside = file.options.labels == LabelSource::beside;
    const std::vector<std::string> labels =
        beside ? labels_beside(file, count) : std::vector<std::string>(count, file.label);
    std::vector<double> values(size);
    for (size_t item = 0; item < count; ++item) {
        Recording recording{.shape = shape, .label = labels[item], .file = file.name,
                            .first = static_cast<int64_t>(item)};
        copy_elements(array, item * size, values);
        if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
            fail(ErrorCode::T0105, {recording.place(), "a value that is not finite",
                                    "finite numbers", "clean the array"});
        pack_values(values, array.dtype == "u1", recording);
        dataset.recordings.push_back(std::move(recording));
    }
}

}  // namespace

void read_npy_recordings(const SourceFile& file, Dataset& dataset)
{
    add_array(file, parse_npy(read_file(file.path), file.name), dataset);
}

void read_idx_recordings(const SourceFile& file, Dataset& dataset)
{
    add_array(file, parse_idx(read_file(file.path), file.name), dataset);
}

void read_png_recording(const SourceFile& file, Dataset& dataset)
{
    Image image = parse_png(read_file(file.path), file.name);
    dataset.recordings.push_back({.type = DType::u8,
                                  .bytes = std::move(image.pixels),
                                  .shape = {image.height, image.width, image.channels},
                                  .label = file.label,
                                  .file = file.name,
                                  .first = kWholeFile});
}

}  // namespace thimble
