#include "formats/wav.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/printable.h"
#include "formats/resample.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace thimble {

namespace {

constexpr uint16_t kTagPcm = 1, kTagFloat = 3, kTagExtensible = 0xFFFE;
constexpr uint32_t kToTheEnd = 0xFFFFFFFF;
constexpr int64_t kChannelsMax = 64;
constexpr size_t kRiffHeaderBytes = 12, kChunkHeaderBytes = 8, kFormatBytes = 16,
                 kExtensibleBytes = 26;  // up to the tag of the real format

// A sample as a left-justified 32-bit number.
constexpr int kFractionBits = 16;

struct Format {
    uint16_t tag = 0;
    int64_t channels = 0, rate_hz = 0, block_bytes = 0, bits = 0;

    int64_t sample_bytes() const { return bits / 8; }
};

class WavReader {
public:
    WavReader(std::span<const uint8_t> bytes, std::string_view file) : bytes_(bytes), file_(file) {}

    Sound read(int channel)
    {
        read_chunks();
        if (!format_) fail_wav("no chunk 'fmt '", "one that says how samples are stored");
        if (!data_) fail_wav("no chunk 'data'", "one that holds the samples");
        const Format& format = *format_;
        require(channel < format.channels, ErrorCode::T0105,
                {std::string(file_), fmt::format("{} channels", format.channels),
                 fmt::format("channel {}, counted from 0", channel), "channel = 0"});
        const auto frame_bytes = static_cast<size_t>(format.block_bytes);
        if (data_->size() % frame_bytes != 0)
            fail_wav(fmt::format("{} bytes of samples", data_->size()),
                     fmt::format("a multiple of {}: {} channels of {} bits", frame_bytes,
                                 format.channels, format.bits));
        Sound sound{
            format.rate_hz, static_cast<int>(format.channels), static_cast<int>(format.bits), {}};
        sound.samples.reserve(data_->size() / frame_bytes);
        for (size_t at = 0; at < data_->size(); at += frame_bytes)
            sound.samples.push_back(one_channel(data_->subspan(at, frame_bytes), channel));
        return sound;
    }

private:
    [[noreturn]] void fail_wav(std::string found, std::string expected) const
    {
        const std::string remedy =
            fmt::format("record it again, or: ffmpeg -i {} -c:a pcm_s16le -ac 1 new.wav", file_);
        fail(ErrorCode::T0105, {std::string(file_), std::move(found), std::move(expected), remedy});
    }

    uint64_t number(size_t at, size_t size) const
    {
        uint64_t value = 0;
        for (size_t i = 0; i < size; ++i) value |= uint64_t{bytes_[at + i]} << (8 * i);
        return value;
    }
    std::string_view letters(size_t at) const
    {
        return {reinterpret_cast<const char*>(bytes_.data()) + at, 4};
    }

    void read_chunks()
    {
        const std::string expected = "a WAVE file: RIFF, size, WAVE";
        if (bytes_.size() < kRiffHeaderBytes)
            fail_wav(fmt::format("{} bytes", bytes_.size()), expected);
        if (letters(0) != "RIFF" || letters(8) != "WAVE")
            fail_wav(fmt::format("a file that begins with '{}'", printable(letters(0))), expected);
        size_t end = bytes_.size();
        const uint64_t riff = number(4, 4);
        if (riff != 0 && riff != kToTheEnd) {
            // The pad byte of an odd last chunk is often left out.
            if (riff > bytes_.size() - 8 + 1)
                fail_wav(fmt::format("{} bytes behind the size: the file is cut short",
                                     bytes_.size() - 8),
                         fmt::format("{}, as the size says", riff));
            end = std::min(end, static_cast<size_t>(riff) + 8);
        }
        size_t at = kRiffHeaderBytes;
        while (at + kChunkHeaderBytes <= end) at = read_chunk(at, end);
    }

    // Returns the place behind the chunk.
    size_t read_chunk(size_t at, size_t end)
    {
        const std::string_view name = letters(at);
        uint64_t size = number(at + 4, 4);
        at += kChunkHeaderBytes;
        if (name == "data" && size == kToTheEnd) size = end - at;
        if (name == "data" && size == 0 && number(4, 4) == 0) size = end - at;
        if (size > end - at)
            fail_wav(fmt::format("{} bytes in chunk '{}': the file is cut short", end - at,
                                 printable(name)),
                     fmt::format("{}, as its size says", size));
        if (name == "fmt " && !format_) format_ = read_format(at, static_cast<size_t>(size));
        if (name == "data" && !data_) data_ = bytes_.subspan(at, static_cast<size_t>(size));
        return at + static_cast<size_t>(size + size % 2);
    }

