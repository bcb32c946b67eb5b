#include "evaluate/samples.h"

#include "base/error.h"
#include "evaluate/front_stages.h"
#include "evaluate/recordings.h"
#include "project/pipeline.h"

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

// Only what is learnt from is changed.
int64_t copies_of(const Recording& recording, int64_t copies)
{
    return recording.test || recording.validation ? 0 : copies;
}

// Samples of all sounds together, changed copies included; 0 for other inputs.
int64_t sound_samples(const ProjectFile& file, const Dataset& dataset, int64_t copies)
{
    int64_t samples = 0;
    if (!file.input() || file.input()->text("kind") != "audio") return 0;
    for (const Recording& recording : dataset.recordings)
        samples += recording.rows() * (1 + copies_of(recording, copies));
    return samples;
}

class Collector {
public:
    Collector(const ProjectFile& file, const SampleProgress& progress, const SampleOptions& options)
        : file_(file),
          progress_(progress),
          options_(options),
          data_(load_project_data(file)),
          augment_(augment_options(file))
    {
    }

    SampleSet collect()
    {
        Pipeline front = compose_pipeline(file_, data_.entry, trained_stage(file_));
        set_.ids = front.ids;
        FrontStages stages(std::move(front), sound_samples(file_, data_.dataset, augment_.copies));
        set_.sample = stages.output();
        set_.labels.assign(data_.labels.begin(),
                           data_.labels.begin() + static_cast<std::ptrdiff_t>(data_.trained));
        set_.notes = data_.dataset.notes;
        const std::vector<Recording>& recordings = data_.dataset.recordings;
        for (size_t i = 0; i < recordings.size(); ++i) {
            set_.places.push_back(recordings[i].place());
            if (data_.label[i] >= static_cast<int>(data_.trained)) {
                ++set_.not_trained;
                continue;
            }
            wait(stages, i, recordings[i]);
            const int64_t copies = copies_of(recordings[i], augment_.copies);
            for (int64_t copy = 0; copy < copies; ++copy)
                wait(stages, i, augmented(recordings[i], augment_, random_));
        }
        run(stages);
        if (progress_) progress_(recordings.size(), recordings.size());
        finish();
        return std::move(set_);
    }

private:
    // Bytes of recordings that go through the stages together.
    static constexpr size_t kBatchBytes = 1 << 20;

    void wait(FrontStages& stages, size_t index, const Recording& recording)
    {
        waiting_.push_back(raw_recording(recording, stages.graph()));
        indices_.push_back(index);
        waiting_bytes_ += waiting_.back().samples.size();
        if (waiting_bytes_ >= kBatchBytes) run(stages);
    }

    void run(FrontStages& stages)
    {
        if (progress_ && !indices_.empty())
            progress_(indices_.front(), data_.dataset.recordings.size());
        std::vector<std::vector<Bytes>> results = stages.run(waiting_);
        for (size_t i = 0; i < results.size(); ++i) {
            if (!takes_all_windows(file_) && results[i].size() > 1)
                results[i].erase(results[i].begin(), results[i].end() - 1);
            const bool copy = i > 0 ? indices_[i] == indices_[i - 1] : indices_[i] == last_;
            add(indices_[i], copy, std::move(results[i]));
        }
        if (!indices_.empty()) last_ = indices_.back();
        waiting_.clear();
        indices_.clear();
        waiting_bytes_ = 0;
    }

    void add(size_t index, bool copy, std::vector<Bytes> windows)
    {
        const Recording& recording = data_.dataset.recordings[index];
        if (windows.empty() && !copy && set_.without_sample++ == 0)
            set_.first_without = recording.place();
        require(recording.targets.empty() || windows.size() <= 1, ErrorCode::T0105,
                {recording.place(),
                 fmt::format("{} inputs of the network, and one row of targets", windows.size()),
                 "one input a recording", "samples = 1 in [data], or windows = \"last\""});
        for (Bytes& window : windows)
            (recording.test ? set_.test : set_.train)
                .push_back({std::move(window), data_.label[index], recording.targets, index,
                            recording.validation});
    }

    // A label that nothing is an example of is most often a folder or file with another name.
    void require_examples() const
    {
        std::vector<bool> seen(set_.labels.size(), false);
        for (const LabelledSample& sample : set_.train)
            if (sample.label >= 0 && !sample.validation)
                seen[static_cast<size_t>(sample.label)] = true;
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
                fmt::format("{} of {} recordings are too short for a window; the first is {}{}",
                            set_.without_sample, set_.places.size(), set_.first_without,
                            is_sound() ? "; pad_to in [data] puts silence around them" : ""));
        if (set_.not_trained > 0)
            set_.notes.push_back(
                fmt::format("{} recordings have a label that only a later stage "
                            "gives: nothing is trained on them",
                            set_.not_trained));
        require(!set_.train.empty(), ErrorCode::T0105,
                {file_.data()->place("files"), "no recording to train on",
                 "recordings long enough for a window, not all of them held out to test",
                 "thimble data shows what was found"});
        if (options_.every_label) require_examples();
    }

    bool is_sound() const { return file_.input() && file_.input()->text("kind") == "audio"; }

    const ProjectFile& file_;
    const SampleProgress& progress_;
    const SampleOptions options_;
    ProjectData data_;
    AugmentOptions augment_;
    SplitMix64 random_{1};  // of the changed copies
    std::vector<RawRecording> waiting_;
    std::vector<size_t> indices_;  // of the recordings that wait
    size_t waiting_bytes_ = 0;
    size_t last_ = SIZE_MAX;  // recording that was added last
    SampleSet set_;
};

}  // namespace

SampleSet collect_samples(const ProjectFile& file, const SampleProgress& progress,
                          const SampleOptions& options)
{
    return Collector(file, progress, options).collect();
}

}  // namespace thimble
