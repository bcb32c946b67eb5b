#include "project/project_file.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "project/schema.h"

#include <algorithm>
#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_UNRELEASED_FEATURES 0
#include <toml++/toml.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

constexpr const char* kReference = "the keys of docs/project-file.md";

int line_of(const toml::node& node)
{
    return static_cast<int>(node.source().begin.line);
}

std::string kind_of(const toml::node& node)
{
    if (node.is_table()) return "a table";
    if (node.is_array()) return "a list";
    if (node.is_string()) return fmt::format("the text '{}'", node.value_or(std::string()));
    if (node.is_integer()) return fmt::format("the number {}", node.value_or(int64_t{0}));
    if (node.is_floating_point()) return fmt::format("the number {}", node.value_or(0.0));
    if (node.is_boolean()) return node.value_or(false) ? "true" : "false";
    return "a date";
}

class Reader {
public:
    explicit Reader(fs::path path) : path_(std::move(path)) {}

    ProjectFile read(const std::string& text)
    {
        const toml::parse_result parsed = toml::parse(text, path_.string());
        if (!parsed) {
            const toml::parse_error& error = parsed.error();
            fail(ErrorCode::T0106,
                 {fmt::format("{}:{}", path_.string(), error.source().begin.line),
                  std::string(error.description()), "TOML 1.0, as docs/project-file.md shows it",
                  "correct the line"});
        }
        const toml::table& root = parsed.table();
        ProjectFile project{.path = path_, .name = "", .top = section(root, ""), .stages = {}};
        project.name = project.top.text_or_empty("name");
        if (project.name.empty())
            project.name = fs::absolute(path_).parent_path().filename().string();
        read_stages(*root.get("stage"), project);
        return project;
    }

private:
    std::string place(int line, const std::string& key) const
    {
        return fmt::format("{}:{}: {}", path_.string(), line, key);
    }

    [[noreturn]] void wrong(const toml::node& node, const std::string& key,
                            const std::string& expected, const std::string& remedy) const
    {
        fail(ErrorCode::T0106, {place(line_of(node), key), kind_of(node), expected, remedy});
    }

    void read_stages(const toml::node& node, ProjectFile& project) const
    {
        const std::string remedy = "[[stage]]\nkind = \"seq2seq\"";
        const toml::array* stages = node.as_array();
        if (!stages || stages->empty()) wrong(node, "stage", "[[stage]] tables", remedy);
        for (const toml::node& stage : *stages) {
            const toml::table* table = stage.as_table();
            if (!table) wrong(stage, "stage", "[[stage]] tables", remedy);
            const toml::node* kind = table->get("kind");
            const std::vector<std::string> kinds = stage_kinds();
            require(kind != nullptr, ErrorCode::T0106,
                    {place(line_of(stage), "stage"), "has no key 'kind'",
                     "kind = one of: " + joined(kinds), "kind = \"" + kinds[0] + "\""});
            const std::string name = kind->value_or(std::string());
            if (std::ranges::find(kinds, name) == kinds.end())
                wrong(*kind, "kind", "one of: " + joined(kinds),
                      suggestion("kind = ", name, kinds));
            project.stages.push_back(section(*table, "stage." + name));
        }
    }

    static std::string joined(const std::vector<std::string>& words)
    {
        std::string text;
        for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
        return text;
    }

    static std::string suggestion(const std::string& before, const std::string& name,
                                  const std::vector<std::string>& known)
    {
        const std::string like = nearest(name, known);
        return fmt::format("{}\"{}\"", before, like.empty() ? known[0] : like);
    }

