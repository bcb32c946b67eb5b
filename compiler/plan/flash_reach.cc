#include "plan/flash_reach.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kObjectBytesMax = 32767;  // of one C object where size_t has 16 bits
constexpr int64_t kAddressBytes = 65536;    // reach of a 16-bit address
constexpr int64_t kBeforeTables = 1024;     // interrupt vectors and jump stubs come first

}  // namespace

void require_tables_in_reach(const Program& program, const TargetFacts& target)
{
    if (!target.separate_flash || program.tables.empty()) return;
    int64_t total = 0;
    const Table* largest = &program.tables[0];
    for (const Table& table : program.tables) {
        total += static_cast<int64_t>(table.bytes.size());
        if (table.bytes.size() > largest->bytes.size()) largest = &table;
    }
    const auto largest_bytes = static_cast<int64_t>(largest->bytes.size());
    const char* remedy = "choose a 32-bit board (thimble boards MODEL), or a smaller network";
    require(largest_bytes <= kObjectBytesMax, ErrorCode::T0301,
            {program.graph.name,
             fmt::format("the table '{}' has {} bytes", largest->purpose, largest_bytes),
             fmt::format("at most {} bytes in one table where addresses have 16 bits",
                         kObjectBytesMax),
             remedy});
    require(total <= kAddressBytes - kBeforeTables, ErrorCode::T0301,
            {program.graph.name,
             fmt::format("constants of {} bytes, most in '{}' ({} bytes)", total, largest->purpose,
                         largest_bytes),
             fmt::format("at most {} bytes in the flash that 16-bit addresses reach",
                         kAddressBytes - kBeforeTables),
             remedy});
}

}  // namespace thimble
