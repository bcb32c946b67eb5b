#include "numeric/sigmoid_table.h"

#include <cmath>

namespace thimble {

static std::vector<uint16_t> computed_table()
{
    constexpr int one_above[] = {4,  8,  12, 14, 15, 16, 17, 19, 20,  21,  22,  25,  27,  28, 29,
                                 30, 31, 33, 34, 35, 37, 39, 40, 41,  43,  44,  45,  46,  49, 50,
                                 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255};
    std::vector<uint16_t> table;
    for (int i = 0; i < 256; ++i)
        table.push_back(static_cast<uint16_t>(std::lround(65536.0 / (1.0 + std::exp(-i / 24.0)))));
    for (const int i : one_above) ++table[static_cast<size_t>(i)];
    return table;
}

const std::vector<uint16_t>& sigmoid_table()
{
    static const std::vector<uint16_t> table = computed_table();
    return table;
}

}  // namespace thimble
