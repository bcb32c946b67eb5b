#include "data/find_files.h"

#include "base/error.h"
#include "base/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace thimble {

namespace fs = std::filesystem;

namespace {

constexpr int kFoldersMax = 32;  // below each other, for `**`: links may run in circles

using Parts = std::vector<std::string>;

std::vector<fs::path> entries_of(const fs::path& folder)
{
    std::error_code problem;
    std::vector<fs::path> entries;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, problem), end;
         !problem && it != end; it.increment(problem))
        entries.push_back(it->path().filename());
    require(problem != std::errc::permission_denied, ErrorCode::T0101,
            {folder.generic_string(), "this user may not read the folder", "a readable folder",
             "name files in other folders, or ask for the right to read it"});
    return entries;
}

// Adds what parts[at...] mean below `folder`.
void expand(const fs::path& folder, const Parts& parts, size_t at, int depth,
            std::set<std::string>& found)
{
    std::error_code ignored;
    if (at == parts.size()) {
        // A link to nowhere counts: whoever reads it says so, and nothing is lost in silence.
        const bool lost = fs::is_symlink(folder, ignored) && !fs::exists(folder, ignored);
        if (lost || fs::is_regular_file(folder, ignored)) found.insert(folder.generic_string());
        return;
    }
    const std::string& part = parts[at];
    if (part == "**") {
        expand(folder, parts, at + 1, depth, found);
        if (depth >= kFoldersMax) return;
        for (const fs::path& name : entries_of(folder))
            if (!name.string().starts_with('.') && fs::is_directory(folder / name, ignored))
                expand(folder / name, parts, at, depth + 1, found);
    } else if (part.find_first_of("*?") == std::string::npos) {
        expand(folder / part, parts, at + 1, depth, found);
    } else {
        for (const fs::path& name : entries_of(folder))
            if (matches_pattern(name.string(), part))
                expand(folder / name, parts, at + 1, depth, found);
    }
}

// What tools/get-data brings, as folders of these names.
constexpr std::string_view kFetched[] = {"mnist", "sms_spam", "speech", "magic_wand"};

// How to get what a pattern like "../data/mnist/*" means; empty: it is nothing of the kind.
std::string how_to_get(const fs::path& folder, const fs::path& pattern)
{
    fs::path into = pattern.is_absolute() ? fs::path() : folder;
    for (const fs::path& part : pattern) {
        if (std::ranges::find(kFetched, part.string()) != std::end(kFetched))
            return fmt::format("tools/get-data {} --into {}", part.string(),
                               into.lexically_normal().generic_string());
        into /= part;
    }
    return "";
}

// The command that brings the files, or the nearest file that is there for a pattern of one.
std::string suggestion(const fs::path& folder, const std::string& pattern)
{
    const std::string command = how_to_get(folder, pattern);
    if (!command.empty()) return command;
    const fs::path path = folder / pattern;
    std::vector<std::string> names;
    for (const fs::path& name : entries_of(path.parent_path())) names.push_back(name.string());
    const std::string like = nearest(path.filename().string(), names);
    if (like.empty())
        return fs::path(pattern).is_absolute() || folder.empty()
                   ? "correct the pattern"
                   : "correct the pattern; it is relative to the project's folder";
    return fmt::format("\"{}\"", (fs::path(pattern).parent_path() / like).generic_string());
}

}  // namespace

bool matches_pattern(std::string_view name, std::string_view pattern)
{
    if (name.starts_with('.') && !pattern.starts_with('.')) return false;
    // Greedy with one place to return to: the last `*` (the classic linear-space matcher).
    size_t n = 0, p = 0, star = std::string_view::npos, mark = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

std::vector<fs::path> find_files(const fs::path& folder, const std::vector<std::string>& patterns,
                                 const std::string& place)
{
    std::set<std::string> all;
    for (const std::string& pattern : patterns) {
        const fs::path path(pattern);
        Parts parts;
        for (const fs::path& part : path.relative_path())
            if (!part.empty() && part != ".") parts.push_back(part.string());
        std::set<std::string> found;
        expand(path.is_absolute() ? path.root_path() : folder, parts, 0, 0, found);
        require(!found.empty(), ErrorCode::T0101,
                {place, fmt::format("no file matches '{}'", pattern), "at least one file",
                 suggestion(folder, pattern)});
        all.merge(found);
    }
    return {all.begin(), all.end()};
}

}  // namespace thimble
