// SPDX-License-Identifier: MIT-0
// The second half of stack painting; the first half is a few instructions of each processor.
#include "thb_host.h"

// Both are set by thb_host_paint_stack: the lowest painted byte, and the caller's stack pointer
// (one past the last byte below it that a call may use).
extern const volatile uint8_t* thb_host_painted_from;
extern const volatile uint8_t* thb_host_painted_to;
const volatile uint8_t* thb_host_painted_from;
const volatile uint8_t* thb_host_painted_to;

uint32_t thb_host_stack_used(void)
{
    const volatile uint8_t* byte = thb_host_painted_from;
    while (byte < thb_host_painted_to && *byte == 0xC5) ++byte;
    return (uint32_t)(thb_host_painted_to - byte);
}