    Format read_format(size_t at, size_t size) const
    {
        if (size < kFormatBytes)
            fail_wav(fmt::format("{} bytes in chunk 'fmt '", size),
                     fmt::format("at least {}", kFormatBytes));
        Format format;
        format.tag = static_cast<uint16_t>(number(at, 2));
        format.channels = static_cast<int64_t>(number(at + 2, 2));
        format.rate_hz = static_cast<int64_t>(number(at + 4, 4));
        format.block_bytes = static_cast<int64_t>(number(at + 12, 2));
        format.bits = static_cast<int64_t>(number(at + 14, 2));
        if (format.tag == kTagExtensible && size >= kExtensibleBytes)
            format.tag = static_cast<uint16_t>(number(at + 24, 2));
        check_format(format);
        return format;
    }

    void check_format(const Format& format) const
    {
        const bool pcm = format.tag == kTagPcm && (format.bits == 8 || format.bits == 16 ||
                                                   format.bits == 24 || format.bits == 32);
        const bool real = format.tag == kTagFloat && (format.bits == 32 || format.bits == 64);
        if (!pcm && !real)
            fail_wav(fmt::format("encoding {} with {} bits", format.tag, format.bits),
                     "linear PCM (1) of 8, 16, 24 or 32 bits, or float (3) of 32 or 64");
        if (format.channels < 1 || format.channels > kChannelsMax)
            fail_wav(fmt::format("{} channels", format.channels),
                     fmt::format("1 to {}", kChannelsMax));
        if (format.block_bytes != format.channels * format.sample_bytes())
            fail_wav(
                fmt::format("{} bytes for a sample of all channels", format.block_bytes),
                fmt::format("{}: {} channels of {} bits", format.channels * format.sample_bytes(),
                            format.channels, format.bits));
        if (format.rate_hz < kRateMin || format.rate_hz > kRateMax)
            fail_wav(fmt::format("{} samples a second", format.rate_hz),
                     fmt::format("{} to {}", kRateMin, kRateMax));
    }

    // A sample, times 2^(32 - bits) for integers, 2^31 for floats.
    int64_t sample(std::span<const uint8_t> at) const
    {
        uint64_t raw = 0;
        for (size_t i = 0; i < at.size(); ++i) raw |= uint64_t{at[i]} << (8 * i);
        if (format_->tag == kTagFloat) {
            const double value =
                at.size() == 4
                    ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(raw)))
                    : std::bit_cast<double>(raw);
            if (!std::isfinite(value))
                fail_wav("a sample that is no finite number", "samples from -1 to 1");
            const double scaled = std::floor(value * 0x1p31 + 0.5);
            return static_cast<int64_t>(std::clamp(scaled, -0x1p31, 0x1p31 - 1));
        }
        if (at.size() == 1) return (static_cast<int64_t>(raw) - 128) * (1 << 24);
        return static_cast<int32_t>(static_cast<uint32_t>(raw << (32 - 8 * at.size())));
    }

    int16_t one_channel(std::span<const uint8_t> frame, int channel) const
    {
        const auto size = static_cast<size_t>(format_->sample_bytes());
        int64_t sum = 0, count = 1;
        if (channel >= 0) {
            sum = sample(frame.subspan(static_cast<size_t>(channel) * size, size));
        } else {
            count = format_->channels;
            for (size_t at = 0; at < frame.size(); at += size)
                sum += sample(frame.subspan(at, size));
        }
        // Round half up of sum / (count * 2^16): floor((2 sum + divisor) / (2 divisor)).
        const int64_t divisor = count << kFractionBits;
        const int64_t twice = 2 * sum + divisor;
        int64_t value = twice / (2 * divisor);
        if (twice % (2 * divisor) < 0) --value;
        return static_cast<int16_t>(std::clamp<int64_t>(value, INT16_MIN, INT16_MAX));
    }

    std::span<const uint8_t> bytes_;
    std::string_view file_;
    std::optional<Format> format_;
    std::optional<std::span<const uint8_t>> data_;
};

}  // namespace

Sound parse_wav(std::span<const uint8_t> bytes, std::string_view file_name, int channel)
{
    return WavReader(bytes, file_name).read(channel);
}

Sound read_wav(const std::filesystem::path& path, int channel)
{
    return parse_wav(read_file(path), path.string(), channel);
}

std::string convert_rate(Sound& sound, int64_t rate_hz, std::string_view file_name)
{
    if (sound.rate_hz == rate_hz) return "";
    const int64_t before = sound.rate_hz;
    sound.samples = resampled(sound.samples, before, rate_hz);
    sound.rate_hz = rate_hz;
    std::string note = fmt::format("{}: resampled from {} to {} Hz", file_name, before, rate_hz);
    if (before < rate_hz) note += fmt::format("; it holds nothing above {} Hz", before / 2);
    return note;
}

}  // namespace thimble
