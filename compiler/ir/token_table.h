// A vocabulary as the device searches it: sorted, in blocks.
//
//   bytes    the tokens in the order of their bytes, each ended by a zero byte
//   starts   where the first token of each block of 8 begins
//   ids      the id of each token; empty when it is its place in the order
//
// A binary search finds the block, then its tokens are compared in turn (device/kernels/text.h).
// Beside its letters and the zero a token takes 0.5 bytes, or 2.5 with an id. docs/decisions.md
// compares this with a perfect hash.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace thimble {

constexpr int64_t kTokensMost = 65536;  // ids have 16 bits

struct TokenTable {
    std::vector<uint8_t> bytes;
    std::vector<uint32_t> starts;
    std::vector<uint16_t> ids;
    int64_t count = 0;
};

// `tokens` by id, at most kTokensMost; empty ones have no place in the table, and of equal ones the
// first has.
TokenTable token_table(std::span<const std::string> tokens);

}  // namespace thimble
