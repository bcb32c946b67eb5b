// SPDX-License-Identifier: MIT-0
// Integer routines of libgcc that the lx106 compiler's library leaves out, because the ESP8266 has
// them in its boot ROM. Names and meaning: GCC internals manual, "Integer library routines".
//
// Division is by shift and subtract, one bit per turn after the leading zeros of the quotient.
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
int64_t __muldi3(int64_t a, int64_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);

static uint32_t divide_u32(uint32_t a, uint32_t b, uint32_t* remainder)
{
    uint32_t quotient = 0;
    uint32_t bit = 1;
    // Division by zero has no result in C; here it ends like one by the largest number.
    while (b < a && (b & 0x80000000u) == 0 && b != 0) {
        b <<= 1;
        bit <<= 1;
    }
    for (; bit != 0 && b != 0; bit >>= 1, b >>= 1) {
        if (a >= b) {
            a -= b;
            quotient |= bit;
        }
    }
    *remainder = a;
    return quotient;
}

static uint64_t divide_u64(uint64_t a, uint64_t b, uint64_t* remainder)
{
    uint64_t quotient = 0;
    uint64_t bit = 1;
    while (b < a && (b >> 63) == 0 && b != 0) {
        b <<= 1;
        bit <<= 1;
    }
    for (; bit != 0 && b != 0; bit >>= 1, b >>= 1) {
        if (a >= b) {
            a -= b;
            quotient |= bit;
        }
    }
    *remainder = a;
    return quotient;
}

static uint32_t magnitude_32(int32_t a)
{
    return a < 0 ? 0u - (uint32_t)a : (uint32_t)a;
}

static uint64_t magnitude_64(int64_t a)
{
    return a < 0 ? 0u - (uint64_t)a : (uint64_t)a;
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    uint32_t remainder;
    return divide_u32(a, b, &remainder);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    uint32_t remainder;
    (void)divide_u32(a, b, &remainder);
    return remainder;
}

int32_t __divsi3(int32_t a, int32_t b)
{
    const uint32_t quotient = __udivsi3(magnitude_32(a), magnitude_32(b));
    return (int32_t)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}

int32_t __modsi3(int32_t a, int32_t b)
{
    const uint32_t remainder = __umodsi3(magnitude_32(a), magnitude_32(b));
    return (int32_t)(a < 0 ? 0u - remainder : remainder);
}

// Four products of halves: the lx106 multiplies 32 x 32 -> 32 only.
uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
    const uint32_t low = (a & 0xFFFFu) * (b & 0xFFFFu);
    const uint32_t cross_a = (a >> 16) * (b & 0xFFFFu) + (low >> 16);
    const uint32_t cross_b = (a & 0xFFFFu) * (b >> 16) + (cross_a & 0xFFFFu);
    const uint32_t high = (a >> 16) * (b >> 16) + (cross_a >> 16) + (cross_b >> 16);
    return (uint64_t)high << 32 | (cross_b << 16 | (low & 0xFFFFu));
}

int64_t __muldi3(int64_t a, int64_t b)
{
    const uint32_t a_low = (uint32_t)a;
    const uint32_t b_low = (uint32_t)b;
    const uint32_t a_high = (uint32_t)((uint64_t)a >> 32);
    const uint32_t b_high = (uint32_t)((uint64_t)b >> 32);
    return (int64_t)(__umulsidi3(a_low, b_low) +
                     ((uint64_t)(a_low * b_high + a_high * b_low) << 32));
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    uint64_t remainder;
    return divide_u64(a, b, &remainder);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    uint64_t remainder;
    (void)divide_u64(a, b, &remainder);
    return remainder;
}

int64_t __divdi3(int64_t a, int64_t b)
{
    const uint64_t quotient = __udivdi3(magnitude_64(a), magnitude_64(b));
    return (int64_t)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}

int64_t __moddi3(int64_t a, int64_t b)
{
    const uint64_t remainder = __umoddi3(magnitude_64(a), magnitude_64(b));
    return (int64_t)(a < 0 ? 0u - remainder : remainder);
}
