// Texts that a seq2seq project writes, against the answers of its recordings.
#include "base/error.h"
#include "base/text.h"
#include "evaluate/outcomes.h"
#include "project/project.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace thimble {

namespace {

std::string words_of(const std::string& text)
{
    std::string joined;
    for (const std::string& word : split_words(text)) joined += (joined.empty() ? "" : " ") + word;
    return joined;
}

TensorBytes source_ids(const Graph& graph, const TextInterface& text, const Recording& recording)
{
    const auto count = static_cast<size_t>(graph.tensor(graph.inputs.at(0)).count());
    const std::string line(recording.bytes.begin(), recording.bytes.end());
    const std::vector<int32_t> ids = ids_of_text(text, line, count);
    Bytes bytes(ids.size() * sizeof(int32_t));
    if (!bytes.empty()) std::memcpy(bytes.data(), ids.data(), bytes.size());
    return {std::move(bytes)};
}

std::string answer_of(const TextInterface& text, const RunOutputs& run)
{
    std::vector<int32_t> ids(run.outputs.at(0).size() / sizeof(int32_t));
    if (!ids.empty()) std::memcpy(ids.data(), run.outputs[0].data(), run.outputs[0].size());
    int32_t count = 0;
    std::memcpy(&count, run.outputs.at(1).data(), sizeof count);
    ids.resize(std::min(ids.size(), static_cast<size_t>(std::max(count, 0))));
    return text_of_ids(text.target, ids);
}

}  // namespace

void evaluate_texts(const Evaluated& what, const EngineChoice& engine,
                    const RecordingProgress& progress, Evaluation& result)
{
    const Project project = load_project(what.file);
    require(project.text && project.text->complete(), ErrorCode::T0106,
            {what.file.stages[0].place("kind"), "a project without vocabularies",
             "text in, text out, to compare with the answers of [data]",
             "source_vocabulary = \"...\" and target_vocabulary = \"...\""});
    std::vector<TensorBytes> inputs;
    for (size_t i = 0; i < what.indices.size(); ++i)
        inputs.push_back(source_ids(project.graph, *project.text, what.recording(i)));
    const std::vector<RunOutputs> runs = run_all(project.graph, inputs, engine, progress);
    std::vector<Outcome> outcomes;
    std::map<std::string, ClassResult> groups;
    int64_t right = 0;
    for (size_t i = 0; i < what.indices.size(); ++i) {
        const Recording& recording = what.recording(i);
        Outcome outcome{.place = recording.place(),
                        .expected = words_of(recording.answer),
                        .decided = words_of(answer_of(*project.text, runs[i]))};
        outcome.right = outcome.expected == outcome.decided;
        ClassResult& group = groups[recording.label];
        ++group.samples;
        if (outcome.right) {
            ++group.right;
            ++right;
        }
        outcomes.push_back(std::move(outcome));
    }
    result.accuracy = static_cast<double>(right) / static_cast<double>(what.indices.size());
    for (auto& [label, group] : groups) {
        group.label = label;
        group.recall = static_cast<double>(group.right) / static_cast<double>(group.samples);
        if (groups.size() > 1) result.groups.push_back(group);
    }
    std::erase_if(outcomes, [](const Outcome& outcome) { return outcome.right; });
    keep_worst(outcomes, result);
}

}  // namespace thimble
