// thimble_ops: the text cases of tests/ops on the oracle and on generated C.
//
//   thimble_ops                             every file, oracle and host
//   thimble_ops --engine avr,cortex-m4      the first 3 cases of each file on emulators
//   thimble_ops --engine avr --long dense   all cases of tests/ops/dense.txt
//   thimble_ops --case NAME dense           one case
//   thimble_ops --write-models DIR          the cases as one-operator .tflite files
//
// THIMBLE_OPS_ENGINES gives another default for --engine. Exit code 1 when a case fails.
#include "base/file.h"
#include "support/control_models.h"
#include "support/op_runner.h"
#include "support/parallel.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace fs = std::filesystem;
using namespace thimble;

namespace {

constexpr int kEmulatedCases = 3;  // of each file, without --long
constexpr double kFileSeconds = 1800;

struct Settings {
    std::vector<std::string> engines = {"host"};
    std::string only_case;
    int first = -1;  // cases of each file; -1: all on host, kEmulatedCases elsewhere
    int jobs = 2;
    std::string models_folder;
    bool all = false;
    bool child = false;
    std::vector<std::string> files;
};

// Found from where this program lies: source paths inside it may be relative (ccache).
fs::path cases_folder()
{
    for (fs::path at = fs::read_symlink("/proc/self/exe"); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "tests" / "ops")) return at / "tests" / "ops";
    }
    return "tests/ops";
}

size_t case_count(const Settings& settings, const std::string& engine, size_t available)
{
    if (settings.all || (settings.first < 0 && (engine == "host" || engine.empty())))
        return available;
    return std::min(available,
                    static_cast<size_t>(settings.first < 0 ? kEmulatedCases : settings.first));
}

// One file on one engine; prints a line for each failed or skipped case, then the counts.
int run_file(const Settings& settings, const fs::path& file, const std::string& engine)
{
    const std::vector<OpCase> cases =
        parse_op_cases(read_text_file(file), file.filename().string());
    const size_t count =
        settings.only_case.empty() ? case_count(settings, engine, cases.size()) : cases.size();
    int passed = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < count; ++i) {
        const OpCase& one = cases[i];
        if (!settings.only_case.empty() && one.name != settings.only_case) continue;
        fmt::print(stderr, "{}:{}: {}\n", file.filename().string(), one.line,
                   one.name);  // read after a crash
        const OpCaseResult result = run_op_case(one, engine == "oracle" ? "" : engine);
        passed += result.state == OpCaseResult::State::passed;
        failed += result.state == OpCaseResult::State::failed;
        skipped += result.state == OpCaseResult::State::skipped;
        if (result.state == OpCaseResult::State::passed) continue;
        fmt::print("{} {}:{}: {}: {}\n",
                   result.state == OpCaseResult::State::failed ? "FAILED" : "SKIPPED",
                   file.filename().string(), one.line, one.name, result.reason);
    }
    fmt::print("{:28} {:14} {:4} passed {:3} failed {:3} skipped\n", file.stem().string(), engine,
               passed, failed, skipped);
    return failed > 0;
}

std::vector<fs::path> chosen_files(const Settings& settings)
{
    std::vector<fs::path> files;
    for (const std::string& name : settings.files)
        files.push_back(fs::exists(name) ? fs::path(name) : cases_folder() / (name + ".txt"));
    if (settings.files.empty())
        for (const auto& entry : fs::directory_iterator(cases_folder()))
            if (entry.path().extension() == ".txt") files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

int write_models(const Settings& settings)
{
    for (const fs::path& file : chosen_files(settings))
        for (const OpCase& one : parse_op_cases(read_text_file(file), file.filename().string()))
            write_file(fs::path(settings.models_folder) / (one.name + ".tflite"),
                       write_tflite(draft_of(one)));
    for (const auto& [name, draft] : control_drafts())
        write_file(fs::path(settings.models_folder) / (name + ".tflite"), write_tflite(draft));
    return 0;
}

int run_all(const Settings& settings)
{
    std::vector<std::vector<std::string>> jobs;
    for (const fs::path& file : chosen_files(settings)) {
        for (const std::string& engine : settings.engines) {
            std::vector<std::string> job = {"--child", "--engine", engine, file.string()};
            if (settings.all) job.push_back("--long");
            if (settings.first >= 0)
                job.insert(job.end(), {"--first", std::to_string(settings.first)});
            if (!settings.only_case.empty()) job.insert(job.end(), {"--case", settings.only_case});
            jobs.push_back(std::move(job));
        }
    }
    int failed = 0;
    run_jobs(jobs, settings.jobs, kFileSeconds, [&](size_t job, const ProcessResult& result) {
        fmt::print("{}", result.output);
        if (result.exit_code > 1 || result.timed_out)
            fmt::print("CRASHED {} on {}: exit code {}, last words:\n{}\n", jobs[job][3],
                       jobs[job][2], result.exit_code, result.error_output);
        failed += result.exit_code != 0;
        std::fflush(stdout);
    });
    fmt::print("{} of {} runs (file x engine) have failures\n", failed, jobs.size());
    return failed > 0;
}

}  // namespace

int main(int argc, char** argv)
{
    Settings settings;
    CLI::App app{"Text cases of operators on the oracle and on generated C."};
    app.add_option("--engine", settings.engines, "oracle, host, or targets, separated by commas")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->envname("THIMBLE_OPS_ENGINES");
    app.add_option("--case", settings.only_case, "only the case of this name");
    app.add_option("--first", settings.first, "only the first N cases of each file");
    app.add_option("--jobs", settings.jobs, "files at a time");
    app.add_option("--write-models", settings.models_folder, "write the cases as models and stop");
    app.add_flag("--long", settings.all, "all cases on emulators too");
    app.add_flag("--child", settings.child)->group("");
    app.add_option("files", settings.files, "names such as dense, or paths of text files");
    CLI11_PARSE(app, argc, argv);
    try {
        if (!settings.models_folder.empty()) return write_models(settings);
        if (settings.child) return run_file(settings, settings.files.at(0), settings.engines.at(0));
        return run_all(settings);
    } catch (const std::exception& error) {
        fmt::print("FAILED {}\n", error.what());
        return 1;
    }
}