    Settings section(const toml::table& table, const std::string& name) const
    {
        Settings settings(path_, name, line_of(table));
        for (const auto& [key, node] : table) {
            const std::string text(key.str());
            const KeySpec* spec = find_key(name, text);
            if (!spec) unknown_key(name, text, line_of(node));
            if (spec->type != KeyType::stages) settings.set(text, value(node, *spec));
        }
        for (const KeySpec& spec : project_keys()) {
            const std::string key(spec.key);
            if (spec.section != name || table.contains(spec.key) || spec.fallback.empty()) continue;
            require(!spec.required(), ErrorCode::T0106,
                    {place(std::max(line_of(table), 1), key), "is missing",
                     fmt::format("{} = ...: {}", key, spec.sentence),
                     "add the key; docs/project-file.md shows all"});
            settings.set(key, fallback(spec));
        }
        return settings;
    }

    static Setting fallback(const KeySpec& spec)
    {
        const std::string text(spec.fallback);
        if (spec.type == KeyType::whole) return {std::stoll(text)};
        if (spec.type == KeyType::number) return {std::stod(text)};
        if (spec.type == KeyType::flag) return {text == "true"};
        return {text};
    }

    [[noreturn]] void unknown_key(const std::string& section, const std::string& key,
                                  int line) const
    {
        const std::string like = nearest(key, keys_of(section));
        fail(ErrorCode::T0106,
             {place(line, key), "unknown key", like.empty() ? kReference : "'" + like + "'",
              like.empty() ? "remove the key" : fmt::format("{} = ...", like)});
    }

    Setting value(const toml::node& node, const KeySpec& spec) const
    {
        const int line = line_of(node);
        const std::string key(spec.key);
        switch (spec.type) {
        case KeyType::whole: return {whole(node, spec), line};
        case KeyType::number: return {number(node, spec), line};
        case KeyType::choice: return {choice(node, spec), line};
        case KeyType::roles: return {roles(node, key), line};
        case KeyType::wholes:
            return {list<int64_t>(node, spec, [&](const auto& one) { return whole(one, spec); }),
                    line};
        case KeyType::numbers:
            return {list<double>(node, spec, [&](const auto& one) { return number(one, spec); }),
                    line};
        case KeyType::texts:
            return {list<std::string>(node, spec, [&](const auto& one) { return text(one, spec); }),
                    line};
        case KeyType::flag:
            if (!node.is_boolean()) wrong(node, key, "true or false", key + " = true");
            return {node.value_or(false), line};
        case KeyType::table:
            if (!node.is_table())
                wrong(node, key, "a table",
                      spec.section.empty() ? "[" + key + "]" : key + " = {...}");
            return {table(*node.as_table(), spec), line};
        case KeyType::file_or_table:
            if (node.is_table()) return {table(*node.as_table(), spec), line};
            [[fallthrough]];
        default: return {text(node, spec), line};
        }
    }

    std::shared_ptr<const Settings> table(const toml::table& table, const KeySpec& spec) const
    {
        return std::make_shared<const Settings>(
            section(table, table_section(spec.section, spec.key)));
    }

    std::string text(const toml::node& node, const KeySpec& spec) const
    {
        if (!node.is_string() || node.value_or(std::string()).empty())
            wrong(node, std::string(spec.key),
                  spec.type == KeyType::text || spec.type == KeyType::texts ? "a text"
                                                                            : "the path of a file",
                  fmt::format("{} = \"...\"", spec.key));
        return node.value_or(std::string());
    }

    // A single value stands for a list of one.
    template <typename T, typename Read>
    std::vector<T> list(const toml::node& node, const KeySpec& spec, const Read& read) const
    {
        const toml::array* array = node.as_array();
        if (!array) return {read(node)};
        if (array->empty())
            wrong(node, std::string(spec.key), "a list with at least one value",
                  "remove the key, or add a value");
        std::vector<T> values;
        for (const toml::node& one : *array) values.push_back(read(one));
        return values;
    }

    int64_t whole(const toml::node& node, const KeySpec& spec) const
    {
        const auto value = static_cast<double>(node.value_or(int64_t{0}));
        if (!node.is_integer() || value < spec.least() || value > spec.most())
            wrong(node, std::string(spec.key),
                  fmt::format("a whole number from {} to {}", spec.least(), spec.most()),
                  fmt::format("{} = {}", spec.key, spec.least()));
        return node.value_or(int64_t{0});
    }

