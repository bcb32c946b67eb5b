// build: the C for a target, proven and measured where the tools for that are installed.
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/recordings.h"
#include "emit/c_text.h"
#include "emit/capture.h"
#include "emit/package.h"
#include "plan/flash_reach.h"
#include "project/pipeline.h"
#include "project/project_file.h"
#include "verify/fit.h"
#include "verify/helpers.h"
#include "verify/verify.h"

#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kProofCases = 5;  // one of each kind: uniform, minimum, maximum, zero, sparse
constexpr int kSelfTestCases = 3;
constexpr int64_t kSelfTestBytesSmall = 4 * 1024;   // inputs of all cases, on chips with 16-bit int
constexpr int64_t kSelfTestBytes = 64 * 1024;

struct BuildCommandOptions {
    ModelOptions model;
    std::string target;
    std::string output;
    std::string package = "c";
    bool force = false;
    bool self_test = false;
    bool unmeasured = false;
    bool capture = false;
    int64_t slices = 0;  // cycles of one at most; 0: none
    std::vector<std::string> inputs;  // recordings of a project
};

struct Built {
    EmitOptions emit;
    std::vector<std::string> warnings;
    bool bit_exact = false;
    std::string verified_on;  // empty: not verified
};

// The emulated chip itself, or this computer when the chip cannot be run here.
ResolvedTarget judge_target(const ResolvedTarget& target)
{
    return can_measure(target) ? target : find_target("host");
}

// What a project is verified and measured with: its own recordings, else generated ones.
std::vector<RawRecording> recordings_for(const BuildCommandOptions& options, const Graph& graph,
                                         int generated)
{
    std::vector<std::string> notes;
    if (!options.inputs.empty()) return read_recordings(graph, options.inputs, notes);
    return make_recordings(graph, options.model.match_rule(), generated, 1);
}

void prove(const BuildCommandOptions& options, const Graph& graph, const ResolvedTarget& target,
           Built& built)
{
    const ResolvedTarget judge = judge_target(target);
    if (!can_compile(judge)) {
        built.warnings.push_back(
            "not verified: no compiler; `thimble doctor` tells what to install");
        built.emit.verified.push_back("Not verified.");
        return;
    }
    const Progress progress("verifying on " + judge.name);
    const Program program = compile_for(graph, options.model, judge);
    const Match match = options.model.match_rule();
    const VerifyReport report =
        graph.interface ? verify_pipeline(graph, program, judge, match,
                                          recordings_for(options, graph, kProofCases))
                        : verify(graph, program, judge, match, make_cases(graph, kProofCases, 1),
                                 {.keep_state = options.model.keep_state()});
    require(
        report.mismatches == 0, ErrorCode::T0501,
        {options.model.path, fmt::format("{} values differ on {}", report.mismatches, judge.name),
         "the oracle's values", command_text("verify", options.model) + " --target " + judge.name});
    built.bit_exact = report.bit_exact;
    built.verified_on = judge.name;
    built.emit.verified.push_back(fmt::format(
        "Verified: {} {} on {}, {} thimble's oracle.", report.cases,
        graph.interface ? fmt::format("recordings ({} ticks)", report.ticks) : "cases",
        judge.family->emulator == Emulator::host ? "a PC" : "the emulated " + judge.name,
        report.bit_exact ? "bit-exact with" : "within 1e-5 + 1e-4 of the largest value of"));
    if (judge.name != target.name)
        built.warnings.push_back(
            fmt::format("verified on this computer: {} cannot be emulated here", target.name));
}

void measure(const BuildCommandOptions& options, const Graph& graph, const Program& program,
             const ResolvedTarget& target, Built& built)
{
    if (!can_measure(target)) {
        built.warnings.push_back(
            *target.family->unit == '\0'
                ? fmt::format("not measured: nothing counts on {}", target.name)
                : "not measured: `thimble doctor` tells what to install");
        return;
    }
    const Progress progress("measuring on " + target.name);
    const Profile cost =
        graph.interface ? profile_pipeline(program, target,
                                           recordings_for(options, graph, 1))
                        : profile(program, target);
    built.emit.measured = MeasuredCost{.target = target.name,
                                       .unit = cost.unit,
                                       .flash_bytes = cost.flash_total(),
                                       .stack_bytes = cost.stack,
                                       .cycles = static_cast<int64_t>(cost.total)};
    if (cost.pipeline)
        built.emit.measured->push_cycles = static_cast<int64_t>(cost.pipeline->push_one);
    if (target.board && !options.force)
        require_fit(*target.board, measured_footprint(cost), program);
}

