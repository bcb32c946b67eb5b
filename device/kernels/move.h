// Moves elements without looking at them: one set of kernels for every type, by element size.
#include "kernels/copy.h"
#include "port/thb_port.h"

// Elements as bits: may alias floats and integers alike.
typedef uint16_t __attribute__((may_alias)) thb_bits16_t;

typedef uint32_t __attribute__((may_alias)) thb_bits32_t;

// One element of 1, 2, 4 or 8 bytes; both ends are aligned to min(bytes, 4).
THB_KERNEL void thb_move_element(const uint8_t* from, int from_flash, uint8_t* to, int bytes)
{
    if (bytes == 1) {
        *to = THB_LOAD_U8(from, from_flash);
    } else if (bytes == 2) {
        const thb_bits16_t* source = (const thb_bits16_t*)(const void*)from;
        *(thb_bits16_t*)(void*)to = THB_LOAD_U16(source, from_flash);
    } else {
        const thb_bits32_t* source = (const thb_bits32_t*)(const void*)from;
        thb_bits32_t* target = (thb_bits32_t*)(void*)to;
        target[0] = THB_LOAD_U32(source, from_flash);
        if (bytes == 8) target[1] = THB_LOAD_U32(source + 1, from_flash);
    }
}

// Rows of `row_bytes` contiguous bytes that lie in_step and out_step bytes apart.
// in    anything, a table when in_flash is 1
// out   must not overlap `in`
THB_KERNEL void thb_copy_rows(const void* in, int in_flash, void* out, thb_index_t rows,
                              thb_index_t row_bytes, thb_index_t in_step, thb_index_t out_step)
{
    const uint8_t* from = (const uint8_t*)in;
    uint8_t* to = (uint8_t*)out;
    for (; rows > 0; --rows) {
        thb_copy(from, in_flash, to, (uint32_t)row_bytes);
        from += in_step;
        to += out_step;
    }
}

// A nest of `rank` loops (1 to 16) in which both pointers advance by fixed steps.
//
// plan           int32 [rank][3] in flash, outermost axis first: how often; how many bytes `in` and
//                `out` jump when this axis advances and all inner ones start again
// element_bytes  1, 2, 4, 8: the innermost axis walks over single elements;
//                0: it is one contiguous run, whose "how often" is its bytes
// out            must not overlap `in`
THB_KERNEL void thb_move(const void* in, int in_flash, void* out, const int32_t* plan, int rank,
                         int element_bytes)
{
    const uint8_t* from = (const uint8_t*)in;
    uint8_t* to = (uint8_t*)out;
    const int32_t* inner = plan + 3 * (rank - 1);
    const thb_index_t count = (thb_index_t)THB_FLASH_S32(inner);
    const thb_index_t in_step = (thb_index_t)THB_FLASH_S32(inner + 1);
    const thb_index_t out_step = (thb_index_t)THB_FLASH_S32(inner + 2);
    thb_index_t left[16];
    int axis;
    for (axis = 0; axis < rank - 1; ++axis)
        left[axis] = (thb_index_t)THB_FLASH_S32(plan + 3 * axis);
    for (;;) {
        if (element_bytes == 0) {
            thb_copy(from, in_flash, to, (uint32_t)count);
            from += count;
            to += count;
        } else {
            thb_index_t i;
            for (i = 0; i < count; ++i) {
                thb_move_element(from, in_flash, to, element_bytes);
                from += in_step;
                to += out_step;
            }
        }
        for (axis = rank - 2; axis >= 0 && --left[axis] == 0; --axis)
            left[axis] = (thb_index_t)THB_FLASH_S32(plan + 3 * axis);
        if (axis < 0) return;
        from += (thb_index_t)THB_FLASH_S32(plan + 3 * axis + 1);
        to += (thb_index_t)THB_FLASH_S32(plan + 3 * axis + 2);
    }
}