    double number(const toml::node& node, const KeySpec& spec) const
    {
        const double value = node.value_or(0.0);
        if (!node.is_number() || !(value >= spec.least() && value <= spec.most()))
            wrong(node, std::string(spec.key),
                  fmt::format("a number from {} to {}", spec.least(), spec.most()),
                  fmt::format("{} = {}", spec.key, spec.least()));
        return value;
    }

    std::string choice(const toml::node& node, const KeySpec& spec) const
    {
        const std::string text = node.value_or(std::string());
        const std::vector<std::string> choices = spec.choices();
        if (!node.is_string() || std::ranges::find(choices, text) == choices.end())
            wrong(node, std::string(spec.key), "one of: " + joined(choices),
                  suggestion(fmt::format("{} = ", spec.key), text, choices));
        return text;
    }

    RoleTable roles(const toml::node& node, const std::string& key) const
    {
        const std::string remedy = fmt::format("{} = {{x = 0, h = 1, c = 2}}", key);
        const toml::table* table = node.as_table();
        if (!table) wrong(node, key, "a table ROLE = index or name", remedy);
        RoleTable result;
        for (const auto& [role, value] : *table) {
            const std::string name(role.str());
            if (value.is_integer())
                result[name] = value.value_or(int64_t{0});
            else if (value.is_string())
                result[name] = value.value_or(std::string());
            else
                wrong(value, key + "." + name, "an index or a name", remedy);
        }
        return result;
    }

    fs::path path_;
};

}  // namespace

const Setting& Settings::at(const std::string& key) const
{
    const auto it = settings_.find(key);
    THIMBLE_CHECK(it != settings_.end(), section_ + "." + key);
    return it->second;
}

const std::string& Settings::text(const std::string& key) const
{
    return std::get<std::string>(at(key).value);
}

int64_t Settings::whole(const std::string& key) const
{
    return std::get<int64_t>(at(key).value);
}

double Settings::number(const std::string& key) const
{
    return std::get<double>(at(key).value);
}

bool Settings::flag(const std::string& key) const
{
    return std::get<bool>(at(key).value);
}

std::vector<std::string> Settings::texts(const std::string& key) const
{
    return has(key) ? std::get<std::vector<std::string>>(at(key).value)
                    : std::vector<std::string>();
}

std::vector<int64_t> Settings::wholes(const std::string& key) const
{
    return has(key) ? std::get<std::vector<int64_t>>(at(key).value) : std::vector<int64_t>();
}

std::vector<double> Settings::numbers(const std::string& key) const
{
    return has(key) ? std::get<std::vector<double>>(at(key).value) : std::vector<double>();
}

std::string Settings::text_or_empty(const std::string& key) const
{
    return has(key) ? text(key) : std::string();
}

RoleTable Settings::roles(const std::string& key) const
{
    return has(key) ? std::get<RoleTable>(at(key).value) : RoleTable();
}

fs::path Settings::file(const std::string& key) const
{
    return file_.parent_path() / text(key);
}

const Settings* Settings::table(const std::string& key) const
{
    if (!has(key)) return nullptr;
    const auto* nested = std::get_if<std::shared_ptr<const Settings>>(&at(key).value);
    return nested ? nested->get() : nullptr;
}

std::string Settings::place(const std::string& key) const
{
    const int line = has(key) && at(key).line > 0 ? at(key).line : line_;
    return fmt::format("{}:{}: {}", file_.string(), line, key);
}

bool is_project(const fs::path& path)
{
    if (fs::is_directory(path)) return fs::exists(path / kProjectFileName);
    return lower_case(path.extension().string()) == ".toml";
}

ProjectFile read_project_file(const fs::path& path)
{
    const fs::path file = fs::is_directory(path) ? path / kProjectFileName : path;
    return parse_project_file(read_text_file(file), file);
}

ProjectFile parse_project_file(const std::string& text, const fs::path& path)
{
    return Reader(path).read(text);
}

}  // namespace thimble
