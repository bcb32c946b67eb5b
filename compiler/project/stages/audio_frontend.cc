// Sound to features: frames are cut from the stream, each becomes one row of channels.
#include "base/error.h"
#include "project/audio_frontend.h"
#include "project/stage.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

// Whole samples in so many milliseconds; the small number catches rates like 44100 Hz, for which a
// product is just below a whole one.
int64_t samples_of(double ms, double rate_hz)
{
    return static_cast<int64_t>(std::floor(ms * rate_hz / 1000 + 1e-6));
}

Cut cut(const Settings& stage, const PipelineInterface& input)
{
    const int64_t window = samples_of(stage.number("window_ms"), input.rate_hz);
    const int64_t hop = samples_of(stage.number("step_ms"), input.rate_hz);
    require(hop >= 1 && hop <= window, ErrorCode::T0106,
            {stage.place("step_ms"), fmt::format("a step of {} samples", hop),
             fmt::format("1 to {}, the samples of a window", window), "step_ms = 20"});
    return {window, hop};
}

AudioOutput output_of(const std::string& name)
{
    if (name == "int8") return AudioOutput::int8;
    return name == "float" ? AudioOutput::real : AudioOutput::integer;
}

AudioTables tables_of(const std::string& name)
{
    if (name == "audio_preprocessor") return AudioTables::audio_preprocessor;
    return name == "micro_speech" ? AudioTables::micro_speech : AudioTables::microfrontend;
}

AudioFrontend frontend_of(const Settings& s, double rate_hz)
{
    const auto real = [&](const char* key) { return static_cast<float>(s.number(key)); };
    return {.rate_hz = static_cast<int64_t>(std::lround(rate_hz)),
            .window = samples_of(s.number("window_ms"), rate_hz),
            .channels = s.whole("channels"),
            .low_hz = real("low_hz"),
            .high_hz = real("high_hz"),
            .smoothing_bits = s.whole("smoothing_bits"),
            .smoothing_even = real("smoothing_even"),
            .smoothing_odd = real("smoothing_odd"),
            .min_signal_remaining = real("min_signal_remaining"),
            .pcan = s.flag("pcan"),
            .pcan_strength = real("pcan_strength"),
            .pcan_offset = real("pcan_offset"),
            .pcan_gain_bits = s.whole("pcan_gain_bits"),
            .log = s.flag("log"),
            .log_scale_shift = s.whole("log_scale_shift"),
            .output = output_of(s.text("output")),
            .tables = tables_of(s.text("tables"))};
}

void build(StageContext& stage)
{
    const Settings& settings = stage.settings;
    if (stage.interface.kind != InputKind::audio)
        stage.wrong("kind", "an input of another kind", "sound",
                    "[input]\nkind = \"audio\"\nrate_hz = 16000");
    const AudioFrontend frontend = frontend_of(settings, stage.interface.rate_hz);
    require_audio_frontend(frontend, [&](const std::string& key) { return settings.place(key); });
    const Tensor frame = stage.value();
    if (frame.type != DType::i16 || frame.count() != frontend.window)
        stage.wrong("kind",
                    fmt::format("the stage before gives {}{}", dtype_name(frame.type),
                                shape_text(frame.shape)),
                    fmt::format("int16[{}]: the samples of a window", frontend.window),
                    "make audio_frontend the first stage");
    // A graph of its own first, whose state TickBuilder then puts where it lives.
    GraphBuilder part("audio_frontend");
    Tensor samples = frame;
    samples.shape = {frontend.window};
    part.output(add_audio_frontend(part, part.input(samples), frontend), "features");
    const Graph graph = part.finish();
    const TensorId frame_row = stage.graph().reshaped(stage.flow.value, samples.shape);
    stage.flow.value =
        stage.graph().inlined(graph, {frame_row}, "audio_frontend/",
                              [&](Tensor state) { return stage.tick.state(std::move(state)); })[0];
}

}  // namespace

extern const StageDef stage_audio_frontend;
const StageDef stage_audio_frontend = {.kind = "audio_frontend", .build = build, .cut = cut};

}  // namespace thimble
