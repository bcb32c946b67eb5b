#include "project/pipeline.h"

#include "base/error.h"
#include "project/data_section.h"
#include "project/stage.h"
#include "project/token_stream.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

struct KindName {
    InputKind kind;
    const char* name;
};
constexpr KindName kKinds[] = {{InputKind::motion, "motion"},
                               {InputKind::audio, "audio"},
                               {InputKind::text, "text"},
                               {InputKind::image, "image"},
                               {InputKind::tensor, "tensor"}};

InputKind kind_of(const std::string& name)
{
    for (const KindName& one : kKinds)
        if (name == one.name) return one.kind;
    THIMBLE_CHECK(false, name);
    return InputKind::tensor;
}

DType type_of(const std::string& name)
{
    for (const DType type : {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32})
        if (dtype_name(type) == name) return type;
    THIMBLE_CHECK(false, name);
    return DType::f32;
}

[[noreturn]] void wrong_input(const Settings& input, const std::string& key,
                              const std::string& found, const std::string& expected,
                              const std::string& remedy)
{
    fail(ErrorCode::T0106, {input.place(key), found, expected, remedy});
}

void require_key(const Settings& input, const std::string& key, const std::string& why)
{
    if (input.has(key)) return;
    wrong_input(input, "kind", fmt::format("[input] without '{}'", key), why,
                fmt::format("{} = ...", key));
}

// Type and shape of one sample.
Tensor sample_of(const Settings& input, const PipelineInterface& interface)
{
    Tensor sample;
    sample.name = "samples";
    switch (interface.kind) {
    case InputKind::motion:
        sample.type = DType::i16;
        sample.shape = {interface.row};
        break;
    case InputKind::audio:
        sample.type = DType::i16;
        break;
    case InputKind::text:
        sample.type = DType::u8;
        break;
    case InputKind::image:
        require_key(input, "width", "pixels in a row");
        require_key(input, "height", "rows of an image");
        sample.type = DType::u8;
        sample.shape = {input.whole("height"), input.whole("width"),
                        input.text("colour") == "rgb" ? 3 : 1};
        break;
    case InputKind::tensor:
        require_key(input, "shape", "sizes of the axes of the tensor");
        sample.type = type_of(input.text("type"));
        sample.shape = input.wholes("shape");
        break;
    }
    return sample;
}

PipelineInterface interface_of(const Settings& input)
{
    PipelineInterface interface;
    interface.kind = kind_of(input.text("kind"));
    interface.channels = input.texts("channels");
    interface.row = std::max<int64_t>(1, static_cast<int64_t>(interface.channels.size()));
    interface.unit = input.text_or_empty("unit");
    if (input.has("rate_hz")) interface.rate_hz = input.number("rate_hz");
    if (interface.kind == InputKind::motion)
        require_key(input, "channels", "names of the values of one sample");
    if (interface.kind == InputKind::audio)
        require_key(input, "rate_hz", "samples a second");
    interface.takes_end = interface.kind == InputKind::text;
    return interface;
}

// Samples that can wait for the end of a tick, without the project's `buffer`. Most ticks of a
// sensor or of a text do next to nothing, but one that decides may take longer than a sample.
// Sound comes in hops that are long already.
int64_t waiting_samples(const PipelineInterface& interface)
{
    constexpr double kSensorSeconds = 0.1;
    constexpr int64_t kUnknownRate = 16, kTextBytes = 32;
    if (interface.kind == InputKind::text) return kTextBytes;
    if (interface.kind != InputKind::motion) return 0;
    if (interface.rate_hz <= 0) return kUnknownRate;
    return static_cast<int64_t>(std::ceil(interface.rate_hz * kSensorSeconds));
}

class Composer {
public:
    Composer(const ProjectFile& file, size_t first, size_t end)
        : file_(file), first_(first), end_stage_(end), tick_(file.name)
    {
    }

