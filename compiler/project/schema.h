// What a thimble.toml may hold: one table of keys (schema.def), from which the reader refuses what
// it does not know and docs/project-file.md is made.
//
// Tested by tests/unit/project/schema_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

enum class KeyType : uint8_t {
    text,
    file,           // path, relative to the project's folder
    whole,          // whole number within `allowed`
    number,         // number within `allowed`, whole or not
    flag,           // true or false
    choice,         // one of `allowed`
    texts,          // list of texts, or one text
    wholes,         // list of whole numbers, each within `allowed`
    numbers,        // list of numbers, each within `allowed`
    table,          // table whose keys stand in the section "SECTION.KEY", "KEY" at the top
    file_or_table,  // path, or a table whose keys stand in the section "SECTION.KEY"
    roles,          // table of any keys: ROLE = index (from 0) or name of a tensor
    stages,         // [[stage]] tables, each with a `kind`
    layers,         // list of tables, each with the key of a layer; its keys stand in "layer.KEY"
};

struct KeySpec {
    std::string_view section;
    std::string_view key;
    KeyType type;
    std::string_view allowed;
    std::string_view fallback;  // "required", "" or the default as typed
    std::string_view sentence;

    bool required() const { return fallback == "required"; }
    std::vector<std::string> choices() const;  // of a choice
    double least() const;                      // of numbers
    double most() const;
};

// The section of the table that `key` of `section` holds.
std::string table_section(std::string_view section, std::string_view key);

std::span<const KeySpec> project_keys();
// Null when the section has no such key.
const KeySpec* find_key(std::string_view section, std::string_view key);
// The keys of a section, for suggestions.
std::vector<std::string> keys_of(std::string_view section);
// The kinds of stages, and of layers.
std::vector<std::string> stage_kinds();
std::vector<std::string> layer_kinds();

// docs/project-file.md.
std::string project_reference();

}  // namespace thimble
