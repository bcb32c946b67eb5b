// eval: how often a project is right on the recordings that are held out, and where it is not.
#include "cli/model_options.h"
#include "cli/output.h"
#include "evaluate/evaluate_project.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kLimitMax = 1'000'000'000;

struct EvalCommandOptions {
    ModelOptions model;
    std::string engine = "oracle";
    std::string target;
    bool all = false;
    std::string data;
    int64_t limit = 0;
};

std::string percent(double share)
{
    return fmt::format("{:.2f} %", 100 * share);
}

std::string share_text(const std::optional<double>& share)
{
    return share ? percent(*share) : "-";
}

void say_labels(const Evaluation& result)
{
    const Confusion& confusion = *result.confusion;
    say(fmt::format("accuracy {}: {} of {}\n", percent(result.accuracy), grouped(confusion.right()),
                    grouped(confusion.samples())));
    if (result.unrounded)
        say(fmt::format("with float sums in place of fold = \"int8\" {}\n",
                        percent(*result.unrounded)));
    if (result.among_best)
        say(fmt::format("among the best values {}\n", percent(*result.among_best)));
    TextTable table({"label", ">samples", ">decided", ">right", ">precision", ">recall"});
    for (const ClassResult& one : confusion.classes())
        table.row({one.label, grouped(one.samples), grouped(one.decided), grouped(one.right),
                   share_text(one.precision), share_text(one.recall)});
    say("\n" + table.text() + "\n" + confusion.text());
}

void say_numbers(const NumberErrors& errors)
{
    say(fmt::format(
        "mean absolute error {:.4g}, root of mean square {:.4g}, largest {:.4g}, "
        "over {} values\n",
        errors.mean_absolute, errors.root_mean_square, errors.maximum, grouped(errors.values)));
}

void say_texts(const Evaluation& result)
{
    say(fmt::format("exactly right {}\n", percent(result.accuracy)));
    if (result.groups.empty()) return;
    TextTable table({"label", ">samples", ">right", ">share"});
    for (const ClassResult& one : result.groups)
        table.row({one.label.empty() ? "(none)" : one.label, grouped(one.samples),
                   grouped(one.right), share_text(one.recall)});
    say("\n" + table.text());
}

void say_worst(const Evaluation& result)
{
    if (result.worst.empty()) return;
    const bool labels = result.confusion.has_value();
    std::vector<std::string> heads = {"worst", labels ? "is" : "expected",
                                      labels ? "decided" : "given"};
    if (labels) heads.insert(heads.end(), {">score", ""});
    if (result.errors) heads.push_back(">error");
    TextTable table(heads);
    for (const Outcome& one : result.worst) {
        std::vector<std::string> row = {one.place, one.expected,
                                        one.decided.empty() ? "-" : one.decided};
        if (labels) {
            const bool none = one.decided.empty() || std::isnan(one.score);
            row.push_back(none ? "-" : fmt::format("{:.4g}", one.score));
            row.push_back(one.right ? "" : "wrong");
        }
        if (result.errors) row.push_back(fmt::format("{:.4g}", one.error));
        table.row(row);
    }
    say("\n" + table.text());
}

void say_result(const Evaluation& result, const EvalCommandOptions& options)
{
    for (const std::string& note : result.notes) say("note: " + note + "\n");
    const std::string held =
        !options.data.empty() ? "of --data"
        : result.held_out == result.samples
            ? "held out to test"
            : fmt::format("{} of them held out to test", grouped(result.held_out));
    say(fmt::format("{}: {} recording{}, {}\n", result.engine, grouped(result.samples),
                    result.samples == 1 ? "" : "s", held));
    if (result.confusion)
        say_labels(result);
    else if (result.errors)
        say_numbers(*result.errors);
    else
        say_texts(result);
    say_worst(result);
    say_next(options.engine == "oracle" && options.target.empty()
                 ? command_text("eval", options.model) + " --engine host"
                 : verify_command(options.model, options.target));
}

json confusion_json(const Confusion& confusion)
{
    return {{"labels", confusion.labels()},
            {"decided", confusion.columns()},
            {"counts", confusion.counts()}};
}

json number_or_null(double value)
{
    return std::isfinite(value) ? json(value) : json();
}

