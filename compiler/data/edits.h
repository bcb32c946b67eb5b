// What a user is told to change: a key of thimble.toml, or where no project stands behind the
// recordings, an option of the command or the file itself.
//
// Tested by tests/unit/data/edits_test.cc.
#pragma once

#include "data/dataset.h"

namespace thimble {

// `edit` names keys of the project.
std::string project_edit(const DataOptions& options, const std::string& edit);
// Says where labels stand: "folder", "column:NAME".
std::string labels_edit(const DataOptions& options, const std::string& where);

}  // namespace thimble
