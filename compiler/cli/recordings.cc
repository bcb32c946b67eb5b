#include "cli/recordings.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "data/dataset.h"
#include "formats/npy.h"
#include "formats/wav.h"
#include "verify/input_files.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

struct Wanted {
    const PipelineInterface& interface;
    const Tensor& input;   // of the graph
    int64_t sample_bytes;  // of one sample, or of the whole input

    std::string text() const
    {
        const std::string type(dtype_name(input.type));
        if (!interface.streamed()) return fmt::format("{}{}", type, shape_text(input.shape));
        return interface.row == 1 ? fmt::format("samples of {}", type)
                                  : fmt::format("rows of {} {}", interface.row, type);
    }
};

const char* files_text(InputKind kind)
{
    switch (kind) {
    case InputKind::motion:
        return ".csv with a column for each channel, .npy or .bin";
    case InputKind::audio:
        return ".wav, .npy or .bin";
    case InputKind::text:
        return ".txt, one text on each line, or .bin";
    case InputKind::image:
        return ".png, IDX, .npy or .bin";
    case InputKind::tensor:
        break;
    }
    return ".csv, the elements of one input after the other, .npy or .bin";
}

// Axes of length 1 say nothing about the order of elements.
Shape without_ones(const Shape& shape)
{
    Shape result;
    std::ranges::copy_if(shape, std::back_inserter(result), [](int64_t n) { return n != 1; });
    return result;
}

// Cuts `all` into pieces of `bytes`.
void add_pieces(const std::string& file, const Bytes& all, int64_t bytes,
                std::vector<RawRecording>& recordings)
{
    const auto count = static_cast<int64_t>(all.size()) / std::max<int64_t>(1, bytes);
    for (int64_t i = 0; i < count; ++i)
        recordings.push_back({count == 1 ? file : fmt::format("{}: item {}", file, i),
                              {all.begin() + i * bytes, all.begin() + (i + 1) * bytes}});
}

void read_raw(const std::string& file, const Wanted& wanted, std::vector<RawRecording>& recordings)
{
    Bytes bytes = read_file(file);
    const auto size = static_cast<int64_t>(bytes.size());
    require(size > 0 && size % wanted.sample_bytes == 0, ErrorCode::T0105,
            {file, fmt::format("{} bytes", size),
             fmt::format("{}, little-endian: a multiple of {} bytes", wanted.text(),
                         wanted.sample_bytes),
             "write the file again"});
    if (wanted.interface.streamed())
        recordings.push_back({file, std::move(bytes)});
    else
        add_pieces(file, bytes, wanted.sample_bytes, recordings);
}

// How many recordings the array holds; 0: it has another shape.
int64_t recordings_in(const NpyArray& array, const Wanted& wanted)
{
    const Shape& shape = array.shape;
    if (shape.empty() || element_count(shape) == 0) return 0;
    if (!wanted.interface.streamed()) {
        const int64_t count = element_count(wanted.input.shape);
        if (without_ones(shape) == without_ones(wanted.input.shape)) return 1;
        const Shape one(shape.begin() + 1, shape.end());
        return element_count(one) == count && without_ones(one) == without_ones(wanted.input.shape)
                   ? shape[0]
                   : 0;
    }
    const bool rows = shape.back() == wanted.interface.row && shape.size() >= 2;
    const size_t axes = shape.size() - (rows ? 1 : 0);
    if (!rows && wanted.interface.row != 1) return 0;
    return axes == 1 ? 1 : axes == 2 ? shape[0] : 0;
}

void read_array(const std::string& file, const Wanted& wanted,
                std::vector<RawRecording>& recordings)
{
    const NpyArray array = read_npy(file);
    const std::string type = npy_type_of(wanted.input.type);
    require(array.dtype == type, ErrorCode::T0105,
            {file, fmt::format("elements of type {}", array.dtype),
             fmt::format("type {} ({})", type, dtype_name(wanted.input.type)),
             fmt::format("numpy.save('{}', x.astype('{}'))", file, type)});
    const int64_t count = recordings_in(array, wanted);
    require(count > 0, ErrorCode::T0105,
            {file, fmt::format("shape {}", shape_text(array.shape)),
             wanted.interface.streamed()
                 ? fmt::format("{}: [samples, {}], or one axis more for many recordings",
                               wanted.text(), wanted.interface.row)
                 : fmt::format("{}, or one axis more for many", wanted.text()),
             "reshape the array"});
    add_pieces(file, array.bytes, static_cast<int64_t>(array.bytes.size()) / count, recordings);
}

