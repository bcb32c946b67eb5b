// Logarithm of the channels (docs/numerics.md, "Audio"):
//   out[i] = min(32767, ln(in[i] << correction_bits) * output_scale), 0 for arguments below 2;
//   negative correction_bits shift right
//
// in   uint32 [count]
// lut  uint16 [130], in flash: 65536 * (log2(1 + i/128) - i/128)
// out  int16 [count]; may be in: element i is read before its place is written
#include "port/thb_port.h"

THB_KERNEL int16_t thb_signal_log(uint32_t x, uint32_t output_scale, const uint16_t* lut)
{
    uint8_t integer;
    uint32_t fraction, segment, log2, ln, scaled;
    int32_t low, high;
    if (x < 2) return 0;
    integer = (uint8_t)(31 - thb_leading_zeros(x));
    fraction = x - (UINT32_C(1) << integer);
    fraction = integer < 16 ? fraction << (16 - integer) : fraction >> (integer - 16);
    segment = fraction >> 9;
    low = THB_FLASH_U16(lut + segment);
    high = THB_FLASH_U16(lut + segment + 1);
    // The shift by 16, not 9, is the reference's: the slope hardly counts.
    low += ((high - low) * (int32_t)(fraction & 511)) >> 16;
    log2 = ((uint32_t)integer << 16) + fraction + (uint32_t)low;
    // (45426 * log2 + 32768) >> 16 in halves: log2 is below 2^22, so that no product leaves 32
    // bits.
    ln = UINT32_C(45426) * (log2 >> 16) + ((UINT32_C(45426) * (uint16_t)log2 + 32768) >> 16);
    scaled = (output_scale * ln + 32768) >> 16;
    return (int16_t)(scaled < 32767 ? scaled : 32767);
}

THB_KERNEL void thb_signal_filter_bank_log_u32(const uint32_t* in, const uint16_t* lut,
                                               int16_t* out, thb_index_t count, int correction_bits,
                                               uint32_t output_scale)
{
    thb_index_t i;
    for (i = 0; i < count; ++i) {
        const uint32_t x =
            correction_bits < 0 ? in[i] >> -correction_bits : in[i] << correction_bits;
        out[i] = thb_signal_log(x, output_scale, lut);
    }
}
