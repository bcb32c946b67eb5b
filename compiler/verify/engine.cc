#include "verify/engine.h"

#include "base/error.h"
#include "base/file.h"
#include "emit/c_source.h"
#include "emit/device_files.h"
#include "ops/control.h"
#include "verify/oracle.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <unistd.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

// Copies what was asked for out of the bodies that run.
class BodyTracer : public BodyObserver {
public:
    BodyTracer(const std::vector<TracePoint>& points, std::vector<TracedTensor>& traced)
        : points_(points), traced_(traced)
    {
    }
    void enter(const Node& node, const Graph& body) override
    {
        const auto bodies = bodies_of(node);
        const auto at = std::ranges::find_if(
            bodies, [&](const auto& candidate) { return candidate.get() == &body; });
        path_.emplace_back(node.outputs.empty() ? kNoTensor : node.outputs[0],
                           static_cast<int>(at - bodies.begin()));
    }
    void leave(const Evaluator& body) override
    {
        for (size_t i = 0; i < points_.size(); ++i)
            if (points_[i].path == path_) copy(body, i);
        path_.pop_back();
    }
    void copy(const Evaluator& graph, size_t i)
    {
        const std::span<const uint8_t> bytes = graph.value(points_[i].tensor);
        traced_[i].bytes.assign(bytes.begin(), bytes.end());
    }

private:
    const std::vector<TracePoint>& points_;
    std::vector<TracedTensor>& traced_;
    std::vector<std::pair<TensorId, int>> path_;
};

}  // namespace

std::vector<RunOutputs> run_oracle(const Graph& graph, Match match, bool keep_state,
                                   const std::vector<TensorBytes>& inputs,
                                   const std::vector<TracePoint>& traced,
                                   const std::vector<bool>& firsts)
{
    Oracle oracle(graph, match);
    std::vector<RunOutputs> results;
    for (size_t run = 0; run < inputs.size(); ++run) {
        if (!firsts.empty() && firsts[run]) oracle.reset();
        if (!keep_state) oracle.begin_sequence();
        for (size_t i = 0; i < inputs[run].size(); ++i) oracle.set_input(i, inputs[run][i]);
        RunOutputs result;
        for (const TracePoint& point : traced) result.traced.push_back({point.tensor, {}});
        BodyTracer tracer(traced, result.traced);
        oracle.run(nullptr, traced.empty() ? nullptr : &tracer);
        for (size_t i = 0; i < graph.outputs.size(); ++i)
            result.outputs.emplace_back(oracle.output(i).begin(), oracle.output(i).end());
        for (size_t i = 0; i < traced.size(); ++i)
            if (traced[i].path.empty()) tracer.copy(oracle, i);
        results.push_back(std::move(result));
    }
    return results;
}

