// NAME.h: the interface of a compiled model, with its documentation.
#pragma once

#include "emit/c_source.h"

#include <string>

namespace thimble {

std::string c_header(const Program& program, const EmitOptions& options);

}  // namespace thimble