    Pipeline compose()
    {
        for (size_t i = 0; i < file_.stages.size(); ++i) definition(i);
        begin();
        for (size_t i = first_; i < end_stage_; ++i) add(i);
        return end();
    }

private:
    void begin()
    {
        if (first_ > 0) {
            // What the stage takes, one at a time.
            const Joint joint = compose_pipeline(file_, 0, first_).joints.at(first_);
            result_.interface.row = joint.tensor.count();
            flow_ = {.value = tick_.input(joint.tensor), .per_second = joint.per_second};
            note_joint(joint.stage);
            return;
        }
        const Settings* input = file_.input();
        require(input != nullptr, ErrorCode::T0106,
                {file_.path.string(), "no [input]", "what the device feeds to the first stage",
                 "[input]\nkind = \"motion\"  # or audio, text, image, tensor"});
        PipelineInterface& interface = result_.interface;
        interface = interface_of(*input);
        Tensor sample = sample_of(*input, interface);
        interface.row = sample.count();
        Cut cut;
        const StageDef& stage = definition(0);
        if (stage.cut && interface.streamed()) cut = stage.cut(file_.stages[0], interface);
        interface.window = cut.window;
        interface.hop = cut.hop;
        const int64_t least = cut.window + cut.hop;
        interface.buffer = std::max(
            input->has("buffer") ? input->whole("buffer") : cut.window + waiting_samples(interface),
            least);
        if (cut.window > 1 || sample.shape.empty())
            sample.shape.insert(sample.shape.begin(), cut.window);
        flow_ = {.value = tick_.input(sample),
                 .per_second = interface.rate_hz / static_cast<double>(cut.hop)};
        note_joint("input");
        if (!interface.takes_end) return;
        end_ = tick_.place(tick_.input(plain_tensor("end", DType::boolean, {1})));
    }

    const StageDef& definition(size_t index) const
    {
        const std::string kind = file_.kind(index);
        const StageDef* stage = find_stage(kind);
        require(stage != nullptr, ErrorCode::T0106,
                {file_.stages[index].place("kind"), fmt::format("stage '{}' in a chain", kind),
                 "a project of this stage alone", "remove the other stages"});
        return *stage;
    }

    void add(size_t index)
    {
        const Settings& settings = file_.stages[index];
        const StageDef& stage = definition(index);
        const std::string kind = file_.kind(index);
        const bool again = std::ranges::count_if(file_.stages, [&](const Settings& other) {
                               return other.text("kind") == kind;
                           }) > 1;
        tick_.set_prefix(again ? fmt::format("{}_{}/", kind, index) : kind + "/");
        const bool cuts = index == 0 && stage.cut && result_.interface.streamed();
        StageContext context{settings, tick_, flow_, result_.interface, end_, notes_, cuts};
        try {
            if (flow_.tokens && !stage.takes_tokens) collect_tokens(context);
            stage.build(context);
        } catch (Error& error) {
            if (error.text().place.find(file_.path.string()) == std::string::npos)
                error.add_context(settings.place("kind"));
            throw;
        }
        result_.ids = flow_.tokens ? flow_.tokens->ids : 0;
        if (flow_.tokens && index + 1 == end_stage_) collect_tokens(context);
        note_joint(kind);
    }

    void note_joint(const std::string& stage)
    {
        const Tensor tensor =
            flow_.tokens ? collected_ids(*flow_.tokens) : tick_.tensor(flow_.value);
        result_.joints.push_back({stage, tensor, flow_.per_second});
    }

    Pipeline end()
    {
        PipelineInterface& interface = result_.interface;
        std::vector<TensorId> outputs = {flow_.value};
        std::vector<std::string> names = {"values"};
        if (!flow_.labels.empty()) {
            interface.decision = Decision::label;
            interface.labels = flow_.labels;
            names = {"label", "score"};
            if (flow_.scores) outputs.push_back(*flow_.scores);
        }
        tick_.set_prefix("");
        result_.graph = tick_.finish(outputs, names);
        result_.graph.notes = notes_;
        return std::move(result_);
    }

    const ProjectFile& file_;
    size_t first_;
    size_t end_stage_;
    TickBuilder tick_;
    Flow flow_;
    std::optional<Place> end_;
    std::vector<std::string> notes_;
    Pipeline result_;
};

}  // namespace

Pipeline compose_pipeline(const ProjectFile& file, size_t first, size_t end)
{
    const size_t last = std::min(end, file.stages.size());
    THIMBLE_CHECK(first <= last, file.name);
    return Composer(file, first, last).compose();
}

Pipeline capture_pipeline(const ProjectFile& file)
{
    const size_t end = entry_stage(file);
    const std::string place = file.data() ? file.data()->place("at") : file.path.string();
    require(end > 0, ErrorCode::T0106,
            {place, "recordings enter at the input", "a stage behind one that collects them",
             "[data]\nat = \"normalize\"  # the first stage that recordings pass"});
    return compose_pipeline(file, 0, end);
}

}  // namespace thimble
