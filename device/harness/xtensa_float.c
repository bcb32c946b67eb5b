// SPDX-License-Identifier: MIT-0
// Soft-float routines that the lx106 compiler's library leaves out, because the ESP8266 has them in
// its boot ROM. Names: GCC internals manual, "Soft float library routines". Results are those of
// IEEE 754 with round to nearest, ties to even; every NaN becomes the default quiet one.
//
// Both formats go through one wide form, which makes the rounding a single function:
//
//   value = (-1)^sign * mantissa * 2^(exponent - 61),  2^61 <= mantissa < 2^62
//
// A double has 53 significant bits, so at least 8 bits are left for guard and sticky. This is
// written to be right, not fast: instruction counts of float code on this machine are not the
// ROM's.
#include <stdint.h>
#include <string.h>

enum { ZERO, FINITE, INFINITE, NOT_A_NUMBER };
enum { LEADING_BIT = 61 };

typedef struct {
    uint64_t mantissa;
    int32_t exponent;
    uint32_t sign;  // 0 or 1
    int kind;
} real_t;

typedef struct {
    int32_t significant_bits;  // with the leading one that is not stored
    int32_t bias;
    int32_t exponent_max;      // biased exponent of infinity
} format_t;

static const format_t kSingle = {24, 127, 255};
static const format_t kDouble = {53, 1023, 2047};

// Shifts right; a one that falls out stays visible as the lowest bit.
static uint64_t shift_sticky(uint64_t value, int32_t count)
{
    if (count <= 0) return value;
    if (count > 63) return value != 0;
    return value >> count | ((value & ((1ull << count) - 1)) != 0);
}

static void normalize(real_t* real)
{
    while (real->mantissa >> (LEADING_BIT + 1) != 0) {
        real->mantissa = shift_sticky(real->mantissa, 1);
        ++real->exponent;
    }
    while (real->mantissa >> LEADING_BIT == 0) {
        real->mantissa <<= 1;
        --real->exponent;
    }
}

static real_t unpack(uint64_t bits, const format_t* format)
{
    const int32_t stored = format->significant_bits - 1;
    const int32_t biased = (int32_t)(bits >> stored) & format->exponent_max;
    const uint64_t fraction = bits & ((1ull << stored) - 1);
    real_t real;
    real.sign = (uint32_t)(bits >> (format->significant_bits == 24 ? 31 : 63)) & 1u;
    real.exponent = (biased == 0 ? 1 : biased) - format->bias;
    real.mantissa = (fraction | (biased == 0 ? 0 : 1ull << stored)) << (LEADING_BIT - stored);
    real.kind = FINITE;
    if (biased == format->exponent_max) {
        real.kind = fraction == 0 ? INFINITE : NOT_A_NUMBER;
    } else if (real.mantissa == 0) {
        real.kind = ZERO;
    } else {
        normalize(&real);
    }
    return real;
}

static uint64_t pack(real_t real, const format_t* format)
{
    const int32_t stored = format->significant_bits - 1;
    const uint64_t sign = (uint64_t)real.sign << (format->significant_bits == 24 ? 31 : 63);
    const uint64_t infinity = (uint64_t)format->exponent_max << stored;
    const int32_t drop = LEADING_BIT + 1 - format->significant_bits;
    int32_t biased = real.exponent + format->bias;
    uint64_t rounded;
    uint64_t rest;
    if (real.kind == NOT_A_NUMBER) return infinity | 1ull << (stored - 1);
    if (real.kind == INFINITE || (real.kind == FINITE && biased >= format->exponent_max)) {
        return sign | infinity;
    }
    if (real.kind == ZERO) return sign;
    if (biased < 1) {
        real.mantissa = shift_sticky(real.mantissa, 1 - biased);
        biased = 1;
    }
    rest = real.mantissa & ((1ull << drop) - 1);
    rounded = real.mantissa >> drop;
    if (rest > 1ull << (drop - 1) || (rest == 1ull << (drop - 1) && (rounded & 1) != 0)) ++rounded;
    // The leading one adds 1 to the exponent field; a carry out of the fraction adds another.
    return sign | (((uint64_t)(biased - 1) << stored) + rounded);
}

static real_t special(int kind, uint32_t sign)
{
    real_t real;
    real.mantissa = 0;
    real.exponent = 0;
    real.sign = sign;
    real.kind = kind;
    return real;
}

static real_t add(real_t a, real_t b)
{
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return special(NOT_A_NUMBER, 0);
    if (a.kind == INFINITE && b.kind == INFINITE && a.sign != b.sign)
        return special(NOT_A_NUMBER, 0);
    if (a.kind == INFINITE) return a;
    if (b.kind == INFINITE) return b;
    if (a.kind == ZERO && b.kind == ZERO) return special(ZERO, a.sign & b.sign);
    if (a.kind == ZERO) return b;
    if (b.kind == ZERO) return a;
    if (a.exponent < b.exponent) {
        const real_t larger = b;
        b = a;
        a = larger;
    }
    b.mantissa = shift_sticky(b.mantissa, a.exponent - b.exponent);
    if (a.sign == b.sign) {
        a.mantissa += b.mantissa;
    } else if (a.mantissa >= b.mantissa) {
        a.mantissa -= b.mantissa;
    } else {
        a.mantissa = b.mantissa - a.mantissa;
        a.sign = b.sign;
    }
    if (a.mantissa == 0) return special(ZERO, 0);
    normalize(&a);
    return a;
}

