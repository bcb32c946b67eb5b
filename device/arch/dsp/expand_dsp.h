// int8 elements to pairs of int16, the left operands of SMLAD.
//
// Four elements a0 a1 a2 a3 become two words, (a0, a2) and (a1, a3): what SXTB16 gives for one
// instruction each. Weights are packed in the same order by the compiler. A last group of fewer
// than four elements is filled up; its weights are zero, so any filling is right.
#include "port/thb_port.h"

THB_KERNEL int32_t thb_even_pair(uint32_t word)
{
    int32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(word));
    return result;
}

THB_KERNEL int32_t thb_odd_pair(uint32_t word)
{
    int32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(word));
    return result;
}

// The `count` (1 to 3) elements at `in` in one word, zeros above.
THB_KERNEL uint32_t thb_partial_word(const int8_t* in, int32_t count)
{
    uint32_t word = (uint8_t)in[0];
    if (count > 1) word |= (uint32_t)(uint8_t)in[1] << 8;
    if (count > 2) word |= (uint32_t)(uint8_t)in[2] << 16;
    return word;
}

THB_KERNEL uint32_t thb_load_word(const int8_t* in)
{
    uint32_t word;
    memcpy(&word, in, 4);  // One LDR: these cores read words from any address.
    return word;
}

// One row: out = pairs of in[0 .. count - 1]. Returns the place behind the last pair.
THB_KERNEL int32_t* thb_expand_row(const int8_t* in, int32_t count, int32_t* out)
{
    for (; count >= 4; count -= 4) {
        const uint32_t word = thb_load_word(in);
        out[0] = thb_even_pair(word);
        out[1] = thb_odd_pair(word);
        in += 4;
        out += 2;
    }
    if (count > 0) {
        const uint32_t word = thb_partial_word(in, count);
        out[0] = thb_even_pair(word);
        out[1] = thb_odd_pair(word);
        out += 2;
    }
    return out;
}

// Two rows side by side: groups of (a0, a2) (b0, b2) (a1, a3) (b1, b3).
THB_KERNEL int32_t* thb_expand_two_rows(const int8_t* a, const int8_t* b, int32_t count,
                                        int32_t* out)
{
    for (; count >= 4; count -= 4) {
        __asm__ volatile(
            "ldr r4, [%[a]], #4\n\t"
            "ldr r8, [%[b]], #4\n\t"
            "sxtb16 r6, r4, ror #8\n\t"
            "sxtb16 r4, r4\n\t"
            "sxtb16 r5, r8\n\t"
            "sxtb16 r8, r8, ror #8\n\t"
            "stmia %[out]!, {r4, r5, r6, r8}"
            : [a] "+r"(a), [b] "+r"(b), [out] "+r"(out)
            :
            : "r4", "r5", "r6", "r8", "memory");
    }
    if (count > 0) {
        const uint32_t word_a = thb_partial_word(a, count), word_b = thb_partial_word(b, count);
        out[0] = thb_even_pair(word_a);
        out[1] = thb_even_pair(word_b);
        out[2] = thb_odd_pair(word_a);
        out[3] = thb_odd_pair(word_b);
        out += 4;
    }
    return out;
}
