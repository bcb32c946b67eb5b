#include "project/audio_frontend.h"

#include "base/error.h"

#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kFftLengthMin = 8;
constexpr int64_t kFftLengthMax = 8192;
constexpr int64_t kWindowShift = 12;
constexpr int64_t kNoiseBits = 14;  // of the shares of the noise estimate
constexpr int64_t kSnrBits = 12;    // of the signal-to-noise ratio inside of PCAN
constexpr int64_t kSnrShiftMax = 31;

// Q14 by truncation of the float32 product, as the reference.
int64_t share_of(float value)
{
    return static_cast<int64_t>(value * static_cast<float>(1 << kNoiseBits));
}

int64_t input_bits_of(const AudioFrontend& s)
{
    return s.smoothing_bits - s.correction_bits();
}
int64_t snr_shift_of(const AudioFrontend& s)
{
    return s.pcan_gain_bits - s.correction_bits() - kSnrBits;
}

MelTables mel_tables_of(const AudioFrontend& s)
{
    return mel_tables({.bins = s.fft_length() / 2 + 1,
                       .rate_hz = s.rate_hz,
                       .channels = s.channels,
                       .low_hz = s.low_hz,
                       .high_hz = s.high_hz},
                      s.tables);
}

TensorId table_of(GraphBuilder& b, const std::string& name, const std::vector<int16_t>& values)
{
    return b.constant(name, {static_cast<int64_t>(values.size())}, values);
}

// Samples to the energy of the bins, uint32, and the shift of the auto scale.
std::pair<TensorId, TensorId> spectrum(GraphBuilder& b, TensorId samples, const AudioFrontend& s,
                                       const MelTables& mel)
{
    constexpr int64_t type_int16 = 7;  // number in the file format
    const TensorId window = table_of(b, "hann", hann_table(s.window, s.tables));
    const TensorId windowed = b.custom_node("SignalWindow", {samples, window},
                                            {{"shift", kWindowShift}}, {DType::i16})[0];
    const auto scaled =
        b.custom_node("SignalFftAutoScale", {windowed}, {}, {DType::i16, DType::i32});
    const TensorId bins =
        b.custom_node("SignalRfft", {scaled[0]},
                      {{"T", type_int16}, {"fft_length", s.fft_length()}}, {DType::i16})[0];
    const TensorId energy =
        b.custom_node("SignalEnergy", {bins}, {{"start_index", mel.begin}, {"end_index", mel.end}},
                      {DType::u32})[0];
    return {energy, scaled[1]};
}

TensorId channels_of(GraphBuilder& b, TensorId energy, TensorId scale, const AudioFrontend& s,
                     const MelTables& mel)
{
    const TensorId sums = b.custom_node(
        "SignalFilterBank",
        {energy, table_of(b, "mel weights", mel.weights),
         table_of(b, "mel unweights", mel.unweights), table_of(b, "mel bins", mel.bin_starts),
         table_of(b, "mel places", mel.weight_starts), table_of(b, "mel widths", mel.widths)},
        {{"num_channels", s.channels}}, {DType::u64})[0];
    return b.custom_node("SignalFilterBankSquareRoot", {sums, scale}, {}, {DType::u32})[0];
}

TensorId without_noise(GraphBuilder& b, TensorId signal, const AudioFrontend& s)
{
    constexpr int64_t one = int64_t{1} << kNoiseBits;
    const int64_t even = share_of(s.smoothing_even), odd = share_of(s.smoothing_odd);
    const auto reduced = b.custom_node("SignalFilterBankSpectralSubtraction", {signal},
                                       {{"num_channels", s.channels},
                                        {"smoothing", even},
                                        {"one_minus_smoothing", one - even},
                                        {"alternate_smoothing", odd},
                                        {"alternate_one_minus_smoothing", one - odd},
                                        {"smoothing_bits", s.smoothing_bits},
                                        {"min_signal_remaining", share_of(s.min_signal_remaining)},
                                        {"clamping", 0},
                                        {"spectral_subtraction_bits", kNoiseBits}},
                                       {DType::u32, DType::u32});
    if (!s.pcan) return reduced[0];
    const auto gain = pcan_table({.strength = s.pcan_strength,
                                  .offset = s.pcan_offset,
                                  .gain_bits = s.pcan_gain_bits,
                                  .input_bits = input_bits_of(s)});
    return b.custom_node("SignalPCAN", {reduced[0], reduced[1], table_of(b, "pcan gain", gain)},
                         {{"snr_shift", snr_shift_of(s)}}, {DType::u32})[0];
}