// The product's bits from 61 upwards, and whether any below are set.
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    const uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b;
    const uint64_t cross_a = (a >> 32) * (uint32_t)b + (low >> 32);
    const uint64_t cross_b = (uint64_t)(uint32_t)a * (b >> 32) + (uint32_t)cross_a;
    const uint64_t high = (a >> 32) * (b >> 32) + (cross_a >> 32) + (cross_b >> 32);
    const uint64_t rest = cross_b << 32 | (uint32_t)low;
    return high << 3 | rest >> 61 | ((rest & ((1ull << 61) - 1)) != 0);
}

static real_t multiply(real_t a, real_t b)
{
    const uint32_t sign = a.sign ^ b.sign;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return special(NOT_A_NUMBER, 0);
    if ((a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE)) {
        return special(NOT_A_NUMBER, 0);
    }
    if (a.kind != FINITE || b.kind != FINITE) {
        return special(a.kind == ZERO || b.kind == ZERO ? ZERO : INFINITE, sign);
    }
    a.mantissa = multiply_high(a.mantissa, b.mantissa);
    a.exponent += b.exponent;
    a.sign = sign;
    normalize(&a);
    return a;
}

static real_t divide(real_t a, real_t b)
{
    const uint32_t sign = a.sign ^ b.sign;
    uint64_t quotient = 0;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER ||
        (a.kind == b.kind && a.kind != FINITE)) {
        return special(NOT_A_NUMBER, 0);
    }
    if (a.kind == ZERO || b.kind == INFINITE) return special(ZERO, sign);
    if (a.kind == INFINITE || b.kind == ZERO) return special(INFINITE, sign);
    for (int i = 0; i < LEADING_BIT + 2; ++i) {
        quotient <<= 1;
        if (a.mantissa >= b.mantissa) {
            a.mantissa -= b.mantissa;
            quotient |= 1;
        }
        a.mantissa <<= 1;
    }
    a.mantissa = quotient | (a.mantissa != 0);
    a.exponent -= b.exponent + 1;
    a.sign = sign;
    normalize(&a);
    return a;
}

static real_t from_unsigned(uint32_t magnitude, uint32_t sign)
{
    real_t real = special(magnitude == 0 ? ZERO : FINITE, sign);
    real.mantissa = magnitude;
    real.exponent = LEADING_BIT;
    if (magnitude != 0) normalize(&real);
    return real;
}

// Truncates; beyond the range the nearest limit, as the ROM's and the Arm routines do.
static uint32_t to_magnitude(real_t real, uint32_t limit)
{
    if (real.kind == ZERO || real.kind == NOT_A_NUMBER ||
        (real.kind == FINITE && real.exponent < 0)) {
        return 0;
    }
    if (real.kind == INFINITE || real.exponent > 31) return limit;
    real.mantissa >>= LEADING_BIT - real.exponent;
    return real.mantissa > limit ? limit : (uint32_t)real.mantissa;
}

static int32_t to_signed(real_t real)
{
    const uint32_t magnitude = to_magnitude(real, real.sign != 0 ? 0x80000000u : 0x7FFFFFFFu);
    return (int32_t)(real.sign != 0 ? 0u - magnitude : magnitude);
}

static uint32_t to_unsigned(real_t real)
{
    return real.sign != 0 ? 0 : to_magnitude(real, 0xFFFFFFFFu);
}

static real_t from_single(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return unpack(bits, &kSingle);
}

static real_t from_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return unpack(bits, &kDouble);
}

static float as_single(real_t real)
{
    const uint32_t bits = (uint32_t)pack(real, &kSingle);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double as_double(real_t real)
{
    const uint64_t bits = pack(real, &kDouble);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static real_t negate(real_t real)
{
    real.sign ^= 1u;
    return real;
}

static uint32_t magnitude_of(int32_t value)
{
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

// The library's entry points: one line each.
#define ENTRY(type, name, parameters, result) \
    type name parameters;                     \
    type name parameters                      \
    {                                         \
        return result;                        \
    }

ENTRY(float, __addsf3, (float a, float b), as_single(add(from_single(a), from_single(b))))
ENTRY(float, __subsf3, (float a, float b), as_single(add(from_single(a), negate(from_single(b)))))
ENTRY(float, __mulsf3, (float a, float b), as_single(multiply(from_single(a), from_single(b))))
ENTRY(float, __divsf3, (float a, float b), as_single(divide(from_single(a), from_single(b))))
ENTRY(double, __adddf3, (double a, double b), as_double(add(from_double(a), from_double(b))))
ENTRY(double, __subdf3, (double a, double b),
      as_double(add(from_double(a), negate(from_double(b)))))
ENTRY(double, __muldf3, (double a, double b), as_double(multiply(from_double(a), from_double(b))))
ENTRY(double, __divdf3, (double a, double b), as_double(divide(from_double(a), from_double(b))))
ENTRY(double, __extendsfdf2, (float a), as_double(from_single(a)))
ENTRY(float, __truncdfsf2, (double a), as_single(from_double(a)))
ENTRY(float, __floatsisf, (int32_t a), as_single(from_unsigned(magnitude_of(a), a < 0)))
ENTRY(float, __floatunsisf, (uint32_t a), as_single(from_unsigned(a, 0)))
ENTRY(double, __floatsidf, (int32_t a), as_double(from_unsigned(magnitude_of(a), a < 0)))
ENTRY(double, __floatunsidf, (uint32_t a), as_double(from_unsigned(a, 0)))
ENTRY(int32_t, __fixsfsi, (float a), to_signed(from_single(a)))
ENTRY(uint32_t, __fixunssfsi, (float a), to_unsigned(from_single(a)))
ENTRY(int32_t, __fixdfsi, (double a), to_signed(from_double(a)))
ENTRY(uint32_t, __fixunsdfsi, (double a), to_unsigned(from_double(a)))
