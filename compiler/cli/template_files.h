// The files that `thimble new` writes, carried inside the tool (see tools/embed_templates.cmake).
#pragma once

#include <cstddef>
#include <string_view>

namespace thimble {

struct TemplateFile {
    std::string_view path;  // begins with the template's name: "sine/thimble.toml"
    std::string_view bytes;
};

extern const TemplateFile kTemplateFiles[];
extern const size_t kTemplateFileCount;

}  // namespace thimble
