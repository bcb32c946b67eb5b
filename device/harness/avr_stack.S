// SPDX-License-Identifier: MIT-0
// thb_host_paint_stack (thb_host.h). On AVR the stack pointer names the next free byte, so the byte
// after it is the return address of this very call, whose length depends on the size of the flash.
#include <avr/io.h>

#ifdef __AVR_3_BYTE_PC__
#define RETURN_ADDRESS_BYTES 3
#else
#define RETURN_ADDRESS_BYTES 2
#endif

    .section .text.thb_host_paint_stack, "ax", @progbits
    .global thb_host_paint_stack
    .type thb_host_paint_stack, @function
thb_host_paint_stack:
    in r30, _SFR_IO_ADDR(SPL)
    in r31, _SFR_IO_ADDR(SPH)
    adiw r30, RETURN_ADDRESS_BYTES + 1
    sts thb_host_painted_to, r30
    sts thb_host_painted_to + 1, r31
    sbiw r30, RETURN_ADDRESS_BYTES
    ldi r26, lo8(__heap_start)
    ldi r27, hi8(__heap_start)
    sts thb_host_painted_from, r26
    sts thb_host_painted_from + 1, r27
    ldi r18, 0xC5
1:  cp r26, r30
    cpc r27, r31
    brsh 2f
    st X+, r18
    rjmp 1b
2:  ret
    .size thb_host_paint_stack, . - thb_host_paint_stack
