// Sound files as recordings.
#include "base/error.h"
#include "base/file.h"
#include "data/edits.h"
#include "data/readers.h"
#include "formats/wav.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

void read_sound(const SourceFile& file, Dataset& dataset)
{
    require(file.options.kind != DataKind::text && file.options.kind != DataKind::image,
            ErrorCode::T0105,
            {file.name, "a sound", "text or images, as the input says",
             project_edit(file.options, "make the patterns of `files` narrower")});
    Sound sound = parse_wav(read_file(file.path), file.name);
    if (file.options.rate_hz > 0) {
        const std::string note = convert_rate(sound, std::lround(file.options.rate_hz), file.name);
        if (!note.empty()) dataset.notes.push_back(note);
    }
    const auto least = static_cast<size_t>(file.options.pad_to);
    if (sound.samples.size() < least) {
        sound.samples.insert(sound.samples.begin(), (least - sound.samples.size()) / 2, 0);
        sound.samples.resize(least);
    }
    const size_t count = sound.samples.size();
    const size_t size =
        file.options.samples > 0 ? static_cast<size_t>(file.options.samples) : count;
    for (size_t begin = 0; begin < count; begin += size) {
        if (count - begin < size) {
            add_left_over(dataset, file.label, static_cast<int64_t>(count - begin));
            break;
        }
        Recording recording{
            .type = DType::i16,
            .bytes = std::vector<uint8_t>(size * sizeof(int16_t)),
            .shape = {static_cast<int64_t>(size), 1},
            .label = file.label,
            .file = file.name,
            .first = file.options.samples > 0 ? static_cast<int64_t>(begin / size) : kWholeFile};
        std::memcpy(recording.bytes.data(), sound.samples.data() + begin, recording.bytes.size());
        dataset.recordings.push_back(std::move(recording));
    }
}

}  // namespace thimble
