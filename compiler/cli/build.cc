// build: the C for a target, proven and measured where the tools for that are installed.
#include "cli/model_options.h"
#include "cli/output.h"
#include "emit/c_text.h"
#include "emit/package.h"
#include "plan/flash_reach.h"
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
    const VerifyReport report =
        verify(graph, program, judge, options.model.match_rule(), make_cases(graph, kProofCases, 1),
               {.keep_state = options.model.keep_state()});
    require(
        report.mismatches == 0, ErrorCode::T0501,
        {options.model.path, fmt::format("{} values differ on {}", report.mismatches, judge.name),
         "the oracle's values", command_text("verify", options.model) + " --target " + judge.name});
    built.bit_exact = report.bit_exact;
    built.verified_on = judge.name;
    built.emit.verified.push_back(fmt::format(
        "Verified: {} cases on {}, {} thimble's oracle.", report.cases,
        judge.family->emulator == Emulator::host ? "a PC" : "the emulated " + judge.name,
        report.bit_exact ? "bit-exact with" : "within 1e-5 + 1e-4 of the largest value of"));
    if (judge.name != target.name)
        built.warnings.push_back(
            fmt::format("verified on this computer: {} cannot be emulated here", target.name));
}

void measure(const BuildCommandOptions& options, const Program& program,
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
    const Profile cost = profile(program, target);
    built.emit.measured = MeasuredCost{.target = target.name,
                                       .unit = cost.unit,
                                       .flash_bytes = cost.flash_total(),
                                       .stack_bytes = cost.stack,
                                       .cycles = static_cast<int64_t>(cost.total)};
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
        measure(options, program, target, built);
    } catch (const Error& error) {
        const bool may_go_on = error.code() == ErrorCode::T0301 && (!target.board || options.force);
        if (!may_go_on) throw;
        built.warnings.push_back("not measured: the model outgrows the emulated machine");
        if (built.emit.verified.empty()) built.emit.verified.push_back("Not verified.");
    }
}

std::vector<RecordedCase> record_cases(const BuildCommandOptions& options, const Graph& graph,
                                       const ResolvedTarget& target)
{
    if (!options.self_test) return {};
    int64_t bytes = 1;
    for (const TensorId id : graph.inputs) bytes += graph.tensor(id).bytes();
    const int64_t room = target.facts.int_bits == 16 ? kSelfTestBytesSmall : kSelfTestBytes;
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

Exit build_model(const BuildCommandOptions& options, bool as_json)
{
    const ResolvedTarget target = find_target(options.target);
    const Graph graph = load_graph(options.model);
    const Program program = compile_for(graph, options.model, target);
    if (!as_json) say_notes(graph, program);
    if (target.board && !options.force)
        require_fit(*target.board, least_footprint(program), program);
    Built built;
    built.emit.target = target.name;
    built.emit.options_text = options.model.changed_text();
    add_text(options, program, target, built);
    if (options.unmeasured) {
        built.warnings.push_back("neither verified nor measured, as asked");
        built.emit.verified.push_back("Not verified.");
    } else {
        prove_and_measure(options, graph, program, target, built);
    }
    const std::vector<GeneratedFile> files =
        c_package(program, target, built.emit, record_cases(options, graph, target));
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
    reader.required_text("-t,--target", "T", options->target, "family or board");
    reader.text("-o,--output", "DIR", options->output, "folder (default out/NAME-TARGET)");
    reader.choice("--package", options->package, {"c"}, "kind of package");
    reader.flag("--force", options->force,
                "replace files that thimble did not write; write the C even if it does not fit");
    reader.flag("--self-test", options->self_test, "add NAME_self_test() with recorded cases");
    reader.flag("--unmeasured", options->unmeasured,
                "only write the C: do not verify, do not measure");
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
