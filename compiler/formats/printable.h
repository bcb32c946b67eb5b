// Text that comes from a file and goes to a terminal, to JSON, or into a C comment.
#pragma once

#include <string>
#include <string_view>

namespace thimble {

// `text` with every control character and every byte that is not valid UTF-8 replaced by '?'.
std::string printable(std::string_view text);

}  // namespace thimble
