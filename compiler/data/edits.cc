#include "data/edits.h"

#include <fmt/format.h>

namespace thimble {

std::string project_edit(const DataOptions& options, const std::string& edit)
{
    return options.project ? edit
                           : fmt::format("correct the file, or leave it out of {}", options.place);
}

std::string labels_edit(const DataOptions& options, const std::string& where)
{
    return options.project ? fmt::format("labels = \"{}\"", where) : "--labels " + where;
}

}  // namespace thimble
