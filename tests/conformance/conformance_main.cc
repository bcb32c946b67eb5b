// thimble_conformance: every .tflite beside the checkout: accepted, refused with a reason, or
// wrong.
//
// Accepted means imported, compiled, built for this computer and compared with the oracle on the
// standard cases. Judgements are kept under a hash of this very program and of the model, so that
// an unchanged tool answers at once. Exit code 1 when a model is wrong, or when fewer than 95 % of
// the models in scope are accepted.
//
//   thimble_conformance                    the models that are not accepted, and the totals
//   thimble_conformance --verbose          a line for every model
//   thimble_conformance --only wakeword    those whose path contains the text
//   thimble_conformance --list             the paths of the accepted models, for other tools
#include "base/crc32.h"
#include "base/file.h"
#include "support/conformance.h"
#include "support/parallel.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <sys/resource.h>

namespace fs = std::filesystem;
using namespace thimble;

namespace {

constexpr rlim_t kMemoryBytesMax = 3ull << 30;
constexpr double kAcceptedLeast = 0.95;

struct Settings {
    std::string only;
    int cases = 5;
    int jobs = 2;
    double seconds = 240;  // for one model
    bool verbose = false;
    bool list = false;
    bool fresh = false;
    std::string child;
};

fs::path cache_folder()
{
    if (const char* folder = std::getenv("THIMBLE_CACHE")) return fs::path(folder) / "conformance";
    const char* home = std::getenv("HOME");
    return fs::path(home ? home : "/tmp") / ".cache" / "thimble" / "conformance";
}

std::string program_hash()
{
    const std::vector<uint8_t> bytes = read_file("/proc/self/exe");
    return fmt::format("{:08x}{:x}", crc32(bytes), bytes.size());
}

// The child's answer: the verdict's number, a blank, the text.
int judge_child(const Settings& settings)
{
    const rlimit limit = {kMemoryBytesMax, kMemoryBytesMax};
    setrlimit(RLIMIT_AS, &limit);
    const Judgement judgement = judge_model(settings.child, settings.cases);
    fmt::print("{} {}", static_cast<int>(judgement.verdict), judgement.text);
    return 0;
}

Judgement judgement_from(const ProcessResult& result, double seconds)
{
    if (result.timed_out)
        return {Verdict::unjudged, fmt::format("takes more than {} s on this computer", seconds)};
    if (result.exit_code != 0 || result.output.size() < 2)
        return {Verdict::wrong,
                fmt::format("ended with {}: {}", result.exit_code, result.error_output)};
    return {static_cast<Verdict>(result.output[0] - '0'), result.output.substr(2)};
}

void print_totals(const std::map<std::string, Judgement>& judgements, double& share, int& wrong)
{
    std::map<Verdict, int> all, in_scope;
    std::map<std::string, int> outside;
    int scope = 0;
    for (const SharedModel& model : shared_models()) {
        const auto it = judgements.find(model.file);
        if (it == judgements.end()) continue;
        ++all[it->second.verdict];
        if (model.out_of_scope.empty()) {
            ++scope;
            ++in_scope[it->second.verdict];
        } else {
            ++outside[model.out_of_scope.substr(0, model.out_of_scope.find(':'))];
        }
    }
    fmt::print("\n{} models: {} accepted, {} refused, {} wrong, {} not judged\n", judgements.size(),
               all[Verdict::accepted], all[Verdict::refused], all[Verdict::wrong],
               all[Verdict::unjudged]);
    fmt::print("out of scope:");
    for (const auto& [reason, count] : outside) fmt::print(" {} ({});", reason, count);
    share = scope == 0 ? 1 : static_cast<double>(in_scope[Verdict::accepted]) / scope;
    wrong = all[Verdict::wrong];
    fmt::print("\nin scope {}: {} accepted = {:.1f} %\n", scope, in_scope[Verdict::accepted],
               100 * share);
}

int run_all(const Settings& settings)
{
    const fs::path cache = cache_folder() / (program_hash() + fmt::format("-{}", settings.cases));
    std::map<std::string, Judgement> judgements;
    std::vector<const SharedModel*> chosen;
    std::vector<std::vector<std::string>> jobs;
    for (const SharedModel& model : shared_models()) {
        if (model.malformed || model.file.find(settings.only) == std::string::npos) continue;
        if (const fs::path known = cache / model.sha256; fs::exists(known) && !settings.fresh) {
            judgements[model.file] =
                judgement_from({.exit_code = 0, .output = read_text_file(known)}, 0);
            continue;
        }
        chosen.push_back(&model);
        jobs.push_back(
            {"--cases", std::to_string(settings.cases), "--child", model.path().string()});
    }
    fs::create_directories(cache);
    run_jobs(jobs, settings.jobs, settings.seconds, [&](size_t job, const ProcessResult& result) {
        const Judgement judgement = judgement_from(result, settings.seconds);
        judgements[chosen[job]->file] = judgement;
        if (result.exit_code == 0 && !result.timed_out)
            write_file(cache / chosen[job]->sha256, result.output);
    });
    for (const SharedModel& model : shared_models()) {
        const auto it = judgements.find(model.file);
        if (it == judgements.end()) continue;
        const bool accepted = it->second.verdict == Verdict::accepted;
        if (settings.list && accepted) fmt::print("{}\n", model.file);
        if (settings.list || (accepted && !settings.verbose)) continue;
        const std::string scope = model.out_of_scope.empty() ? "" : " [" + model.out_of_scope + "]";
        fmt::print("{:9} {}{}: {}\n", verdict_name(it->second.verdict), model.file, scope,
                   it->second.text);
    }
    if (settings.list) return 0;
    double share = 0;
    int wrong = 0;
    print_totals(judgements, share, wrong);
    return wrong > 0 || share < kAcceptedLeast;
}

}  // namespace

int main(int argc, char** argv)
{
    Settings settings;
    CLI::App app{"Every model beside the checkout: accepted, refused, or wrong."};
    app.add_option("--only", settings.only, "models whose path contains this text");
    app.add_option("--cases", settings.cases, "input vectors for each model");
    app.add_option("--jobs", settings.jobs, "models at a time");
    app.add_option("--seconds", settings.seconds, "time allowed for one model");
    app.add_flag("--verbose", settings.verbose, "a line for accepted models too");
    app.add_flag("--list", settings.list, "only the paths of accepted models");
    app.add_flag("--fresh", settings.fresh, "judge again what is known");
    app.add_option("--child", settings.child)->group("");
    CLI11_PARSE(app, argc, argv);
    if (!settings.child.empty()) return judge_child(settings);
    if (shared_root().empty()) {
        fmt::print("SKIPPED: the shared models are not beside the checkout (THIMBLE_SHARED)\n");
        return 0;
    }
    return run_all(settings);
}
