// The attributes of concat, for importers that write such nodes.
#pragma once

#include <cstdint>

namespace thimble {

struct ConcatAttributes {
    int64_t axis = 0;
    bool operator==(const ConcatAttributes&) const = default;
};

}  // namespace thimble
