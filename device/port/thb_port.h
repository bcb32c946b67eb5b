// The only place with #if: what differs between compilers and cores.
//
// THB_KERNEL    an always-inlined kernel body; instances of it are emitted into NAME.c
// THB_INSTANCE  one shared copy of a kernel for one set of keys; never inlined, so that it exists
// once
// THB_SHARED    a function that several kernels call: one copy, never inlined
// THB_TABLE     places a constant array in flash THB_FLASH_*   reads one element of a table;
// THB_LOAD_*(p, flash) reads a table (flash = 1) or RAM (0)
#ifndef THB_PORT_H
#define THB_PORT_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define THB_KERNEL static inline __attribute__((always_inline, unused))
#define THB_INSTANCE static __attribute__((noinline))
#define THB_SHARED static __attribute__((noinline, unused))
// A function that is assembly from its first instruction to its return, and its parameters.
#define THB_NAKED static __attribute__((naked, noinline, unused))
#define THB_IN_ASM __attribute__((unused))

#define THB_INFINITY ((float)__builtin_inff())
#define THB_NAN ((float)__builtin_nanf(""))

// Loop counters, sizes and offsets of tensors in RAM: 16 bits where RAM is that small.
#if defined(__AVR__)
typedef int16_t thb_index_t;
#else
typedef int32_t thb_index_t;
#endif

// Positions in a ring of samples, and the order in which an interrupt, or another core, sees what
// was stored before and after.
#if defined(__AVR__)
typedef uint16_t thb_position_t;
#else
typedef uint32_t thb_position_t;
#endif
#define THB_BARRIER() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#if defined(__AVR__)
#include <avr/pgmspace.h>
#define THB_TABLE PROGMEM
#define THB_FLASH_S8(p) ((int8_t)pgm_read_byte(p))
#define THB_FLASH_U8(p) ((uint8_t)pgm_read_byte(p))
#define THB_FLASH_S16(p) ((int16_t)pgm_read_word(p))
#define THB_FLASH_U16(p) ((uint16_t)pgm_read_word(p))
#define THB_FLASH_S32(p) ((int32_t)pgm_read_dword(p))
#define THB_FLASH_U32(p) ((uint32_t)pgm_read_dword(p))
#define THB_FLASH_F32(p) pgm_read_float(p)
static inline __attribute__((unused)) int64_t thb_flash_s64(const int64_t* p)
{
    const uint32_t low = pgm_read_dword((const uint32_t*)(const void*)p);
    const uint32_t high = pgm_read_dword((const uint32_t*)(const void*)p + 1);
    return (int64_t)(((uint64_t)high << 32) | low);
}
#define THB_FLASH_S64(p) thb_flash_s64(p)
#else
#define THB_TABLE
#define THB_FLASH_S8(p) (*(p))
#define THB_FLASH_U8(p) (*(p))
#define THB_FLASH_S16(p) (*(p))
#define THB_FLASH_U16(p) (*(p))
#define THB_FLASH_S32(p) (*(p))
#define THB_FLASH_U32(p) (*(p))
#define THB_FLASH_F32(p) (*(p))
#define THB_FLASH_S64(p) (*(p))
#endif

#define THB_LOAD_S8(p, flash) ((flash) ? THB_FLASH_S8(p) : *(p))
#define THB_LOAD_U8(p, flash) ((flash) ? THB_FLASH_U8(p) : *(p))
#define THB_LOAD_S16(p, flash) ((flash) ? THB_FLASH_S16(p) : *(p))
#define THB_LOAD_U16(p, flash) ((flash) ? THB_FLASH_U16(p) : *(p))
#define THB_LOAD_S32(p, flash) ((flash) ? THB_FLASH_S32(p) : *(p))
#define THB_LOAD_U32(p, flash) ((flash) ? THB_FLASH_U32(p) : *(p))
#define THB_LOAD_F32(p, flash) ((flash) ? THB_FLASH_F32(p) : *(p))
#define THB_LOAD_S64(p, flash) ((flash) ? THB_FLASH_S64(p) : *(p))

// Called after each layer; verification builds define it, products leave it empty.
#ifndef THB_AFTER_LAYER
#define THB_AFTER_LAYER(step)
#endif

// Leading zero bits of a 32-bit word; 32 for 0.
static inline __attribute__((unused)) uint8_t thb_leading_zeros(uint32_t value)
{
    if (value == 0) return 32;
    return (uint8_t)(sizeof(long) == 4 ? __builtin_clzl(value) : __builtin_clzl(value) - 32);
}

