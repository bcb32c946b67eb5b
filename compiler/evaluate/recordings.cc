#include "evaluate/recordings.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/printable.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <set>

namespace thimble {

namespace {

std::optional<int64_t> whole_number(const std::string& text)
{
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [at, problem] = std::from_chars(text.data(), end, number);
    return problem == std::errc() && at == end ? std::optional(number) : std::nullopt;
}

// By the name, or by the place of the name among those of the decision.
int label_index(const Recording& recording, const std::vector<std::string>& labels,
                const std::string& others)
{
    const auto it = std::ranges::find(labels, recording.label);
    if (it != labels.end()) return static_cast<int>(it - labels.begin());
    const std::optional<int64_t> number = whole_number(recording.label);
    const auto count = static_cast<int64_t>(labels.size());
    if (number && *number >= 0 && *number < count) return static_cast<int>(*number);
    if (!others.empty())
        return static_cast<int>(std::ranges::find(labels, others) - labels.begin());
    const std::string like = nearest(recording.label, labels);
    fail(ErrorCode::T0105,
         {recording.place(), fmt::format("the label '{}'", printable(recording.label)),
          number ? fmt::format("0 to {}, or one of: {}", count - 1, fmt::join(labels, ", "))
                 : fmt::format("one of: {}", fmt::join(labels, ", ")),
          like.empty() ? "add the label to `labels` of the stage that decides, or leave the "
                         "recording out of `files`"
                       : fmt::format("correct it to {}, or add it to `labels` of the stage that "
                                     "decides",
                                     like)});
}

// Without names a label is the number of the network's value.
std::vector<std::string> numbered_labels(const Dataset& dataset)
{
    int64_t most = -1;
    for (const Recording& recording : dataset.recordings) {
        const std::optional<int64_t> number = whole_number(recording.label);
        constexpr int64_t kLabelsMax = 100'000;
        require(number && *number >= 0 && *number < kLabelsMax, ErrorCode::T0105,
                {recording.place(), fmt::format("the label '{}'", printable(recording.label)),
                 "the number of a value, from 0 on, since the decision has no names",
                 "labels = [...]: name the values in the stage `argmax`"});
        most = std::max(most, *number);
    }
    std::vector<std::string> labels;
    for (int64_t i = 0; i <= most; ++i) labels.push_back(fmt::format("{}", i));
    return labels;
}

Shape without_ones(const Shape& shape)
{
    Shape result;
    std::ranges::copy_if(shape, std::back_inserter(result), [](int64_t n) { return n != 1; });
    return result;
}

}  // namespace

ProjectData load_project_data(const ProjectFile& file)
{
    ProjectData data;
    data.entry = entry_stage(file);
    const DataOptions options = data_options(file);
    data.dataset = load_dataset(options);
    const std::vector<Recording>& recordings = data.dataset.recordings;
    data.label.assign(recordings.size(), -1);
    const bool labelled =
        std::ranges::any_of(recordings, [](const Recording& one) { return !one.label.empty(); });
    const Recording& first = recordings.front();
    if (!labelled || !first.targets.empty() || !first.answer.empty()) return data;
    const DecisionLabels known = decision_labels(file);
    data.labels = known.names.empty() ? numbered_labels(data.dataset) : known.names;
    data.trained = known.names.empty() ? data.labels.size() : known.values;
    const std::string others = file.data()->text_or_empty("others");
    require(others.empty() || std::ranges::count(data.labels, others) > 0, ErrorCode::T0106,
            {file.data()->place("others"), fmt::format("the label '{}'", others),
             fmt::format("one of: {}", fmt::join(data.labels, ", ")), "correct the label"});
    for (size_t i = 0; i < recordings.size(); ++i)
        data.label[i] = label_index(recordings[i], data.labels, others);
    return data;
}

RawRecording raw_recording(const Recording& recording, const Graph& graph)
{
    const PipelineInterface& interface = *graph.interface;
    const Tensor& input = graph.tensor(graph.inputs.at(0));
    const int64_t row = interface.streamed() ? interface.row : input.count();
    const bool fits = interface.kind == InputKind::image
                          ? without_ones(recording.shape) == without_ones(input.shape)
                          : recording.count() % std::max<int64_t>(1, row) == 0;
    require(fits, ErrorCode::T0105,
            {recording.place(), fmt::format("shape {}", shape_text(recording.shape)),
             interface.streamed()
                 ? fmt::format("rows of {} values", row)
                 : fmt::format("{}{}", dtype_name(input.type), shape_text(input.shape)),
             "bring the recording to this shape, or pick columns: columns = [...]"});
    return {recording.place(), values_as(recording, input.type)};
}

}  // namespace thimble
