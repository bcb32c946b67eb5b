// thb_signal_energy_s16 with one dual multiplication a bin. Same contract and bits as
// kernels/signal_energy.h.
#include "arch/dsp/complex_dsp.h"

THB_KERNEL void thb_signal_energy_s16_dsp(const int16_t* in, uint32_t* out, thb_index_t bins,
                                          thb_index_t begin, thb_index_t end)
{
    int32_t k;
    for (k = 0; k < begin; ++k) out[k] = 0;
    for (; k < end; ++k) {
        const uint32_t bin = thb_load_pair(in + 2 * k);
        out[k] = thb_dual_product(bin, bin);
    }
    for (; k < bins; ++k) out[k] = 0;
}