void read_sound(const std::string& file, const Wanted& wanted,
                std::vector<RawRecording>& recordings, std::vector<std::string>& notes)
{
    Sound sound = read_wav(file);
    const std::string note = convert_rate(sound, std::llround(wanted.interface.rate_hz), file);
    if (!note.empty()) notes.push_back(note);
    Bytes bytes(sound.samples.size() * sizeof(int16_t));
    if (!bytes.empty()) std::memcpy(bytes.data(), sound.samples.data(), bytes.size());
    recordings.push_back({file, std::move(bytes)});
}

// Tables, lines of text and images, by the readers of training data.
void read_data(const std::string& file, const Wanted& wanted, DataKind kind,
               std::vector<RawRecording>& recordings)
{
    DataOptions options;
    options.files = {file};
    options.kind = kind;
    options.channels = wanted.interface.channels;
    options.place = "--input";
    for (const Recording& recording : load_dataset(options).recordings) {
        const int64_t bytes = recording.count() * element_bytes(wanted.input.type);
        const bool rows = wanted.interface.streamed() || wanted.interface.kind == InputKind::tensor;
        const bool fits = rows ? bytes % wanted.sample_bytes == 0
                              : without_ones(recording.shape) == without_ones(wanted.input.shape);
        require(fits, ErrorCode::T0105,
                {recording.place(), fmt::format("shape {}", shape_text(recording.shape)),
                 wanted.text(), "bring the file to this shape"});
        const Bytes values = values_as(recording, wanted.input.type);
        add_pieces(recording.place(), values,
                   wanted.interface.streamed() ? bytes : wanted.sample_bytes, recordings);
    }
}

void read_one(const std::string& file, const Wanted& wanted, std::vector<RawRecording>& recordings,
              std::vector<std::string>& notes)
{
    const std::string extension = lower_case(fs::path(file).extension().string());
    const InputKind kind = wanted.interface.kind;
    const auto among = [&](std::initializer_list<const char*> known) {
        return std::ranges::find(known, extension) != known.end();
    };
    if (extension == ".npy") return read_array(file, wanted, recordings);
    if (extension == ".bin") return read_raw(file, wanted, recordings);
    if (kind == InputKind::audio && extension == ".wav")
        return read_sound(file, wanted, recordings, notes);
    const bool idx = fs::path(file).filename().string().find("-idx") != std::string::npos;
    const bool table = kind == InputKind::motion || kind == InputKind::tensor;
    if (table && among({".csv", ".tsv", ".txt"}))
        return read_data(file, wanted, DataKind::samples, recordings);
    if (kind == InputKind::text && among({".txt", ".tsv"}))
        return read_data(file, wanted, DataKind::text, recordings);
    if (kind == InputKind::image && (among({".png"}) || idx))
        return read_data(file, wanted, DataKind::image, recordings);
    fail(ErrorCode::T0105, {file, "an input file of unknown kind for this project",
                            files_text(kind), "convert the file"});
}

}  // namespace

std::vector<RawRecording> read_recordings(const Graph& graph, const std::vector<std::string>& files,
                                          std::vector<std::string>& notes)
{
    const Wanted wanted{*graph.interface, graph.tensor(graph.inputs.at(0)), sample_bytes(graph)};
    require(
        !files.empty(), ErrorCode::T0004,
        {"--input", "no file",
         fmt::format("{}: {}", wanted.text(), files_text(wanted.interface.kind)), "--input FILE"});
    std::vector<RawRecording> recordings;
    for (const std::string& file : files) read_one(file, wanted, recordings, notes);
    return recordings;
}

}  // namespace thimble
