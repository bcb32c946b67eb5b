// thimble_golden: the oracle and the generated C against recordings of the reference runtimes.
//
//   thimble_golden                    all of them
//   thimble_golden layers             every layer of data/golden_layers
//   thimble_golden tflm               the runs of data/golden_tflm, with kept state
//   thimble_golden seanet             the csv files of models/seanet
//   thimble_golden person             pictures with and without a person
//   thimble_golden tflm --only SVDF   those whose file name contains the text
//
// Exit code 1 when a recording is not reproduced.
#include "base/error.h"
#include "support/golden.h"
#include "support/parallel.h"
#include "support/shared_models.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace fs = std::filesystem;
using namespace thimble;

namespace {

constexpr double kRecordingSeconds = 600;

struct Recording {
    std::string kind;
    fs::path file;
    std::string skip;  // why it is not compared; empty: it is
};

// Recordings that say nothing about a runtime (docs/numerics.md, "Recordings").
const std::map<std::string, std::string> kIllFormed = {
    {"ops-litert__add_quantized_int8",
     "the recorded runtime read past a buffer: a float tensor lies between int8 additions"},
    {"ops-litert__add_shared_tensors", "the recorded runtime read a tensor that nobody wrote"},
    {"ops-ai-edge-quantizer__single_slice",
     "the recorded begin and size are random inputs, out of range"},
    {"ops-litert__2_subgraphs", "the model holds no operator, input or output; it is refused"},
    {"ops-litert__2_subgraphs_dont_delegate_name",
     "the model holds no operator, input or output; it is refused"},
};

std::vector<fs::path> files_below(const fs::path& folder, const std::string& extension)
{
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.path().extension() == extension) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

// "folder__name.json" records "folder/name.tflite".
const SharedModel& recorded_model(const fs::path& json_file)
{
    std::string name = json_file.stem().string();
    name.replace(name.find("__"), 2, "/");
    return shared_model(name + ".tflite");
}

std::vector<Recording> all_recordings()
{
    const fs::path data = shared_root() / "data";
    std::vector<Recording> list;
    for (const fs::path& file : files_below(data / "golden_layers", ".json"))
        list.push_back({"layers", file, ""});
    for (const fs::path& file : files_below(data / "golden_tflm", ".json")) {
        const auto ill = kIllFormed.find(file.stem().string());
        std::string skip = ill == kIllFormed.end() ? "" : "ill-formed: " + ill->second;
        const std::string& reason = recorded_model(file).out_of_scope;
        if (reason.starts_with("recurrent")) skip = reason;
        list.push_back({"tflm", file, skip});
    }
    for (const fs::path& file : files_below(shared_root() / "models" / "seanet", ".tflite"))
        list.push_back({"seanet", file, ""});
    for (const fs::path& file : files_below(data / "person_images", ".bmp"))
        list.push_back({"person", file, ""});
    return list;
}

int check_one(const std::string& kind, const fs::path& file)
{
    try {
        if (kind == "layers")
            fmt::print("{}", check_layer_recording(file));
        else if (kind == "tflm")
            fmt::print("{}", check_run_recording(file));
        else if (kind == "seanet")
            fmt::print("{}", check_csv_recording(file));
        else
            fmt::print("{}", check_person_picture(file));
        return 0;
    } catch (const Error& error) {
        const std::string text = error.what();
        fmt::print("{}", text.substr(0, text.find('\n')));
        return 2;
    } catch (const std::exception& error) {
        fmt::print("{}", error.what());
        return 1;
    }
}

struct Totals {
    int passed = 0, failed = 0, skipped = 0;
};

int run_all(const std::vector<std::string>& kinds, const std::string& only, int parallel,
            bool verbose)
{
    std::map<std::string, Totals> totals;
    std::vector<Recording> chosen;
    std::vector<std::vector<std::string>> jobs;
    for (const Recording& one : all_recordings()) {
        if (!kinds.empty() && std::ranges::find(kinds, one.kind) == kinds.end()) continue;
        if (one.file.string().find(only) == std::string::npos) continue;
        if (one.skip.empty()) {
            chosen.push_back(one);
            jobs.push_back({"--child", one.kind, one.file.string()});
        } else {
            fmt::print("SKIPPED {:7} {}: {}\n", one.kind, one.file.stem().string(), one.skip);
            ++totals[one.kind].skipped;
        }
    }
    run_jobs(jobs, parallel, kRecordingSeconds, [&](size_t job, const ProcessResult& result) {
        const Recording& one = chosen[job];
        const bool passed = result.exit_code == 0;
        ++(passed ? totals[one.kind].passed : totals[one.kind].failed);
        const bool crashed = result.exit_code > 2 || result.timed_out;
        if (!passed || verbose)
            fmt::print("{} {:7} {}: {}{}\n",
                       passed    ? "ok     "
                       : crashed ? "CRASHED"
                                 : "FAILED ",
                       one.kind, one.file.stem().string(), result.output,
                       crashed ? result.error_output : "");
        std::fflush(stdout);
    });
    int failed = 0;
    for (const auto& [kind, total] : totals) {
        fmt::print("{:7} {:3} reproduced, {:3} not, {:3} skipped\n", kind, total.passed,
                   total.failed, total.skipped);
        failed += total.failed;
    }
    return failed > 0;
}

}  // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> kinds, child;
    std::string only;
    int parallel = 2;
    bool verbose = false;
    CLI::App app{"The oracle and the generated C against recordings of the reference runtimes."};
    app.add_option("kinds", kinds, "layers, tflm, seanet, person; default all");
    app.add_option("--only", only, "recordings whose path contains this text");
    app.add_option("--jobs", parallel, "recordings at a time");
    app.add_flag("--verbose", verbose, "a line for each recording");
    app.add_option("--child", child)->expected(2)->group("");
    CLI11_PARSE(app, argc, argv);
    if (!child.empty()) return check_one(child[0], child[1]);
    if (shared_root().empty()) {
        fmt::print(
            "SKIPPED: the shared models and recordings are not beside the checkout "
            "(THIMBLE_SHARED)\n");
        return 0;
    }
    return run_all(kinds, only, parallel, verbose);
}
