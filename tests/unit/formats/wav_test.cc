// Sound files of every encoding, cut at every byte, and with chunks in any order.
#include "formats/wav.h"

#include "../shared_folder.h"
#include "base/error.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace thimble {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes little_endian(uint64_t value, size_t size)
{
    Bytes bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts)
{
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

Bytes letters(std::string_view text)
{
    return {text.begin(), text.end()};
}

Bytes chunk(std::string_view name, const Bytes& data)
{
    return joined({letters(name), little_endian(data.size(), 4), data, Bytes(data.size() % 2)});
}

Bytes format(int tag, int channels, int rate, int bits)
{
    const int block = channels * bits / 8;
    return chunk("fmt ", joined({little_endian(static_cast<uint64_t>(tag), 2),
                                 little_endian(static_cast<uint64_t>(channels), 2),
                                 little_endian(static_cast<uint64_t>(rate), 4),
                                 little_endian(static_cast<uint64_t>(rate * block), 4),
                                 little_endian(static_cast<uint64_t>(block), 2),
                                 little_endian(static_cast<uint64_t>(bits), 2)}));
}

Bytes riff(const Bytes& chunks)
{
    return joined({letters("RIFF"), little_endian(4 + chunks.size(), 4), letters("WAVE"), chunks});
}

Bytes pcm(int bits, int channels, std::initializer_list<int64_t> samples)
{
    Bytes data;
    for (const int64_t sample : samples)
        data = joined(
            {data, little_endian(static_cast<uint64_t>(sample), static_cast<size_t>(bits / 8))});
    return riff(joined({format(1, channels, 16000, bits), chunk("data", data)}));
}

std::vector<int16_t> samples_of(const Bytes& file, int channel = kMeanOfChannels)
{
    return parse_wav(file, "a.wav", channel).samples;
}

ErrorText refusal_of(const Bytes& file, int channel = kMeanOfChannels)
{
    try {
        parse_wav(file, "a.wav", channel);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0105);
        EXPECT_EQ(error.text().place, "a.wav");
        return error.text();
    }
    ADD_FAILURE() << "accepted";
    return {};
}

using Samples = std::vector<int16_t>;

TEST(Wav, widths_become_int16_rounded_half_up)
{
    EXPECT_EQ(samples_of(pcm(8, 1, {0, 127, 128, 129, 255})),
              (Samples{-32768, -256, 0, 256, 32512}));
    EXPECT_EQ(samples_of(pcm(16, 1, {-32768, -1, 0, 32767})), (Samples{-32768, -1, 0, 32767}));
    EXPECT_EQ(samples_of(pcm(24, 1, {-8388608, -129, -128, 127, 128, 8388607})),
              (Samples{-32768, -1, 0, 0, 1, 32767}));
    EXPECT_EQ(samples_of(pcm(32, 1, {INT32_MIN, -32769, -32768, 32767, 32768, INT32_MAX})),
              (Samples{-32768, -1, 0, 0, 1, 32767}));
}

TEST(Wav, floats_saturate)
{
    const auto file = [](int bits, std::initializer_list<double> values) {
        Bytes data;
        for (const double value : values)
            data = joined(
                {data, bits == 32
                           ? little_endian(std::bit_cast<uint32_t>(static_cast<float>(value)), 4)
                           : little_endian(std::bit_cast<uint64_t>(value), 8)});
        return riff(joined({format(3, 1, 16000, bits), chunk("data", data)}));
    };
    for (const int bits : {32, 64}) {
        EXPECT_EQ(samples_of(file(bits, {-2, -1, 0, 0x1p-15, 0x1p-16, 0.5, 1, 1e30})),
                  (Samples{-32768, -32768, 0, 1, 1, 16384, 32767, 32767}));
        EXPECT_EQ(refusal_of(file(bits, {0.0, std::nan("")})).found,
                  "a sample that is no finite number");
    }
}

TEST(Wav, channels_are_averaged_or_chosen)
{
    const Bytes file = pcm(16, 2, {100, 201, -3, -4, 32767, 32767, -32768, 32767});
    EXPECT_EQ(samples_of(file), (Samples{151, -3, 32767, 0}));
    EXPECT_EQ(samples_of(file, 0), (Samples{100, -3, 32767, -32768}));
    EXPECT_EQ(samples_of(file, 1), (Samples{201, -4, 32767, 32767}));
    EXPECT_EQ(refusal_of(file, 2).found, "2 channels");
    EXPECT_EQ(samples_of(pcm(16, 3, {1, 2, 2, -1, -2, -2})), (Samples{2, -2}));
    const Sound sound = parse_wav(file, "a.wav");
    EXPECT_EQ(sound.rate_hz, 16000);
    EXPECT_EQ(sound.channels, 2);
    EXPECT_EQ(sound.bits, 16);
}

TEST(Wav, chunks_stand_in_any_order)
{
    const Bytes data = chunk("data", little_endian(0x0102, 2));
    const Bytes other = chunk("LIST", {1, 2, 3});
    const Bytes fmt = format(1, 1, 8000, 16);
    for (const Bytes& chunks : {joined({fmt, other, data}), joined({data, fmt, other}),
                                joined({other, data, other, fmt}), joined({fmt, data, data})})
        EXPECT_EQ(samples_of(riff(chunks)), Samples{0x0102});
    EXPECT_EQ(refusal_of(riff(data)).found, "no chunk 'fmt '");
    EXPECT_EQ(refusal_of(riff(fmt)).found, "no chunk 'data'");
    EXPECT_EQ(samples_of(pcm(16, 1, {})), Samples{});
}

