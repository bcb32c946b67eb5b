// The only place with #if: what differs between compilers and cores.
//
// THB_KERNEL    an always-inlined kernel body; instances of it are emitted into NAME.c
// THB_INSTANCE  one shared copy of a kernel for one set of keys; never inlined, so that it exists once
// THB_TABLE     places a constant array in flash
// THB_FLASH_*   reads one element of a table; THB_LOAD_*(p, flash) reads a table (flash = 1) or RAM (0)
#ifndef THB_PORT_H
#define THB_PORT_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define THB_KERNEL static inline __attribute__((always_inline, unused))
#define THB_INSTANCE static __attribute__((noinline))

#define THB_INFINITY ((float)__builtin_inff())
#define THB_NAN ((float)__builtin_nanf(""))

// Loop counters, sizes and offsets of tensors in RAM: 16 bits where RAM is that small.
#if defined(__AVR__)
typedef int16_t thb_index_t;
#else
typedef int32_t thb_index_t;
#endif

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

// (a * b + 2^30) >> 31: the rounding doubling high multiply, ties toward +infinity; b in [0, 2^31).
#if defined(__AVR__) || (defined(__ARM_ARCH) && __ARM_ARCH == 6)
// No 64-bit product in hardware: four 16-bit ones, with a = ah * 2^16 + al, b = bh * 2^16 + bl. Only bits
// 30 and up of the sum matter, so al * bl gives nothing but its carry. Each partial sum fits 32 bits,
// because bh < 2^15.
static inline __attribute__((unused)) int32_t thb_high_mul(int32_t a, int32_t b)
{
    const int16_t ah = (int16_t)(a >> 16);
    const uint16_t al = (uint16_t)a;
    const int16_t bh = (int16_t)(b >> 16);
    const uint16_t bl = (uint16_t)b;
    const uint32_t low = (uint32_t)al * bl;
    const int32_t middle = (int32_t)ah * (int32_t)bl + (int32_t)(low >> 16);
    const int32_t rest = (int32_t)al * bh + (int32_t)(uint16_t)middle + INT32_C(0x4000);
    const int32_t high = (int32_t)ah * bh + (middle >> 16) + (rest >> 16);
    return (int32_t)(((uint32_t)high << 1) | (((uint32_t)rest >> 15) & 1u));
}
#else
static inline __attribute__((unused)) int32_t thb_high_mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT32_C(1) << 30)) >> 31);
}
#endif

#endif
