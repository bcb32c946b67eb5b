#include "evaluate/other_data.h"

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

}  // namespace

ProjectFile with_data(const ProjectFile& file, const std::string& text)
{
    // A whole project around it, so that one reader checks all keys.
    const ProjectFile given = parse_project_file(
        "data = {" + text + "}\n[[stage]]\nkind = \"argmax\"\n", "--data");
    Settings data = *given.data();
    for (const char* key : {"files", "test_files"}) make_absolute(data, key);
    if (const Settings* own = file.data()) {
        for (const char* key : {"at", "labels", "others"})
            if (!data.has(key) && own->has(key)) data.set(key, {own->text(key), 1});
        if (!data.has("targets") && own->has("targets"))
            data.set("targets", {own->texts("targets"), 1});
    }
    ProjectFile result = file;
    result.top.set("data", {std::make_shared<const Settings>(data), 1});
    return result;
}

}  // namespace thimble
