// Another [data] for a project: recordings that it was neither trained nor tested on.
//
// Tested by tests/unit/evaluate/other_data_test.cc, tests/scripts/eval_test.sh.
#pragma once

#include "project/project_file.h"

#include <string>
#include <vector>

namespace thimble {

// `text` holds keys of [data] as in a line of TOML: `files = "clips/*.wav", labels = "folder"`.
// Patterns are seen from the current folder. The project's own `at`, `labels`, `others` and
// `targets` stay where the text does not say them. Throws T0106 for what is no key of [data].
ProjectFile with_data(const ProjectFile& file, const std::string& text);

// Recordings in `files`, patterns seen from the current folder, none of them held out. They enter
// where the project's own do, and are cut as those. `labels` says where their labels stand, as in
// [data]; empty: they have none. Lines for a seq2seq are text, tab, answer. `option` stands in
// errors: "--calibration".
ProjectFile with_files(const ProjectFile& file, const std::vector<std::string>& files,
                       const std::string& labels, const std::string& option);

}  // namespace thimble
