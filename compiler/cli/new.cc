// new: a project that runs and verifies as it is.
#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/template_files.h"
#include "emit/c_source.h"
#include "targets/target.h"

#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct NewOptions {
    std::string folder;
    std::string like = "sine";
    std::string board;  // empty: the smallest well-known one that the template's model fits
};

std::string default_board(const std::string& like)
{
    return like == "keyword" || like == "seq2seq" ? "nano33ble" : "uno";
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

// A template's text with the names of this project; models and data stay as they are.
std::string filled(const TemplateFile& file, const std::string& name, const NewOptions& options)
{
    std::string text(file.bytes);
    if (!file.path.ends_with(".toml") && !file.path.ends_with(".md")) return text;
    text = replaced(replaced(text, "TARGET", options.board), "NAME", name);
    if (file.path.ends_with("thimble.toml"))
        text += fmt::format("\n[deploy]\ntarget = \"{}\"\n", options.board);
    return text;
}

// What `run` can be given: each template has one such file, but for seq2seq, whose texts are its
// vocabularies.
bool is_input(const fs::path& file, const NewOptions& options)
{
    const std::string extension = file.extension().string();
    return options.like != "seq2seq" && (extension == ".csv" || extension == ".txt" ||
                                         extension == ".png" || extension == ".wav");
}

// The folders on the way that are not there yet: the outermost one of them.
fs::path first_missing(const fs::path& folder)
{
    fs::path first = folder;
    while (first.has_parent_path() && first.parent_path() != first &&
           !fs::exists(first.parent_path()))
        first = first.parent_path();
    return first;
}

std::vector<fs::path> write_files(const fs::path& folder, const NewOptions& options)
{
    const std::string name = c_identifier(folder.filename().string());
    std::error_code problem;
    fs::create_directories(folder, problem);
    require(
        !problem, ErrorCode::T0102,
        {options.folder, problem.message(), "a folder that can be made", "thimble new gesture"});
    std::vector<fs::path> files;
    for (size_t i = 0; i < kTemplateFileCount; ++i) {
        const TemplateFile& file = kTemplateFiles[i];
        if (!file.path.starts_with(options.like + "/")) continue;
        files.push_back(folder / file.path.substr(options.like.size() + 1));
        write_file(files.back(), filled(file, name, options));
    }
    return files;
}

Exit write_project(NewOptions options, bool as_json)
{
    if (options.board.empty()) options.board = default_board(options.like);
    find_target(options.board);
    const fs::path given = options.folder;
    const fs::path folder = given.has_filename() ? given : given.parent_path();
    require(!fs::exists(folder), ErrorCode::T0005,
            {options.folder, "is there already", "the name of a new folder",
             fmt::format("thimble new {}_2 --like {}", folder.string(), options.like)});
    const fs::path first = first_missing(folder);
    std::vector<fs::path> files;
    try {
        files = write_files(folder, options);
    } catch (...) {
        // Half a project would only be in the way of the next attempt.
        std::error_code ignored;
        fs::remove_all(first, ignored);
        throw;
    }
    json list = json::array();
    fs::path input;
    for (const fs::path& path : files) {
        list.push_back(path.string());
        if (is_input(path, options)) input = path;
        if (!as_json) say("wrote " + path.string() + "\n");
    }
    if (as_json) {
        print_json({{"files", list}});
        return Exit::ok;
    }
    say_next(fmt::format("thimble inspect {}", folder.string()));
    if (!input.empty())
        say_next(fmt::format("thimble run {} --input {}", folder.string(), input.string()));
    say_next(fmt::format("thimble verify {} --target {}", folder.string(), options.board));
    say_next(fmt::format("thimble train {}", folder.string()));
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<NewOptions>();
    reader.argument("NAME", options->folder, "the folder to make; its name is the project's");
    reader.choice("--like", options->like,
                  {"sine", "gesture", "text", "keyword", "digits", "seq2seq"},
                  "what it does: a number in and out; a decision on a motion, a text, a word or a\n"
                  "picture; a text in and out");
    reader.text("--board", "B", options->board,
                "the board that commands take by default (uno; nano33ble for keyword and seq2seq)");
    return [options](bool as_json) { return write_project(*options, as_json); };
}

}  // namespace

extern const Command command_new;
const Command command_new = {
    .name = "new",
    .summary = "Make a project that runs and verifies as it is",
    .examples = {"thimble new spam --like text",
                 "thimble new wand --like gesture --board nano33ble"},
    .declare = declare,
};

}  // namespace thimble
