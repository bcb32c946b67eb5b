// Root of the filter bank's energies, brought back from the FFT's scale:
//   out[i] = round(sqrt(in[i])) >> scale[0]
//
// The root is rounded to nearest, except that it stays 65535 for 32-bit and 2^32 - 1 for larger
// arguments. A scale outside 0..31 gives 0.
// in     uint64 [count]
// scale  int32 [1]
// out    uint32 [count]; may be in: element i is read before its place is written
//
// `divides` says how: by division where the core has an instruction for it, else bit by bit. Both
// take 32-bit arithmetic as far as it reaches. Sound stays far below that limit.
// Source: P. Zimmermann, Karatsuba Square Root, INRIA RR-3805 (1999), for the step from a root of
// half of the bits; the shift-and-subtract method is the one by hand. Tested by
// tests/unit/kernels/signal_kernel_test.cc.
#include "port/thb_port.h"

// A root of which the integer part is known: rest = value - root^2.
THB_KERNEL uint32_t thb_signal_round_root(uint32_t root, uint32_t rest, uint32_t most)
{
    return rest > root && root != most ? root + 1 : root;
}

// Digit by digit in 64 bits: any value.
THB_KERNEL uint32_t thb_signal_root_u64(uint64_t value)
{
    uint64_t rest = value;
    uint64_t bit = (uint64_t)1 << 62;
    uint64_t partial = 0;
    // `partial` is the root so far in the place of the digit to come.
    while (bit > rest) bit >>= 2;
    while (bit) {
        if (rest >= partial + bit) {
            rest -= partial + bit;
            partial = (partial >> 1) + bit;
        } else {
            partial >>= 1;
        }
        bit >>= 2;
    }
    return rest > partial && partial != UINT32_C(0xFFFFFFFF) ? (uint32_t)partial + 1
                                                             : (uint32_t)partial;
}

// Digit by digit for values below 2^58: the rest stays below 2^30 before it takes two bits more.
THB_KERNEL uint32_t thb_signal_root_by_digits(uint32_t high, uint32_t low)
{
    const uint32_t most = high ? UINT32_C(0xFFFFFFFF) : UINT32_C(0xFFFF);
    uint32_t word = high ? high : low;
    uint8_t zeros = (uint8_t)(thb_leading_zeros(word) & 62);
    uint8_t words = high ? 2 : 1;
    uint32_t root = 0;
    uint32_t rest = 0;
    if (word == 0) return 0;
    word <<= zeros;
    for (; words > 0; --words) {
        for (; zeros < 32; zeros = (uint8_t)(zeros + 2)) {
            uint32_t trial;
            rest = (rest << 2) | (word >> 30);
            word <<= 2;
            trial = (root << 2) | 1;
            root <<= 1;
            if (rest >= trial) {
                rest -= trial;
                ++root;
            }
        }
        word = low;
        zeros = 0;
    }
    return thb_signal_round_root(root, rest, most);
}

// floor(sqrt(n)) for 2^30 <= n < 2^32. A chord is within 9 % of it; two steps of Newton's method
// leave an error of one at most.
THB_KERNEL uint32_t thb_signal_root_u32(uint32_t n)
{
    uint32_t root = 3 * (n >> 18) + 19115;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    if (root > 65535) root = 65535;
    while (root * root > n) --root;
    while (n - root * root > 2 * root) ++root;
    return root;
}

// By division for values below 2^62: the root s of the upper 31 or 32 bits is exact, the lower bits
// of the root are the quotient of what is left by 2 s, at most one too large.
THB_KERNEL uint32_t thb_signal_root_by_division(uint32_t high, uint32_t low)
{
    uint32_t top, s, left, quotient, root, squared;
    uint8_t extra;
    if (high == 0) {
        const uint8_t shift = (uint8_t)(thb_leading_zeros(low | 1) & 30);
        root = thb_signal_root_u32(low << shift | (uint32_t)(low == 0) << 30) >> (shift >> 1);
        if (low == 0) return 0;
        return thb_signal_round_root(root, low - root * root, UINT32_C(0xFFFF));
    }
    // 2 * extra bits below the upper ones: half of them belong to each half of the root.
    extra = (uint8_t)((33 - thb_leading_zeros(high)) >> 1);
    top = low >> (2 * extra) | high << (32 - 2 * extra);
    s = thb_signal_root_u32(top);
    left = (top - s * s) << extra | ((low >> extra) & ((UINT32_C(1) << extra) - 1));
    quotient = left / (2 * s);
    left = (left - quotient * 2 * s) << extra | (low & ((UINT32_C(1) << extra) - 1));
    root = (s << extra) + quotient;
    squared = quotient * quotient;
    if (left < squared) {
        --root;
        left += 2 * root + 1;
    }
    return thb_signal_round_root(root, left - squared, UINT32_C(0xFFFFFFFF));
}

THB_KERNEL uint32_t thb_signal_root(uint64_t value, int divides)
{
    const uint32_t high = (uint32_t)(value >> 32);
    if (high >> 26) return thb_signal_root_u64(value);
    if (divides) return thb_signal_root_by_division(high, (uint32_t)value);
    return thb_signal_root_by_digits(high, (uint32_t)value);
}

THB_KERNEL void thb_signal_square_root_u64(const uint64_t* in, const int32_t* scale, uint32_t* out,
                                           thb_index_t count, int divides)
{
    const int32_t shift = *scale;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t root = thb_signal_root(in[i], divides);
        out[i] = shift >= 0 && shift < 32 ? root >> shift : 0;
    }
}
