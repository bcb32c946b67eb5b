// data: what the recordings of a project are: found, cut, labelled, split.
#include "cli/command.h"
#include "cli/data_table.h"
#include "cli/output.h"
#include "data/write.h"
#include "evaluate/feature_ranges.h"
#include "evaluate/make_vocabulary.h"
#include "ir/token_table.h"
#include "project/data_section.h"
#include "project/project_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct DataCommandOptions {
    std::string project;
    bool recordings = false;
    bool normalize = false;
    int64_t vocabulary = 0;
    std::string write;
};

json recordings_json(const Dataset& dataset)
{
    json list = json::array();
    for (const Recording& one : dataset.recordings)
        list.push_back({{"place", one.place()},
                        {"label", one.label},
                        {"dtype", dtype_name(one.type)},
                        {"shape", one.shape},
                        {"split", part_of(one)}});
    return list;
}

Exit show_vocabularies(const std::vector<MadeVocabulary>& list, const std::string& project,
                       bool as_json)
{
    write_vocabularies(list);
    json written = json::array();
    for (const MadeVocabulary& one : list) {
        written.push_back({{"file", one.file.string()},
                           {"lines", one.lines.size()},
                           {"different", one.tokens},
                           {"kept", one.kept},
                           {"seen", one.seen}});
        if (!as_json)
            say(fmt::format("wrote {}: {} lines; {:.1f} % of {} tokens, {} different\n",
                            one.file.string(), one.lines.size(),
                            100 * static_cast<double>(one.kept) / static_cast<double>(one.seen),
                            grouped(one.seen), grouped(one.tokens)));
    }
    if (as_json)
        print_json({{"vocabularies", written}});
    else
        say_next("thimble train " + project);
    return Exit::ok;
}

Exit show_normalization(const ProjectFile& file, const std::string& project, bool as_json)
{
    const SampleSet set = collect_samples(file);
    const Normalization found = normalization(feature_ranges(set));
    if (as_json) {
        print_json({{"samples", set.train.size()},
                    {"normalize", {{"add", found.add}, {"scale", found.scale}}}});
        return Exit::ok;
    }
    say(stage_text(found, set.train.size()));
    say_next("thimble train " + project);
    return Exit::ok;
}

Exit show(const DataCommandOptions& options, bool as_json)
{
    require(is_project(options.project), ErrorCode::T0101,
            {options.project, "is no project", "a folder with thimble.toml",
             "thimble data examples/gesture"});
    const ProjectFile file = read_project_file(options.project);
    const DataOptions wanted = data_options(file);
    const Dataset dataset = load_dataset(wanted);
    entry_stage(file);
    if (options.vocabulary > 0)
        return show_vocabularies(make_vocabularies(file, dataset, options.vocabulary),
                                 options.project, as_json);
    if (options.normalize) return show_normalization(file, options.project, as_json);
    std::vector<fs::path> written;
    if (!options.write.empty()) written = write_dataset(dataset, wanted.kind, options.write);
    if (as_json) {
        json object = data_table_json(dataset);
        for (const fs::path& path : written) object["written"].push_back(path.string());
        if (options.recordings) object["list"] = recordings_json(dataset);
        print_json(object);
        return Exit::ok;
    }
    if (options.recordings) {
        TextTable table({"recording", "label", "type", "shape", "split"});
        for (const Recording& one : dataset.recordings)
            table.row({one.place(), one.label, std::string(dtype_name(one.type)),
                       shape_text(one.shape), part_of(one)});
        say(table.text() + "\n");
    }
    say(data_table_text(dataset));
    for (const fs::path& path : written) say("wrote " + path.string() + "\n");
    say_next("thimble inspect " + options.project);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<DataCommandOptions>();
    if (fs::exists(kProjectFileName)) options->project = ".";
    reader.argument("PROJECT", options->project, "a folder with thimble.toml that has a [data]",
                    options->project.empty());
    reader.flag("--recordings", options->recordings, "list every recording with its place");
    reader.flag("--normalize", options->normalize,
                "print the stage that brings the network's features to mean 0, deviation 1");
    reader.whole("--vocabulary", options->vocabulary, 0, kTokensMost,
                 "write the vocabularies that the stages name: so many of the most frequent "
                 "tokens; 0: none");
    reader.text("--write", "DIR", options->write,
                "write the recordings as files into a new folder");
    return [options](bool as_json) { return show(*options, as_json); };
}

}  // namespace

extern const Command command_data;
const Command command_data = {
    .name = "data",
    .summary = "Show the recordings of a project: labels, lengths, what is held out to test",
    .examples = {"thimble data examples/gesture", "thimble data examples/gesture --recordings"},
    .declare = declare,
};

}  // namespace thimble
