// thimble.toml, read and checked against the table of keys (schema.h).
//
// Whoever reads a section asks by key; type, range and required keys have been checked, and
// defaults stand where the file says nothing. The TOML library is seen by project_file.cc alone.
//
// Tested by tests/unit/project/project_file_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace thimble {

class Settings;

constexpr const char* kProjectFileName = "thimble.toml";

// ROLE = index or name of a tensor.
using RoleTable = std::map<std::string, std::variant<int64_t, std::string>>;

struct Setting {
    std::variant<std::string, int64_t, double, bool, std::vector<std::string>, std::vector<int64_t>,
                 std::vector<double>, RoleTable, std::shared_ptr<const Settings>,
                 std::vector<std::shared_ptr<const Settings>>>
        value;
    int line = 0;  // in the file; 0: a default
};

class Settings {
public:
    Settings(std::filesystem::path file, std::string section, int line)
        : file_(std::move(file)), section_(std::move(section)), line_(line)
    {
    }

    void set(const std::string& key, Setting setting) { settings_[key] = std::move(setting); }
    bool has(const std::string& key) const { return settings_.count(key) > 0; }
    // Takes over what `other` says of a key, where nothing is said here.
    void inherit(const Settings& other, const std::string& key)
    {
        if (!has(key) && other.has(key)) settings_[key] = other.settings_.at(key);
    }
    // The key must be there, or have a default; a bug otherwise.
    const std::string& text(const std::string& key) const;
    int64_t whole(const std::string& key) const;
    double number(const std::string& key) const;
    bool flag(const std::string& key) const;
    // Empty when the key is absent.
    std::string text_or_empty(const std::string& key) const;
    std::vector<std::string> texts(const std::string& key) const;
    std::vector<int64_t> wholes(const std::string& key) const;
    std::vector<double> numbers(const std::string& key) const;
    RoleTable roles(const std::string& key) const;
    // The path of a file of the project.
    std::filesystem::path file(const std::string& key) const;
    // Null when the key is absent, or when the value of a `file_or_table` is a file.
    const Settings* table(const std::string& key) const;
    // The tables of a list, each of the section "layer.KIND"; empty when the key is absent.
    std::vector<std::shared_ptr<const Settings>> tables(const std::string& key) const;
    // "project/thimble.toml:12: decoder", for errors.
    std::string place(const std::string& key) const;
    const std::string& section() const { return section_; }
    // All keys and values in one line, the same for the same settings; keys of `without` are left
    // out.
    std::string summary(const std::vector<std::string>& without = {}) const;
    int line() const { return line_; }

private:
    const Setting& at(const std::string& key) const;
    std::filesystem::path file_;  // the thimble.toml
    std::string section_;
    int line_ = 0;
    std::map<std::string, Setting> settings_;
};

struct ProjectFile {
    std::filesystem::path path;  // of the thimble.toml
    std::string name;
    Settings top;                  // the tables at the top: input, data, train, deploy
    std::vector<Settings> stages;  // at least one

    const Settings* input() const { return top.table("input"); }  // null: there is none
    const Settings* data() const { return top.table("data"); }
    const Settings* train() const { return top.table("train"); }  // never null: defaults
    const Settings* deploy() const { return top.table("deploy"); }
    // The kind of a stage: "network".
    std::string kind(size_t stage) const { return stages.at(stage).text("kind"); }
};

// True for a folder that holds a thimble.toml, and for a .toml file.
bool is_project(const std::filesystem::path& path);
// Throws T0101 (cannot be read) and T0106 (malformed, unknown key, wrong value).
ProjectFile read_project_file(const std::filesystem::path& path);
// The same for text; `path` is that of the thimble.toml, which need not exist.
ProjectFile parse_project_file(const std::string& text, const std::filesystem::path& path);

}  // namespace thimble
