#include "evaluate/evaluate_project.h"

#include "base/error.h"
#include "evaluate/float_project.h"
#include "evaluate/other_data.h"
#include "evaluate/outcomes.h"
#include "import/import.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// The recordings that count, evenly thinned out.
std::vector<size_t> chosen(const ProjectFile& file, const ProjectData& data,
                           const EvaluationOptions& options)
{
    std::vector<size_t> all;
    const std::vector<Recording>& recordings = data.dataset.recordings;
    for (size_t i = 0; i < recordings.size(); ++i)
        if (options.all || !options.data.empty() || recordings[i].test) all.push_back(i);
    require(!all.empty(), ErrorCode::T0105,
            {file.data()->place("files"),
             fmt::format("none of {} recording{} is held out to test", recordings.size(),
                         recordings.size() == 1 ? "" : "s"),
             "two recordings of a label at least, and a share to test",
             "--all evaluates those that are trained on, too"});
    const auto limit = static_cast<size_t>(options.limit);
    if (limit == 0 || limit >= all.size()) return all;
    std::vector<size_t> some;
    for (size_t i = 0; i < limit; ++i) some.push_back(all[i * all.size() / limit]);
    return some;
}

[[noreturn]] void nothing_to_compare(const ProjectFile& file, const std::string& found,
                                     const std::string& remedy)
{
    fail(ErrorCode::T0106,
         {file.data()->place("files"), found, "what each recording should give", remedy});
}

void evaluate_pipeline(const ProjectFile& file, const ProjectData& data,
                       const std::vector<size_t>& indices, const EvaluationOptions& options,
                       const RecordingProgress& progress, Evaluation& result)
{
    Pipeline pipeline = compose_pipeline(file, data.entry);
    pipeline.graph.interface = std::make_shared<const PipelineInterface>(pipeline.interface);
    require_supported(pipeline.graph);
    const bool labels = pipeline.interface.decision == Decision::label;
    if (labels && data.labels.empty())
        nothing_to_compare(file, "recordings without labels",
                           "labels = \"file\" in [data]; or folder, column:NAME, beside");
    if (!labels && data.dataset.recordings[0].targets.empty())
        nothing_to_compare(file, "recordings without targets, and stages that give numbers",
                           "targets = [\"y\"] in [data]; to decide between labels, a stage: kind "
                           "= \"argmax\"");
    std::vector<RawRecording> recordings;
    for (const size_t i : indices)
        recordings.push_back(raw_recording(data.dataset.recordings[i], pipeline.graph));
    const std::vector<PipelineDecision> decisions =
        decide(pipeline.graph, recordings, options.engine, progress);
    if (labels)
        evaluate_labels({file, data, indices}, pipeline, decisions, result);
    else
        evaluate_numbers({file, data, indices}, pipeline.graph, decisions, result);
}

// The project with float32 sums in place of int8 ones; nothing where it has none.
std::optional<ProjectFile> with_float_sums(const ProjectFile& file)
{
    ProjectFile unrounded = file;
    bool any = false;
    for (Settings& stage : unrounded.stages) {
        if (stage.text("kind") != "network" || stage.text("fold") != "int8") continue;
        stage.set("fold", {std::string("float"), 0});
        any = true;
    }
    return any ? std::optional(std::move(unrounded)) : std::nullopt;
}

}  // namespace

void keep_worst(std::vector<Outcome>& outcomes, Evaluation& result)
{
    constexpr size_t kWorstShown = 10;
    std::ranges::stable_sort(outcomes, [](const Outcome& a, const Outcome& b) {
        if (a.error != b.error) return a.error > b.error;
        if (a.right != b.right) return b.right;
        return a.right ? a.certainty < b.certainty : a.certainty > b.certainty;
    });
    outcomes.resize(std::min(outcomes.size(), kWorstShown));
    result.worst = std::move(outcomes);
}

Evaluation evaluate_project(const ProjectFile& project, const EvaluationOptions& options,
                            const RecordingProgress& progress)
{
    require_one_engine(options.engine);
    const bool other = !options.data.empty();
    const ProjectFile given = other ? with_data(project, options.data) : project;
    const ProjectData data = load_project_data(given);
    const bool in_float = options.engine.engine == "float";
    const ProjectFile file = in_float ? float_project(given) : given;
    Evaluation result{.engine = options.engine.name(), .notes = data.dataset.notes};
    const std::vector<size_t> indices = chosen(file, data, options);
    result.samples = static_cast<int64_t>(indices.size());
    result.held_out = std::ranges::count_if(
        indices, [&](size_t i) { return other || data.dataset.recordings[i].test; });
    if (file.stages.size() == 1 && file.kind(0) == "seq2seq") {
        if (data.dataset.recordings[0].answer.empty())
            nothing_to_compare(file, "texts without answers",
                               "targets = \"2\" in [data], for lines of text, tab, answer");
        evaluate_texts({file, data, indices}, options.engine, progress, result);
    } else {
        evaluate_pipeline(file, data, indices, options, progress, result);
        if (const auto unrounded = with_float_sums(file); unrounded && result.confusion) {
            Evaluation other;
            evaluate_pipeline(*unrounded, data, indices, options, {}, other);
            result.unrounded = other.accuracy;
        }
    }
    return result;
}

}  // namespace thimble