json worst_json(const Evaluation& result)
{
    json list = json::array();
    for (const Outcome& one : result.worst) {
        json item = {{"place", one.place},
                     {"expected", one.expected},
                     {"decided", one.decided.empty() ? json() : json(one.decided)}};
        if (result.errors) {
            item["error"] = number_or_null(one.error);
        } else {
            item["right"] = one.right;
            if (result.confusion) item["score"] = number_or_null(one.score);
        }
        list.push_back(std::move(item));
    }
    return list;
}

json result_json(const Evaluation& result)
{
    json object = {
        {"engine", result.engine},     {"samples", result.samples},
        {"held_out", result.held_out}, {"accuracy", result.errors ? json() : json(result.accuracy)},
        {"classes", json::array()},    {"confusion", json()},
        {"worst", worst_json(result)}, {"notes", result.notes}};
    const auto share = [](const std::optional<double>& value) {
        return value ? json(*value) : json();
    };
    if (result.confusion) {
        object["confusion"] = confusion_json(*result.confusion);
        for (const ClassResult& one : result.confusion->classes())
            object["classes"].push_back({{"label", one.label},
                                         {"samples", one.samples},
                                         {"decided", one.decided},
                                         {"right", one.right},
                                         {"precision", share(one.precision)},
                                         {"recall", share(one.recall)}});
    }
    for (const ClassResult& one : result.groups)
        object["classes"].push_back({{"label", one.label},
                                     {"samples", one.samples},
                                     {"right", one.right},
                                     {"recall", share(one.recall)}});
    if (result.unrounded) object["unrounded_accuracy"] = *result.unrounded;
    if (result.among_best) object["among_best"] = *result.among_best;
    if (result.errors)
        object["errors"] = {{"mean_absolute", number_or_null(result.errors->mean_absolute)},
                            {"root_mean_square", number_or_null(result.errors->root_mean_square)},
                            {"maximum", number_or_null(result.errors->maximum)},
                            {"values", result.errors->values}};
    return object;
}

Exit evaluate(EvalCommandOptions options, bool as_json)
{
    require(is_project(options.model.path), ErrorCode::T0101,
            {options.model.path, "is no project", "a folder with thimble.toml",
             "thimble eval examples/gesture"});
    apply_deploy(options.model);
    const ModelOptions& model = options.model;
    EvaluationOptions what{.all = options.all, .data = options.data, .limit = options.limit};
    what.engine = {.engine = options.engine,
                   .target = options.target,
                   .match = model.match_rule(),
                   .compile = [&model](const Graph& graph, const ResolvedTarget& target) {
                       return compile_for(graph, model, target);
                   }};
    Progress progress("evaluating on " + what.engine.name());
    const Evaluation result =
        evaluate_project(read_project_file(model.path), what,
                         [&](size_t done, size_t all) { progress.count(done, all); });
    if (as_json)
        print_json(result_json(result));
    else
        say_result(result, options);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<EvalCommandOptions>();
    if (fs::exists(kProjectFileName)) options->model.path = ".";
    reader.argument("PROJECT", options->model.path, "a folder with thimble.toml that has a [data]",
                    options->model.path.empty());
    reader.choice("--engine", options->engine, {"oracle", "host", "float"},
                  "the slow reference, the generated C on this computer, or the float networks "
                  "beside the quantised ones");
    reader.text("-t,--target", "T", options->target,
                "the generated C on this emulated chip instead");
    reader.flag("--all", options->all, "the recordings that are trained on, too");
    reader.text("--data", "KEYS", options->data,
                "other recordings, keys as in [data]: 'files = \"clips/*.wav\", labels = "
                "\"folder\"'");
    reader.whole("--limit", options->limit, 1, kLimitMax,
                 "evaluate so many recordings, evenly out of all (default: all)");
    declare_compilation(reader, options->model);
    return [options](bool as_json) { return evaluate(*options, as_json); };
}

}  // namespace

extern const Command command_eval;
const Command command_eval = {
    .name = "eval",
    .summary = "Evaluate a project on the recordings that are held out: accuracy, what is confused",
    .examples = {"thimble eval examples/gesture",
                 "thimble eval examples/key_reports --target uno --limit 20"},
    .declare = declare,
};

}  // namespace thimble
