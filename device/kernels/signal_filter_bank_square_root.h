// Root of the filter bank's energies, brought back from the FFT's scale:
//   out[i] = round(sqrt(in[i])) >> scale[0]
//
// The root is rounded to nearest, except that it stays 65535 for 32-bit and 2^32 - 1 for larger
// arguments. A scale outside 0..31 gives 0.
// in     uint64 [count]
// scale  int32 [1]
// out    uint32 [count]; may be in: element i is read before its place is written
#include "port/thb_port.h"

THB_KERNEL uint32_t thb_signal_root(uint64_t value)
{
    const uint32_t most = (value >> 32) ? UINT32_C(0xFFFFFFFF) : UINT32_C(0xFFFF);
    uint32_t root = 0;
    uint64_t rest = value;
    uint64_t bit = (value >> 32) ? (uint64_t)1 << 62 : (uint64_t)1 << 30;
    uint64_t partial = 0;
    // Digit by digit: `partial` is the root so far in the place of the digit to come.
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
    root = (uint32_t)partial;
    return rest > root && root != most ? root + 1 : root;
}

THB_KERNEL void thb_signal_square_root_u64(const uint64_t* in, const int32_t* scale, uint32_t* out,
                                           thb_index_t count)
{
    const int32_t shift = *scale;
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t root = thb_signal_root(in[i]);
        out[i] = shift >= 0 && shift < 32 ? root >> shift : 0;
    }
}
