#include "project/data_section.h"

#include "base/error.h"
#include "base/text.h"
#include "data/generate/generate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace thimble {

namespace {

DataKind kind_of(const ProjectFile& file)
{
    const std::string kind = file.input() ? file.input()->text("kind") : "text";
    if (kind == "text") return DataKind::text;
    return kind == "image" ? DataKind::image : DataKind::samples;
}

// Stages that see the channels of the input one beside the other.
bool has_channels(const std::string& kind)
{
    return kind == "trigger" || kind == "window" || kind == "normalize" || kind == "features";
}

void set_split(const Settings& split, SplitOptions& options)
{
    const std::string by = split.text("by");
    options.test = split.number("test");
    options.seed = static_cast<uint64_t>(split.whole("seed"));
    options.by = by == "file" ? SplitBy::file : by == "hash" ? SplitBy::hash : SplitBy::recording;
}

// Keys that say how files are read; generated recordings need none of them.
constexpr const char* kFileKeys[] = {
    "test_files", "validation_files", "labels",    "columns", "targets", "group",
    "samples",    "header",           "delimiter", "unique",  "pad_to"};

void set_generated(const Settings& data, DataOptions& options)
{
    require(data.has("files") != data.has("generate"), ErrorCode::T0106,
            {data.place(data.has("files") ? "generate" : "files"),
             data.has("files") ? "stands beside `files`" : "is missing",
             "either `files` or `generate`", "files = \"data/*.csv\""});
    if (data.has("files")) {
        for (const char* key : {"count", "seed"})
            require(!data.has(key), ErrorCode::T0106,
                    {data.place(key), "has no effect on files", "a key of `generate`",
                     fmt::format("remove `{}`", key)});
        require(
            !data.has("test_files") || !data.has("split"), ErrorCode::T0106,
            {data.place("split"), "stands beside `test_files`", "one of both", "remove `split`"});
        return;
    }
    options.generate = data.text("generate");
    options.place = data.place("generate");
    for (const char* key : kFileKeys)
        require(!data.has(key), ErrorCode::T0106,
                {data.place(key), "has no effect on generated recordings", "a key of `files`",
                 fmt::format("remove `{}`", key)});
    require(
        !data.has("split") || !find_generator(options.generate)->splits, ErrorCode::T0106,
        {data.place("split"), fmt::format("'{}' decides itself what is held out", options.generate),
         "no `split`", "remove `split`"});
    if (data.has("count")) options.count = data.whole("count");
    if (data.has("seed")) options.seed = static_cast<uint64_t>(data.whole("seed"));
}

int64_t padding(const ProjectFile& file, const Settings& data)
{
    require(file.input() && file.input()->text("kind") == "audio", ErrorCode::T0106,
            {data.place("pad_to"), "no sound", "an input of kind \"audio\"", "remove `pad_to`"});
    require(!data.has("samples"), ErrorCode::T0106,
            {data.place("pad_to"), "stands beside `samples`", "one of both", "remove `samples`"});
    return data.whole("pad_to");
}

}  // namespace

size_t entry_stage(const ProjectFile& file)
{
    const Settings* data = file.data();
    const std::string at = data ? data->text_or_empty("at") : "";
    if (at.empty()) return 0;
    std::vector<std::string> names;
    std::map<std::string, int> count;
    for (size_t i = 0; i < file.stages.size(); ++i) {
        const std::string kind = file.kind(i);
        const int nth = ++count[kind];
        names.push_back(nth == 1 ? kind : fmt::format("{}:{}", kind, nth));
        if (names.back() == at) return i;
    }
    const std::string like = nearest(at, names);
    fail(ErrorCode::T0106, {data->place("at"), fmt::format("no stage '{}'", at),
                            fmt::format("a stage of this project: {}", fmt::join(names, ", ")),
                            fmt::format("at = \"{}\"", like.empty() ? names[0] : like)});
}

size_t trained_stage(const ProjectFile& file)
{
    for (size_t i = 0; i < file.stages.size(); ++i)
        if (file.kind(i) == "network" || file.kind(i) == "seq2seq") return i;
    fail(ErrorCode::T0106,
         {file.path.string(), "no stage to train", "a network", "[[stage]]\nkind = \"network\""});
}

DecisionLabels decision_labels(const ProjectFile& file)
{
    DecisionLabels labels;
    for (size_t i = 0; i < file.stages.size(); ++i) {
        const std::string kind = file.kind(i);
        if (kind == "argmax" || kind == "top_k") {
            labels.names = file.stages[i].texts("labels");
            labels.values = labels.names.size();
        }
        if (kind == "threshold" && file.stages[i].has("otherwise") && labels.values > 0)
            labels.names.push_back(file.stages[i].text("otherwise"));
    }
    return labels;
}

DataOptions data_options(const ProjectFile& file)
{
    const Settings* data = file.data();
    require(data != nullptr, ErrorCode::T0106,
            {file.path.string(), "no [data]", "where the recordings are",
             "[data]\nfiles = \"data/*.csv\"\nlabels = \"file\""});
    DataOptions options;
    options.folder = file.path.parent_path();
    options.files = data->texts("files");
    options.test_files = data->texts("test_files");
    options.validation_files = data->texts("validation_files");
    options.kind = kind_of(file);
    options.place = data->place("files");
    set_generated(*data, options);
    set_labels(options, data->text_or_empty("labels"), data->place("labels"));
    options.label_names = decision_labels(file).names;
    options.columns = data->texts("columns");
    options.targets = data->texts("targets");
    if (data->has("unique")) options.unique = data->flag("unique");
    if (file.input() && has_channels(file.kind(entry_stage(file))))
        options.channels = file.input()->texts("channels");
    options.group = data->text_or_empty("group");
    if (data->has("samples")) options.samples = data->whole("samples");
    if (data->has("pad_to")) options.pad_to = padding(file, *data);
    if (data->has("header"))
        options.header = data->flag("header") ? Header::present : Header::absent;
    if (data->has("delimiter")) {
        const std::string name = data->text("delimiter");
        options.delimiter = name == "tab" ? '\t' : name == "semicolon" ? ';' : ',';
    }
    if (file.input() && file.input()->has("rate_hz"))
        options.rate_hz = file.input()->number("rate_hz");
    if (const Settings* split = data->table("split")) set_split(*split, options.split);
    return options;
}

AugmentOptions augment_options(const ProjectFile& file)
{
    AugmentOptions options;
    const Settings* const train = file.top.table("train");
    const Settings* const augment = train ? train->table("augment") : nullptr;
    if (!augment) return options;
    const DataKind kind = kind_of(file);
    require(kind != DataKind::text, ErrorCode::T0106,
            {train->place("augment"), "texts have no changed copies", "no `augment`",
             "remove `augment`"});
    options.copies = augment->whole("copies");
    options.shift = augment->number("shift");
    options.noise = augment->number("noise");
    options.rotation = augment->number("rotation");
    options.warp = augment->number("warp");
    const std::vector<double> gain = augment->numbers("gain");
    require(gain.empty() || (gain.size() == 2 && gain[0] <= gain[1]), ErrorCode::T0106,
            {augment->place("gain"), fmt::format("the numbers {}", fmt::join(gain, ", ")),
             "two: the least and the greatest factor", "gain = [0.8, 1.2]"});
    if (!gain.empty()) {
        options.least_gain = gain[0];
        options.most_gain = gain[1];
    }
    require(options.warp == 0 || kind != DataKind::image, ErrorCode::T0106,
            {augment->place("warp"), "images have no speed", "motion or sound", "remove `warp`"});
    return options;
}

}  // namespace thimble