// A model that outgrows the emulated machine is still written for a family, or with --force: the
// user's own board may be larger.
void prove_and_measure(const BuildCommandOptions& options, const Graph& graph,
                       const Program& program, const ResolvedTarget& target, Built& built)
{
    try {
        prove(options, graph, target, built);
        measure(options, graph, program, target, built);
    } catch (const Error& error) {
        const bool may_go_on = error.code() == ErrorCode::T0301 && (!target.board || options.force);
        if (!may_go_on) throw;
        built.warnings.push_back("not measured: the model outgrows the emulated machine");
        if (built.emit.verified.empty()) built.emit.verified.push_back("Not verified.");
    }
}

template <typename T>
void append(Bytes& bytes, T value)
{
    const auto* raw = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

// Generated recordings, cut to `room` bytes together, and what the oracle decides for each.
std::vector<RecordedCase> record_recordings(const BuildCommandOptions& options, const Graph& graph,
                                            int64_t room)
{
    const Match match = options.model.match_rule();
    std::vector<RawRecording> recordings = make_recordings(graph, match, kSelfTestCases, 1);
    const int64_t bytes = sample_bytes(graph);
    const auto most =
        static_cast<size_t>(std::max<int64_t>(1, room / kSelfTestCases / bytes) * bytes);
    for (RawRecording& recording : recordings)
        recording.samples.resize(std::min(recording.samples.size(), most));
    std::vector<RecordedCase> cases;
    for (const RawRecording& recording : recordings)
        cases.push_back({{recording.samples}, {{}, {}}});
    const std::vector<Tick> ticks = cut_ticks(graph, recordings);
    for (const PipelineDecision& decision :
         decisions_of(ticks, run_ticks_on_oracle(graph, match, ticks))) {
        Bytes& whole = cases[decision.recording].outputs[0];
        append(whole, decision.samples);
        for (size_t i = 0; i < decision.values.size(); ++i) {
            const Tensor& tensor = graph.tensor(graph.outputs[i + 1]);
            const Bytes& values = decision.values[i];
            const bool label = i == 0 && graph.interface->decision == Decision::label;
            Bytes& to = tensor.type == DType::f32 ? cases[decision.recording].outputs[1] : whole;
            // Labels are int16 on the device.
            for (size_t at = 0; label && at < values.size(); at += 4)
                to.insert(to.end(), values.begin() + static_cast<std::ptrdiff_t>(at),
                          values.begin() + static_cast<std::ptrdiff_t>(at) + 2);
            if (!label) to.insert(to.end(), values.begin(), values.end());
        }
    }
    return cases;
}

std::vector<RecordedCase> record_cases(const BuildCommandOptions& options, const Graph& graph,
                                       const ResolvedTarget& target)
{
    if (!options.self_test) return {};
    const int64_t room = target.facts.int_bits == 16 ? kSelfTestBytesSmall : kSelfTestBytes;
    if (graph.interface && graph.interface->streamed())
        return record_recordings(options, graph, room);
    int64_t bytes = 1;
    for (const TensorId id : graph.inputs) bytes += graph.tensor(id).bytes();
    const auto count = static_cast<int>(std::clamp<int64_t>(room / bytes, 1, kSelfTestCases));
    std::vector<TensorBytes> inputs;
    for (const Case& one : make_cases(graph, count, 1)) inputs.push_back(one.inputs);
    std::vector<RecordedCase> cases;
    // Each case starts from the initial state, as NAME_init leaves it.
    for (const TensorBytes& one : inputs) {
        const auto runs = run_oracle(graph, options.model.match_rule(), false, {one});
        cases.push_back({one, runs[0].outputs});
    }
    return cases;
}

void say_built(const BuildCommandOptions& options, const Built& built, const Program& program,
               const fs::path& folder, const std::vector<GeneratedFile>& files)
{
    TextTable table({"file", ">bytes"});
    for (const GeneratedFile& file : files)
        table.row({(folder / file.name).string(), grouped(static_cast<int64_t>(file.text.size()))});
    say(table.text());
    say(fmt::format("RAM {} bytes (state {}, work {}; no plan can need less than {} of work)\n",
                    grouped(program.state_bytes + program.work_bytes), grouped(program.state_bytes),
                    grouped(program.work_bytes), grouped(program.work_bytes_lower_bound)));
    if (outer_bytes(program) > 0)
        say(fmt::format("and {} bytes for one time step of the input, which the caller holds\n",
                        grouped(outer_bytes(program))));
    if (built.emit.measured) {
        const MeasuredCost& cost = *built.emit.measured;
        say(fmt::format("{} {}, flash {} bytes, stack {} bytes\n", grouped(cost.cycles), cost.unit,
                        grouped(cost.flash_bytes), grouped(cost.stack_bytes)));
    }
    for (const std::string& sentence : built.emit.verified) say(sentence + "\n");
    for (const std::string& warning : built.warnings) say("warning: " + warning + "\n");
    say_next(fmt::format("make -C {}", folder.string()));
    (void)options;
}

json built_json(const Built& built, const Program& program, const fs::path& folder,
                const std::vector<GeneratedFile>& files)
{
    json object = {{"files", json::array()}, {"warnings", built.warnings}, {"name", program.name}};
    for (const GeneratedFile& file : files)
        object["files"].push_back((folder / file.name).string());
    const int64_t io = outer_bytes(program);
    object["ram"] = {{"state", program.state_bytes}, {"work", program.work_bytes}, {"io", io},
                     {"total", program.state_bytes + program.work_bytes + io}};
    object["measured"] = nullptr;
    if (built.emit.measured) {
        const MeasuredCost& cost = *built.emit.measured;
        object["measured"] = {{"target", cost.target}, {"unit", cost.unit}, {"total", cost.cycles},
                              {"flash", cost.flash_bytes}, {"stack", cost.stack_bytes}};
    }
    object["verified"] = nullptr;
    if (!built.verified_on.empty())
        object["verified"] = {{"target", built.verified_on}, {"cases", kProofCases},
                              {"bit_exact", built.bit_exact}};
    return object;
}

// Vocabularies lie in flash beside the weights.
void add_text(const BuildCommandOptions& options, const Program& program,
              const ResolvedTarget& target, Built& built)
{
    const auto text = load_text(options.model);
    if (!text || !text->complete()) return;
    Program with_text = program;
    for (Table& table : vocabulary_tables(*text)) with_text.tables.push_back(std::move(table));
    require_tables_in_reach(with_text, target.facts);
    built.emit.text = text;
}

// The stages in front of those that recordings enter, as a program of their own.
Graph load_capture(const ModelOptions& options)
{
    require(is_project(options.path), ErrorCode::T0004,
            {"--capture", "does not apply to a model", "a project with recordings",
             "thimble build examples/gesture --capture --target uno"});
    Pipeline pipeline = capture_pipeline(read_project_file(options.path));
    pipeline.graph.name += "_capture";
    pipeline.graph.interface =
        std::make_shared<const PipelineInterface>(std::move(pipeline.interface));
    return std::move(pipeline.graph);
}

// Names for the values of a row: the input's channels where these are what it holds.
std::vector<std::string> capture_columns(const Graph& graph)
{
    const Shape& shape = graph.tensor(graph.outputs.at(1)).shape;
    const int64_t width = shape.empty() ? 1 : shape.back();
    const std::vector<std::string>& channels = graph.interface->channels;
    if (static_cast<int64_t>(channels.size()) == width) return channels;
    std::vector<std::string> columns;
    for (int64_t i = 1; i <= width; ++i) columns.push_back(fmt::format("v{}", i));
    return columns;
}

// The program that prints recordings takes the place of the example.
void put_capture_main(const Program& program, const ResolvedTarget& target,
                      std::vector<GeneratedFile>& files)
{
    const bool hosted =
        target.family->emulator == Emulator::host || target.family->compiler.empty();
    for (GeneratedFile& file : files)
        if (file.name == "example_main.c")
            file.text = file.text.substr(0, file.text.find('\n') + 1) +
                        capture_main(program, capture_columns(program.graph), hosted);
}

Exit build_model(BuildCommandOptions options, bool as_json)
{
    options.target = required_target(options.model, options.target, "build");
    apply_deploy(options.model);
    const ResolvedTarget target = find_target(options.target);
    const Graph graph = options.capture ? load_capture(options.model) : load_graph(options.model);
    options.model.slices = options.slices > 0;
    const Program program = compile_for(graph, options.model, target);
    if (!as_json) say_notes(graph, program);
    if (target.board && !options.force)
        require_fit(*target.board, least_footprint(program), program);
    Built built;
    require(options.inputs.empty() || graph.interface, ErrorCode::T0004,
            {"--input", "not a pipeline", "recordings of a project", "leave it out"});
    if (options.slices > 0) {
        require(program.stream.has_value(), ErrorCode::T0004,
                {"--slices", "not a pipeline that takes samples one after another",
                 "a project with an input of kind motion, audio or text", "leave it out"});
        require(can_measure(target), ErrorCode::T0003,
                {"--slices", fmt::format("nothing can be measured on {}", target.name),
                 "a target with an emulator that counts", "--target uno"});
        const Progress progress("cutting the tick on " + target.name);
        built.emit.slices = std::make_shared<const SlicePlan>(measure_slices(
            program, target, recordings_for(options, graph, 2),
            static_cast<uint64_t>(options.slices)));
    }
    built.emit.target = target.name;
    built.emit.options_text = options.model.changed_text();
    if (options.capture)
        built.emit.options_text += built.emit.options_text.empty() ? "--capture" : " --capture";
    add_text(options, program, target, built);
    if (options.unmeasured) {
        built.warnings.push_back("neither verified nor measured, as asked");
        built.emit.verified.push_back("Not verified.");
    } else {
        prove_and_measure(options, graph, program, target, built);
    }
    std::vector<GeneratedFile> files =
        c_package(program, target, built.emit, record_cases(options, graph, target));
    if (options.capture) put_capture_main(program, target, files);
    const fs::path folder = options.output.empty()
                                ? fs::path("out") / fmt::format("{}-{}", program.name, target.name)
                                : fs::path(options.output);
    write_package(folder, files, options.force);
    if (as_json) print_json(built_json(built, program, folder, files));
    else say_built(options, built, program, folder, files);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<BuildCommandOptions>();
    declare_model(reader, options->model);
    reader.text("-t,--target", "T", options->target, "family or board (default: the project's)");
    reader.text("-o,--output", "DIR", options->output, "folder (default out/NAME-TARGET)");
    reader.choice("--package", options->package, {"c"}, "kind of package");
    reader.flag("--force", options->force,
                "replace files that thimble did not write; write the C even if it does not fit");
    reader.flag("--self-test", options->self_test, "add NAME_self_test() with recorded cases");
    reader.flag("--capture", options->capture,
                "of a project: a program that prints recordings as training reads them");
    reader.flag("--unmeasured", options->unmeasured,
                "only write the C: do not verify, do not measure");
    reader.list("-i,--input", "FILE", options->inputs,
                "of a project: recordings to verify and measure with, in place of generated ones");
    reader.whole("--slices", options->slices, 0, INT32_MAX,
                 "of a project: also NAME_poll_slice, which runs at most so many cycles a call");
    declare_compilation(reader, options->model);
    declare_feed(reader, options->model);
    return [options](bool as_json) { return build_model(*options, as_json); };
}

}  // namespace

extern const Command command_build;
const Command command_build = {
    .name = "build",
    .summary = "Write the C for a target, verified and measured where the tools are installed",
    .examples =
        {"thimble build examples/gesture/gesture.tflite --target uno",
         "thimble build examples/gesture/gesture.tflite --target cortex-m4 -o out/m4 --self-test"},
    .declare = declare,
};

}  // namespace thimble
