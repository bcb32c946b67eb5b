#include "evaluate/other_data.h"

#include "project/data_section.h"

#include <filesystem>

namespace thimble {

namespace fs = std::filesystem;

namespace {

void make_absolute(Settings& data, const std::string& key)
{
    if (!data.has(key)) return;
    std::vector<std::string> patterns = data.texts(key);
    for (std::string& pattern : patterns) pattern = fs::absolute(pattern).string();
    data.set(key, {patterns, 1});
}

// A whole project around the text, so that one reader checks all keys. `place` stands in errors.
Settings read_data(const std::string& text, const std::string& place)
{
    Settings data =
        *parse_project_file("data = {" + text + "}\n[[stage]]\nkind = \"argmax\"\n", place).data();
    for (const char* key : {"files", "test_files", "validation_files"}) make_absolute(data, key);
    return data;
}

ProjectFile replaced(const ProjectFile& file, const Settings& data)
{
    ProjectFile result = file;
    result.top.set("data", {std::make_shared<const Settings>(data), 1});
    return result;
}

}  // namespace

ProjectFile with_data(const ProjectFile& file, const std::string& text)
{
    Settings data = read_data(text, "--data");
    for (const char* key : {"at", "labels", "others", "targets"})
        if (file.data()) data.inherit(*file.data(), key);
    return replaced(file, data);
}

ProjectFile with_files(const ProjectFile& file, const std::vector<std::string>& files,
                       const std::string& labels, const std::string& option)
{
    // Nothing is held out: whoever names files wants them used.
    Settings data = read_data("files = [\"*\"], split = {test = 0}", option);
    data.set("files", {files, 1});
    make_absolute(data, "files");
    if (!labels.empty()) data.set("labels", {labels, 1});
    // Files of the same kind are read in the same way.
    for (const char* key : {"at", "others", "targets", "group", "samples", "columns", "header",
                            "delimiter", "pad_to", "windows"})
        if (file.data()) data.inherit(*file.data(), key);
    if (file.kind(trained_stage(file)) == "seq2seq" && !data.has("targets"))
        data.set("targets", {std::vector<std::string>{"2"}, 1});
    return replaced(file, data);
}

}  // namespace thimble
