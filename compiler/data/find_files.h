// Files by patterns: `*` and `?` within a name, `**` for any number of folders.
//
// Tested by tests/unit/data/table_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

// All files that a pattern means, relative ones seen from `folder`, each once, ordered by their
// paths byte by byte: the same on every machine. Throws T0101 for a pattern without a file; `place`
// stands in that error. A name that begins with a dot must be asked for with a dot.
std::vector<std::filesystem::path> find_files(const std::filesystem::path& folder,
                                              const std::vector<std::string>& patterns,
                                              const std::string& place);

bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace thimble
