#include "ir/token_table.h"

#include "base/error.h"

#include <map>

namespace thimble {

TokenTable token_table(std::span<const std::string> tokens)
{
    constexpr int64_t kBlock = 8;  // tokens, as in device/kernels/text.h
    THIMBLE_CHECK(static_cast<int64_t>(tokens.size()) <= kTokensMost, "a vocabulary too large");
    // std::string compares its characters as unsigned bytes, as the device does.
    std::map<std::string, uint16_t> sorted;
    for (size_t id = 0; id < tokens.size(); ++id)
        if (!tokens[id].empty()) sorted.insert({tokens[id], static_cast<uint16_t>(id)});
    TokenTable table;
    bool in_order = true;
    for (const auto& [token, id] : sorted) {
        if (table.count % kBlock == 0)
            table.starts.push_back(static_cast<uint32_t>(table.bytes.size()));
        table.bytes.insert(table.bytes.end(), token.begin(), token.end());
        table.bytes.push_back(0);
        in_order = in_order && id == table.count;
        table.ids.push_back(id);
        ++table.count;
    }
    if (in_order) table.ids.clear();
    // C has no empty arrays.
    if (table.count == 0) {
        table.bytes = {0};
        table.starts = {0};
    }
    return table;
}

}  // namespace thimble