// thb_high_mul(a, b) = (a * b + 2^30) >> 31: the rounding doubling high multiply, ties toward
// +infinity; b in [0, 2^31).
// thb_high_mul_30(a, b): the same for |a| < 2^30.
// thb_shift_right(value, count) = value >> count, arithmetic, count in [0, 31].
#if defined(__AVR__)
// The unsigned 64-bit product in 16 MULs, columns in ascending order; then the high half loses b
// when a was negative. About 130 cycles with the call; libgcc's 64-bit product takes 500.
static __attribute__((noinline, unused)) int32_t thb_high_mul(int32_t a, int32_t b)
{
    uint32_t low, high;
    uint8_t zero;
    __asm__(
        "mul %A[a], %A[b]\n\tmovw %A[low], r0\n\tmul %B[a], %B[b]\n\tmovw %C[low], r0\n\t"
        "mul %C[a], %C[b]\n\tmovw %A[high], r0\n\tmul %D[a], %D[b]\n\tmovw %C[high], r0\n\t"
        "ldi %[zero], 0\n\t"
#define THB_ADD_1                                                                             \
    "add %B[low], r0\n\tadc %C[low], r1\n\tadc %D[low], %[zero]\n\tadc %A[high], %[zero]\n\t" \
    "adc %B[high], %[zero]\n\tadc %C[high], %[zero]\n\tadc %D[high], %[zero]\n\t"
#define THB_ADD_2                                                                              \
    "add %C[low], r0\n\tadc %D[low], r1\n\tadc %A[high], %[zero]\n\tadc %B[high], %[zero]\n\t" \
    "adc %C[high], %[zero]\n\tadc %D[high], %[zero]\n\t"
#define THB_ADD_3                                                                               \
    "add %D[low], r0\n\tadc %A[high], r1\n\tadc %B[high], %[zero]\n\tadc %C[high], %[zero]\n\t" \
    "adc %D[high], %[zero]\n\t"
#define THB_ADD_4 \
    "add %A[high], r0\n\tadc %B[high], r1\n\tadc %C[high], %[zero]\n\tadc %D[high], %[zero]\n\t"
#define THB_ADD_5 "add %B[high], r0\n\tadc %C[high], r1\n\tadc %D[high], %[zero]\n\t"
        "mul %A[a], %B[b]\n\t" THB_ADD_1 "mul %B[a], %A[b]\n\t" THB_ADD_1
        "mul %A[a], %C[b]\n\t" THB_ADD_2 "mul %C[a], %A[b]\n\t" THB_ADD_2
        "mul %A[a], %D[b]\n\t" THB_ADD_3 "mul %B[a], %C[b]\n\t" THB_ADD_3
        "mul %C[a], %B[b]\n\t" THB_ADD_3 "mul %D[a], %A[b]\n\t" THB_ADD_3
        "mul %B[a], %D[b]\n\t" THB_ADD_4 "mul %D[a], %B[b]\n\t" THB_ADD_4
        "mul %C[a], %D[b]\n\t" THB_ADD_5 "mul %D[a], %C[b]\n\t" THB_ADD_5
        "sbrs %D[a], 7\n\trjmp 1f\n\t"
        "sub %A[high], %A[b]\n\tsbc %B[high], %B[b]\n\tsbc %C[high], %C[b]\n\tsbc %D[high], %D[b]\n"
        "1:\n\t"
        "ldi %[zero], 0x40\n\tadd %D[low], %[zero]\n\tldi %[zero], 0\n\t"
        "adc %A[high], %[zero]\n\tadc %B[high], %[zero]\n\tadc %C[high], %[zero]\n\tadc %D[high], "
        "%[zero]\n\t"
        "lsl %D[low]\n\trol %A[high]\n\trol %B[high]\n\trol %C[high]\n\trol %D[high]\n\t"
        "clr r1"
        : [low] "=&r"(low), [high] "=&r"(high), [zero] "=&d"(zero)
        : [a] "r"(a), [b] "r"(b)
        : "r0");
#undef THB_ADD_1
#undef THB_ADD_2
#undef THB_ADD_3
#undef THB_ADD_4
#undef THB_ADD_5
    return (int32_t)high;
}

// Whole bytes first: the compiler's own loop takes 7 cycles a bit.
static inline __attribute__((unused)) int32_t thb_shift_right(int32_t value, int8_t count)
{
    for (; count >= 8; count = (int8_t)(count - 8)) value >>= 8;
    return value >> count;
}
#else
#if defined(__ARM_ARCH) && __ARM_ARCH == 6
// No 64-bit product in hardware: four 16-bit ones, with a = ah * 2^16 + al, b = bh * 2^16 + bl.
// Only bits 30 and up of the sum matter, so al * bl gives nothing but its carry. Each partial sum
// fits 32 bits, because bh < 2^15.
static inline __attribute__((unused)) int32_t thb_high_mul(int32_t a, int32_t b)
{
    const int32_t ah = a >> 16, bh = b >> 16;
    const uint32_t al = (uint32_t)a & 0xFFFFu, bl = (uint32_t)b & 0xFFFFu;
    const int32_t middle = ah * (int32_t)bl + (int32_t)((al * bl) >> 16);
    const int32_t rest = (int32_t)al * bh + (middle & 0xFFFF) + 0x4000;
    const int32_t high = ah * bh + (middle >> 16) + (rest >> 16);
    return (int32_t)(((uint32_t)high << 1) | (((uint32_t)rest >> 15) & 1u));
}
#else
static inline __attribute__((unused)) int32_t thb_high_mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT32_C(1) << 30)) >> 31);
}
#endif

static inline __attribute__((unused)) int32_t thb_shift_right(int32_t value, int8_t count)
{
    return value >> count;
}
#endif

#if defined(__ARM_FEATURE_DSP) && defined(__arm__)
static inline __attribute__((unused)) int32_t thb_high_mul_30(int32_t a, int32_t b)
{
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(a * 2), "r"(b));
    return result;
}
#elif defined(__riscv_mul) && __riscv_xlen == 32
static inline __attribute__((unused)) int32_t thb_high_mul_30(int32_t a, int32_t b)
{
    const int64_t twice = (int64_t)(a * 2) * b;
    return (int32_t)(twice >> 32) + (int32_t)((uint32_t)twice >> 31);
}
#else
#define thb_high_mul_30(a, b) thb_high_mul(a, b)
#endif

// value, or the nearest that fits int8.
#if defined(__ARM_FEATURE_SAT)
static inline __attribute__((unused)) int32_t thb_limit_s8(int32_t value)
{
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}
#else
static inline __attribute__((unused)) int32_t thb_limit_s8(int32_t value)
{
    return value < -128 ? -128 : value > 127 ? 127 : value;
}
#endif

#endif