namespace {

// FNV-1a, twice with different starts: 128 bits name a cache entry.
std::string content_hash(const std::string& text)
{
    uint64_t a = 0xcbf29ce484222325u, b = 0x84222325cbf29ce4u;
    for (const char c : text) {
        a = (a ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
        b = (b ^ static_cast<uint8_t>(c)) * 0x100000001b3u + 1;
    }
    return fmt::format("{:016x}{:016x}", a, b);
}

fs::path cache_folder()
{
    if (const char* folder = std::getenv("THIMBLE_CACHE")) return folder;
    if (const char* folder = std::getenv("XDG_CACHE_HOME")) return fs::path(folder) / "thimble";
    if (const char* home = std::getenv("HOME")) return fs::path(home) / ".cache" / "thimble";
    return fs::temp_directory_path() / "thimble-cache";
}

// The image in `folder`, when it is complete.
std::optional<Image> cached_image(const fs::path& folder)
{
    const fs::path done = folder / "done";
    if (!fs::exists(done)) return std::nullopt;
    const std::string sizes = read_text_file(done);
    long long text = 0, rodata = 0, data = 0, bss = 0;
    std::string elf(256, '\0');
    const int fields = std::sscanf(sizes.c_str(), "%lld %lld %lld %lld %255s", &text, &rodata,
                                   &data, &bss, elf.data());
    if (fields != 5 || !fs::exists(folder / elf.c_str())) return std::nullopt;
    return Image{{folder / elf.c_str(), text, rodata, data, bss}, folder};
}

// Compiles in a folder of this process, which then takes its place in the cache at once: another
// process that builds or runs the same image never sees half of it.
void build_into(const fs::path& folder, FirmwareRequest request,
                const std::vector<std::pair<std::string, const std::string*>>& files)
{
    const fs::path private_folder = fs::path(folder).concat(fmt::format(".{}", getpid()));
    fs::remove_all(private_folder);
    fs::create_directories(private_folder);
    for (const auto& [name, text] : files) write_file(private_folder / name, *text);
    for (fs::path& source : request.sources) source = private_folder / source;
    request.include_dirs = {private_folder};
    request.output_dir = private_folder;
    const Firmware f = build_firmware(request);
    write_file(private_folder / "done", fmt::format("{} {} {} {} {}\n", f.text, f.rodata, f.data,
                                                    f.bss, f.elf.filename().string()));
    std::error_code taken;
    fs::rename(private_folder, folder, taken);
    if (!taken) return;
    // Another process was faster, or a build was broken off here.
    if (!cached_image(folder)) {
        fs::remove_all(folder);
        fs::rename(private_folder, folder, taken);
    }
    fs::remove_all(private_folder);
}

Image build_from(const Program& program, const ResolvedTarget& target,
                 const HarnessSources& harness, const std::string& model_source,
                 std::shared_ptr<const SlicePlan> slices = nullptr)
{
    const GeneratedSource source =
        emit_c(program, {.target = target.name, .slices = std::move(slices)});
    const std::string& body = model_source.empty() ? source.source : model_source;
    std::string key = "2" + target.name + target.mcu + THIMBLE_VERSION + harness.main_c +
                      harness.wrapper_c + source.header + body;
    for (const std::string& flag : target.compile_flags()) key += flag;
    for (const std::string& flag : target.link_flags()) key += flag;
    for (const std::string& file : target.family->harness_sources) key += device_file(file);
    const fs::path folder = cache_folder() / content_hash(key);
    if (const std::optional<Image> known = cached_image(folder)) return *known;
    FirmwareRequest request;
    request.target = &target;
    // A hyphen cannot stand in a model's name: NAME.c is never one of these two.
    request.sources = {"harness-main.c", "harness-model.c"};
    build_into(folder, request,
               {{program.name + ".h", &source.header},
                {program.name + ".c", &body},
                {"harness-main.c", &harness.main_c},
                {"harness-model.c", &harness.wrapper_c}});
    const std::optional<Image> image = cached_image(folder);
    THIMBLE_CHECK(image.has_value(), "the image that was just built is gone");
    return *image;
}

}  // namespace

Image build_image(const Program& program, const ResolvedTarget& target, HarnessMode mode,
                  const std::vector<int>& traced_steps, std::shared_ptr<const SlicePlan> slices)
{
    return build_from(program, target, harness_sources(program, mode, target.facts, traced_steps),
                      "", std::move(slices));
}

Image build_empty_image(const Program& program, const ResolvedTarget& target, HarnessMode mode)
{
    return build_from(program, target, harness_sources(program, mode, target.facts),
                      empty_model_source(program));
}

Bytes run_image(const Image& image, const ResolvedTarget& target, const Bytes& stream)
{
    RunResult result = run_firmware(target, image.firmware, stream, 3600);
    require(result.exit_code == 0, ErrorCode::T0402,
            {target.name,
             fmt::format("the firmware ended with status {}: {}", result.exit_code, result.message),
             "status 0", "report this with the model"});
    return std::move(result.output);
}

Bytes runs_stream(const Program& program, const std::vector<TensorBytes>& inputs,
                  const std::vector<bool>& firsts)
{
    Bytes stream;
    for (int shift = 0; shift < 32; shift += 8)
        stream.push_back(static_cast<uint8_t>(inputs.size() >> shift));
    for (size_t run = 0; run < inputs.size(); ++run) {
        const bool first = firsts.empty() ? run == 0 : firsts[run];
        if (program.graph.interface) stream.push_back(first ? 1 : 0);
        for (const Bytes& tensor : inputs[run])
            stream.insert(stream.end(), tensor.begin(), tensor.end());
    }
    return stream;
}

static std::vector<RunOutputs> run_in_mode(const Image& image, const Program& program,
                                           const ResolvedTarget& target,
                                           const std::vector<TensorBytes>& inputs,
                                           const std::vector<bool>& firsts, bool traces)
{
    const Bytes output = run_image(image, target, runs_stream(program, inputs, firsts));
    std::vector<RunOutputs> results;
    size_t at = 0;
    const auto take = [&](int64_t bytes) {
        THIMBLE_CHECK(at + static_cast<size_t>(bytes) <= output.size(),
                      "the firmware wrote too little");
        const auto begin = output.begin() + static_cast<std::ptrdiff_t>(at);
        at += static_cast<size_t>(bytes);
        return Bytes(begin, begin + bytes);
    };
    for (size_t run = 0; run < inputs.size(); ++run) {
        RunOutputs out;
        while (traces) {
            const Bytes named = take(2);
            const int step = named[0] + 256 * named[1];
            if (step == kNoLayer) break;
            for (const TensorId id : traceable_outputs(program, step))
                out.traced.push_back({id, take(program.graph.tensor(id).bytes())});
        }
        for (const TensorId id : program.graph.outputs)
            out.outputs.push_back(take(program.graph.tensor(id).bytes()));
        results.push_back(std::move(out));
    }
    return results;
}

std::vector<RunOutputs> run_on_target(const Program& program, const ResolvedTarget& target,
                                      const std::vector<TensorBytes>& inputs,
                                      const std::vector<int>& traced_steps,
                                      const std::vector<bool>& firsts)
{
    const bool traces = !traced_steps.empty();
    const HarnessMode mode = traces ? HarnessMode::trace : HarnessMode::run;
    return run_in_mode(build_image(program, target, mode, traced_steps), program, target, inputs,
                       firsts, traces);
}

std::vector<RunOutputs> run_by_steps(const Program& program, const ResolvedTarget& target,
                                     const std::vector<TensorBytes>& inputs)
{
    THIMBLE_CHECK(program.sequence_loop, program.name + " has no NAME_step");
    return run_in_mode(build_image(program, target, HarnessMode::steps), program, target, inputs,
                       {}, false);
}

}  // namespace thimble
