// What [data] of a project holds, as `inspect` shows it.
#pragma once

#include "data/dataset.h"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace thimble {

// One row for each label, then the sum; and what else there is to say.
std::string data_table_text(const Dataset& dataset);
// {files, channels, recordings, train, test, labels: [{label, recordings, rows, ...}], notes}
nlohmann::json data_table_json(const Dataset& dataset);

}  // namespace thimble