TensorId binary_i32(GraphBuilder& b, const std::string& op, TensorId value, int32_t operand)
{
    const auto constant = b.constant(fmt::format("{}", operand), {}, std::vector<int32_t>{operand});
    return b.node(op, {value, constant}, {}, DType::i32);
}

TensorId logarithm(GraphBuilder& b, TensorId signal, const AudioFrontend& s)
{
    if (s.log)
        return b.custom_node("SignalFilterBankLog", {signal},
                             {{"input_correction_bits", s.correction_bits()},
                              {"output_scale", int64_t{1} << s.log_scale_shift}},
                             {DType::i16})[0];
    // The reference's output is uint16, which saturates.
    constexpr int32_t most = 65535;
    return binary_i32(b, "MINIMUM", b.node("CAST", {signal}, {}, DType::i32), most);
}

TensorId scaled_output(GraphBuilder& b, TensorId value, AudioOutput output)
{
    if (output == AudioOutput::integer) return value;
    if (output == AudioOutput::real) {
        constexpr float step = 0.0390625f;  // 1 / 25.6
        const TensorId factor = b.constant("scale", {}, std::vector<float>{step});
        return b.node("MUL", {b.node("CAST", {value}, {}, DType::f32), factor}, {}, DType::f32);
    }
    // 666 = round(25.6 * 26): 26 is the range of features in training; the division truncates.
    TensorId wide = value;
    if (b.tensor(value).type != DType::i32) wide = b.node("CAST", {value}, {}, DType::i32);
    for (const auto& [op, operand] :
         std::initializer_list<std::pair<const char*, int32_t>>{{"MUL", 256},
                                                                {"ADD", 333},
                                                                {"DIV", 666},
                                                                {"ADD", -128},
                                                                {"MINIMUM", 127},
                                                                {"MAXIMUM", -128}})
        wide = binary_i32(b, op, wide, operand);
    return b.node("CAST", {wide}, {}, DType::i8);
}

}  // namespace

int64_t AudioFrontend::fft_length() const
{
    int64_t length = 1;
    while (length < window) length *= 2;
    return length;
}

int64_t AudioFrontend::correction_bits() const
{
    int64_t bits = -6;
    for (int64_t length = fft_length(); length > 1; length /= 2) ++bits;
    return bits;
}

void require_audio_frontend(const AudioFrontend& s, const KeyPlace& place)
{
    const auto wrong = [&](const char* key, std::string found, std::string expected,
                           std::string remedy) {
        fail(ErrorCode::T0106,
             {place(key), std::move(found), std::move(expected), std::move(remedy)});
    };
    if (s.fft_length() < kFftLengthMin || s.fft_length() > kFftLengthMax)
        wrong("window_ms", fmt::format("{} samples a window", s.window),
              fmt::format("{} to {}", kFftLengthMin / 2 + 1, kFftLengthMax), "window_ms = 30");
    if (!(s.low_hz < s.high_hz))
        wrong("low_hz", fmt::format("{} Hz, and high_hz = {}", s.low_hz, s.high_hz),
              "a band: low_hz < high_hz", "low_hz = 125");
    if (s.high_hz > static_cast<float>(s.rate_hz) / 2 ||
        mel_tables_of(s).end > s.fft_length() / 2 + 1)
        wrong("high_hz",
              fmt::format("{} Hz of a signal with {} samples a second", s.high_hz, s.rate_hz),
              fmt::format("at most {} Hz: half of the rate", s.rate_hz / 2),
              fmt::format("high_hz = {}", s.rate_hz / 2 - s.rate_hz / 32));
    if (s.pcan && (input_bits_of(s) < 0 || input_bits_of(s) > 31))
        wrong("smoothing_bits", fmt::format("{}", s.smoothing_bits),
              fmt::format("at least {} with this window and pcan", s.correction_bits()),
              "smoothing_bits = 10");
    if (s.pcan && (snr_shift_of(s) < 0 || snr_shift_of(s) > kSnrShiftMax))
        wrong("pcan_gain_bits", fmt::format("{}", s.pcan_gain_bits),
              fmt::format("at least {} with this window", s.correction_bits() + kSnrBits),
              "pcan_gain_bits = 21");
}

TensorId add_audio_frontend(GraphBuilder& b, TensorId samples, const AudioFrontend& settings)
{
    const MelTables mel = mel_tables_of(settings);
    const auto [energy, scale] = spectrum(b, samples, settings, mel);
    const TensorId channels = channels_of(b, energy, scale, settings, mel);
    const TensorId clean = without_noise(b, channels, settings);
    return scaled_output(b, logarithm(b, clean, settings), settings.output);
}

}  // namespace thimble
