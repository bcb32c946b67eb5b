// Squared magnitude of complex bins begin <= k < end; the others are 0:
//   out[k] = re[k]^2 + im[k]^2
//
// in   complex int16 [bins]
// out  uint32 [bins]; may be in: a bin is read before its place is written
#include "port/thb_port.h"

THB_KERNEL void thb_signal_energy_s16(const int16_t* in, uint32_t* out, thb_index_t bins,
                                      thb_index_t begin, thb_index_t end)
{
    thb_index_t k;
    for (k = 0; k < bins; ++k) {
        const int32_t re = in[2 * k];
        const int32_t im = in[2 * k + 1];
        out[k] = k >= begin && k < end ? (uint32_t)(re * re) + (uint32_t)(im * im) : 0;
    }
}
