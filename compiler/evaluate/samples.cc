#include "evaluate/samples.h"

#include "base/error.h"
#include "evaluate/recordings.h"
#include "project/pipeline.h"
#include "verify/oracle.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

bool takes_all_windows(const ProjectFile& file)
{
    const std::string windows = file.data()->text_or_empty("windows");
    if (!windows.empty()) return windows == "all";
    return !file.input() || file.input()->text("kind") != "audio";
}

// What the graph gave for one recording, one entry for each valid tick.
std::vector<Bytes> run_recording(Evaluator& oracle, const Graph& graph,
                                 const RawRecording& recording)
{
    std::vector<Bytes> results;
    for (const Tick& tick : cut_ticks(graph, {recording})) {
        if (tick.first) oracle.reset();
        oracle.begin_sequence();
        for (size_t i = 0; i < tick.inputs.size(); ++i) oracle.set_input(i, tick.inputs[i]);
        oracle.run();
        if (oracle.output(0)[0] == 0) continue;
        results.emplace_back(oracle.output(1).begin(), oracle.output(1).end());
    }
    return results;
}

class Collector {
public:
    Collector(const ProjectFile& file, const SampleProgress& progress)
        : file_(file),
          progress_(progress),
          data_(load_project_data(file)),
          augment_(augment_options(file))
    {
    }

    SampleSet collect()
    {
        Pipeline front = compose_pipeline(file_, data_.entry, trained_stage(file_));
        set_.ids = front.ids;
        graph_ = std::move(front.graph);
        graph_.interface = std::make_shared<const PipelineInterface>(std::move(front.interface));
        set_.sample = graph_.tensor(graph_.outputs.at(1));
        set_.labels.assign(data_.labels.begin(),
                           data_.labels.begin() + static_cast<std::ptrdiff_t>(data_.trained));
        set_.notes = data_.dataset.notes;
        const std::vector<Recording>& recordings = data_.dataset.recordings;
        Evaluator oracle(graph_, Match::tflm);
        for (size_t i = 0; i < recordings.size(); ++i) {
            set_.places.push_back(recordings[i].place());
            if (progress_ && i % kBetweenReports == 0) progress_(i, recordings.size());
            if (data_.label[i] >= static_cast<int>(data_.trained)) {
                ++set_.not_trained;
                continue;
            }
            add(i, recordings[i], windows_of(oracle, recordings[i]));
            const int64_t copies = recordings[i].test ? 0 : augment_.copies;
            for (int64_t copy = 0; copy < copies; ++copy) {
                const Recording changed = augmented(recordings[i], augment_, random_);
                add(i, changed, windows_of(oracle, changed));
            }
        }
        if (progress_) progress_(recordings.size(), recordings.size());
        finish();
        return std::move(set_);
    }

private:
    static constexpr size_t kBetweenReports = 16;

    std::vector<Bytes> windows_of(Evaluator& oracle, const Recording& recording) const
    {
        std::vector<Bytes> windows =
            run_recording(oracle, graph_, raw_recording(recording, graph_));
        if (!takes_all_windows(file_) && windows.size() > 1)
            windows.erase(windows.begin(), windows.end() - 1);
        return windows;
    }

    void add(size_t index, const Recording& recording, std::vector<Bytes> windows)
    {
        if (windows.empty() && set_.without_sample++ == 0) set_.first_without = recording.place();
        require(recording.targets.empty() || windows.size() <= 1, ErrorCode::T0105,
                {recording.place(),
                 fmt::format("{} inputs of the network, and one row of targets", windows.size()),
                 "one input a recording", "samples = 1 in [data], or windows = \"last\""});
        for (Bytes& window : windows)
            (recording.test ? set_.test : set_.train)
                .push_back({std::move(window), data_.label[index], recording.targets, index});
    }

    // A label that nothing is an example of is most often a folder or file with another name.
    void require_examples() const
    {
        std::vector<bool> seen(set_.labels.size(), false);
        for (const LabelledSample& sample : set_.train)
            if (sample.label >= 0) seen[static_cast<size_t>(sample.label)] = true;
        for (size_t i = 0; i < seen.size(); ++i)
            require(seen[i], ErrorCode::T0105,
                    {file_.data()->place("labels"),
                     fmt::format("no recording of '{}' to train on", set_.labels[i]),
                     "at least one of each label, long enough for a window",
                     "add recordings, or remove the label; thimble data shows what was found"});
    }

    void finish()
    {
        if (set_.without_sample > 0)
            set_.notes.push_back(
                fmt::format("{} of {} recordings are too short for a window; the first is {}",
                            set_.without_sample, set_.places.size(), set_.first_without));
        if (set_.not_trained > 0)
            set_.notes.push_back(
                fmt::format("{} recordings have a label that only a later stage "
                            "gives: nothing is trained on them",
                            set_.not_trained));
        require(!set_.train.empty(), ErrorCode::T0105,
                {file_.data()->place("files"), "no recording to train on",
                 "recordings long enough for a window, not all of them held out to test",
                 "thimble data shows what was found"});
        require_examples();
    }

    const ProjectFile& file_;
    const SampleProgress& progress_;
    ProjectData data_;
    AugmentOptions augment_;
    SplitMix64 random_{1};  // of the changed copies
    Graph graph_;
    SampleSet set_;
};

}  // namespace

SampleSet collect_samples(const ProjectFile& file, const SampleProgress& progress)
{
    return Collector(file, progress).collect();
}

}  // namespace thimble
