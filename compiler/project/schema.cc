#include "project/schema.h"

#include "base/error.h"

#include <charconv>
#include <fmt/format.h>

namespace thimble {

namespace {

struct SectionSpec {
    std::string_view section;
    std::string_view heading;
    std::string_view sentence;
};

constexpr SectionSpec kSections[] = {
#define PROJECT_SECTION(section, heading, sentence) {section, heading, sentence},
#define PROJECT_KEY(section, key, type, allowed, fallback, sentence)
#include "project/schema.def"
#undef PROJECT_SECTION
#undef PROJECT_KEY
};

constexpr KeySpec kKeys[] = {
#define PROJECT_SECTION(section, heading, sentence)
#define PROJECT_KEY(section, key, type, allowed, fallback, sentence) \
    {section, key, KeyType::type, allowed, fallback, sentence},
#include "project/schema.def"
#undef PROJECT_SECTION
#undef PROJECT_KEY
};

constexpr std::string_view kStagePrefix = "stage.";
constexpr std::string_view kLayerPrefix = "layer.";

// What follows `prefix` in the names of sections, without a further point.
std::vector<std::string> kinds_of(std::string_view prefix)
{
    std::vector<std::string> kinds;
    for (const SectionSpec& spec : kSections) {
        if (!spec.section.starts_with(prefix)) continue;
        const std::string_view kind = spec.section.substr(prefix.size());
        if (kind.find('.') == std::string_view::npos) kinds.emplace_back(kind);
    }
    return kinds;
}

double number_in(std::string_view text)
{
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    THIMBLE_CHECK(problem == std::errc() && end == text.data() + text.size(),
                  "a range of schema.def");
    return value;
}

std::string type_text(const KeySpec& spec)
{
    switch (spec.type) {
    case KeyType::text:
        return "text";
    case KeyType::file:
        return "file";
    case KeyType::whole:
    case KeyType::number:
        return fmt::format("{} to {}", spec.least(), spec.most());
    case KeyType::flag:
        return "`true`, `false`";
    case KeyType::texts:
        return "list of texts";
    case KeyType::wholes:
    case KeyType::numbers:
        return fmt::format("list of {} to {}", spec.least(), spec.most());
    case KeyType::table:
        return "table";
    case KeyType::file_or_table:
        return "file or table";
    case KeyType::roles:
        return "table";
    case KeyType::stages:
    case KeyType::layers:
        return "tables";
    case KeyType::choice:
        break;
    }
    std::string text;
    for (const std::string& choice : spec.choices())
        text += fmt::format("{}`\"{}\"`", text.empty() ? "" : ", ", choice);
    return text;
}

std::string default_text(const KeySpec& spec)
{
    if (spec.required()) return "required";
    if (spec.fallback.empty()) return "";
    const bool quoted = spec.type == KeyType::text || spec.type == KeyType::file ||
                        spec.type == KeyType::choice;
    return quoted ? fmt::format("`\"{}\"`", spec.fallback) : fmt::format("`{}`", spec.fallback);
}

}  // namespace

std::vector<std::string> KeySpec::choices() const
{
    std::vector<std::string> result;
    for (size_t at = 0; at <= allowed.size();) {
        const size_t bar = std::min(allowed.find(" | ", at), allowed.size());
        result.emplace_back(allowed.substr(at, bar - at));
        at = bar + 3;
    }
    return result;
}

double KeySpec::least() const
{
    return number_in(allowed.substr(0, allowed.find("..")));
}

double KeySpec::most() const
{
    return number_in(allowed.substr(allowed.find("..") + 2));
}

std::string table_section(std::string_view section, std::string_view key)
{
    return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

std::span<const KeySpec> project_keys()
{
    return kKeys;
}

const KeySpec* find_key(std::string_view section, std::string_view key)
{
    for (const KeySpec& spec : kKeys)
        if (spec.section == section && spec.key == key) return &spec;
    return nullptr;
}

std::vector<std::string> keys_of(std::string_view section)
{
    std::vector<std::string> keys;
    for (const KeySpec& spec : kKeys)
        if (spec.section == section) keys.emplace_back(spec.key);
    return keys;
}

std::vector<std::string> stage_kinds()
{
    return kinds_of(kStagePrefix);
}

std::vector<std::string> layer_kinds()
{
    return kinds_of(kLayerPrefix);
}

std::string project_reference()
{
    std::string out =
        "# thimble.toml\n\n"
        "A project is a folder with a file `thimble.toml` (TOML 1.0). Commands take the folder or "
        "the file in place of a model.\nPaths are relative to the folder. A key that is not listed "
        "here is an error that names the nearest one.\n\n"
        "This page is made from `compiler/project/schema.def`; a test compares them.\n";
    for (const SectionSpec& section : kSections) {
        out +=
            fmt::format("\n## {}\n\n{}\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
                        section.heading, section.sentence);
        for (const KeySpec& spec : kKeys)
            if (spec.section == section.section)
                out += fmt::format("| `{}` | {} | {} | {} |\n", spec.key, type_text(spec),
                                   default_text(spec), spec.sentence);
    }
    return out;
}

}  // namespace thimble