TEST(Wav, an_extensible_format_names_the_real_one)
{
    Bytes body = format(0xFFFE, 1, 16000, 16);
    body.erase(body.begin(), body.begin() + 8);
    const Bytes extension = joined({little_endian(22, 2), little_endian(16, 2), little_endian(4, 4),
                                    little_endian(1, 2), Bytes(14)});
    EXPECT_EQ(samples_of(riff(joined(
                  {chunk("fmt ", joined({body, extension})), chunk("data", little_endian(7, 2))}))),
              Samples{7});
}

TEST(Wav, sizes_that_a_pipe_leaves_open_reach_to_the_end)
{
    for (const uint64_t open : {uint64_t{0}, uint64_t{0xFFFFFFFF}}) {
        const Bytes file = joined({letters("RIFF"), little_endian(open, 4), letters("WAVE"),
                                   format(1, 1, 16000, 16), letters("data"), little_endian(open, 4),
                                   little_endian(5, 2)});
        EXPECT_EQ(samples_of(file), Samples{5}) << open;
    }
}

TEST(Wav, every_cut_is_refused)
{
    const Bytes whole = riff(joined({chunk("LIST", {1, 2, 3, 4}), format(1, 1, 16000, 24),
                                     chunk("data", {1, 2, 3, 4, 5, 6, 7, 8, 9})}));
    // Without the pad byte of the last chunk the file is complete.
    EXPECT_EQ(samples_of(Bytes(whole.begin(), whole.end() - 1)).size(), 3u);
    for (size_t size = 0; size + 1 < whole.size(); ++size)
        refusal_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const ErrorText text = refusal_of(Bytes(whole.begin(), whole.end() - 3));
    EXPECT_EQ(text.found, "55 bytes behind the size: the file is cut short");
    EXPECT_EQ(text.expected, "58, as the size says");
    EXPECT_EQ(text.remedy, "record it again, or: ffmpeg -i a.wav -c:a pcm_s16le -ac 1 new.wav");
}

TEST(Wav, other_encodings_are_refused)
{
    const auto with = [](const Bytes& fmt) { return riff(joined({fmt, chunk("data", {})})); };
    EXPECT_EQ(refusal_of(with(format(7, 1, 8000, 8))).found, "encoding 7 with 8 bits");
    EXPECT_EQ(refusal_of(with(format(1, 1, 8000, 12))).found, "encoding 1 with 12 bits");
    EXPECT_EQ(refusal_of(with(format(3, 1, 8000, 16))).found, "encoding 3 with 16 bits");
    EXPECT_EQ(refusal_of(with(format(1, 0, 8000, 16))).found, "0 channels");
    EXPECT_EQ(refusal_of(with(format(1, 65, 8000, 16))).found, "65 channels");
    EXPECT_EQ(refusal_of(with(format(1, 1, 10, 16))).found, "10 samples a second");
    Bytes block = format(1, 1, 8000, 16);
    block[20] = 3;
    EXPECT_EQ(refusal_of(with(block)).found, "3 bytes for a sample of all channels");
    EXPECT_EQ(refusal_of(letters("RIFX0000WAVE")).found, "a file that begins with 'RIFX'");
    const Bytes odd = riff(joined({format(1, 2, 8000, 16), chunk("data", {1, 2, 3})}));
    EXPECT_EQ(refusal_of(odd).found, "3 bytes of samples");
}

TEST(Wav, every_changed_byte_ends_well)
{
    const Bytes whole = pcm(16, 2, {1, 2, 3, 4});
    for (size_t at = 0; at < whole.size(); ++at)
        for (const int value : {0, 1, 0x7F, 0x80, 0xFF}) {
            Bytes changed = whole;
            changed[at] = static_cast<uint8_t>(value);
            try {
                parse_wav(changed, "a.wav");
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::T0105);
            }
        }
}

TEST(Wav, reads_recordings)
{
    const auto clips = shared_folder() / "data/speech_clips";
    if (shared_folder().empty() || !std::filesystem::exists(clips)) GTEST_SKIP() << "no clips";
    const Sound yes = read_wav(clips / "tflm/yes_1000ms.wav");
    EXPECT_EQ(yes.rate_hz, 16000);
    EXPECT_EQ(yes.samples.size(), 16000u);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(clips))
        if (entry.path().extension() == ".wav") {
            EXPECT_FALSE(read_wav(entry.path()).samples.empty()) << entry.path();
        }
    Sound slow = read_wav(clips / "microlite/yes-8khz-2sec.wav");
    EXPECT_EQ(convert_rate(slow, 8000, "yes.wav"), "");
    EXPECT_EQ(convert_rate(slow, 16000, "yes.wav"),
              "yes.wav: resampled from 8000 to 16000 Hz; it holds nothing above 4000 Hz");
    EXPECT_EQ(slow.samples.size(), 32000u);
}

}  // namespace
}  // namespace thimble
