// What bag_add, bag_finish and bag_mean share: a sum of table rows that grows with every id of a
// text.
#pragma once

#include "ir/graph.h"

#include <cstdint>

namespace thimble {

struct TfliteOperator;

struct BagAttributes {
    int64_t limit = 1;  // ids of a text that count; with fewer, the row of "no word" fills up
    bool operator==(const BagAttributes&) const = default;
};

// 32768 rows of int16 stay within 2^30.
constexpr int64_t kBagLimitMost = 32768;

struct BagMeanAttributes {
    int64_t limit = 1;  // as above
    float scale = 1;    // of the output
    int32_t zero_point = 0;
    bool operator==(const BagMeanAttributes&) const = default;
};

void import_bag(const TfliteOperator& source, Graph& graph, Node& node);

}  // namespace thimble
