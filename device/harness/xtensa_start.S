// SPDX-License-Identifier: MIT-0
// Start-up code and processor-specific parts of the harness for Xtensa without register windows
// (call0 ABI: a0 return address, a1 stack pointer, a2-a7 arguments, a2 result).
//
// `movi` with a large value becomes an l32r from a literal placed before the code.

    .section .vectors, "ax", @progbits
    .global _start
    .literal_position
_start:
    j thb_host_start
    // Exception vectors at their offsets from VECBASE in the lx106 configuration: 0x10 debug, 0x20
    // non-maskable interrupt, 0x30 kernel, 0x50 user, 0x70 double exception. VECBASE is aligned to
    // 256 bytes.
    .balign 256
thb_host_vectors:
    .org thb_host_vectors + 0x10
    j thb_host_trap
    .org thb_host_vectors + 0x20
    j thb_host_trap
    .org thb_host_vectors + 0x30
    j thb_host_trap
    .org thb_host_vectors + 0x50
    j thb_host_trap
    .org thb_host_vectors + 0x70
    j thb_host_trap_double
    .balign 4

    .section .text.thb_host_start, "ax", @progbits
    .literal_position
    .balign 4
thb_host_start:
    movi a2, thb_host_vectors
    wsr.vecbase a2
    // PS: user vector mode, no exception in progress, all interrupts off.
    movi a2, 0x2f
    wsr.ps a2
    rsync
    movi a1, __thb_stack_top
    movi a2, __thb_data_start
    movi a3, __thb_data_end
    movi a4, __thb_data_load
1:  bgeu a2, a3, 2f
    l32i a5, a4, 0
    s32i a5, a2, 0
    addi a2, a2, 4
    addi a4, a4, 4
    j 1b
2:  movi a2, __thb_bss_start
    movi a3, __thb_bss_end
    movi a5, 0
3:  bgeu a2, a3, 4f
    s32i a5, a2, 0
    addi a2, a2, 4
    j 3b
4:  movi a0, main
    callx0 a0
    movi a0, thb_host_exit
    callx0 a0

    .section .text.thb_host_trap, "ax", @progbits
    .literal_position
    .balign 4
thb_host_trap:
    rsr.exccause a2
    rsr.epc1 a3
    j 1f
    .balign 4
thb_host_trap_double:
    rsr.exccause a2
    rsr.depc a3
    // A stack pointer that was the cause may be anywhere: report on a fresh stack.
1:  movi a1, __thb_stack_top
    movi a0, thb_host_xtensa_fault
    callx0 a0

    // int32_t thb_host_simcall(int32_t function, a, b, c): QEMU takes function and arguments from
    // a2 to a5, as the ABI passes them, and returns the result in a2.
    .section .text.thb_host_simcall, "ax", @progbits
    .global thb_host_simcall
    .type thb_host_simcall, @function
    .balign 4
thb_host_simcall:
    simcall
    ret
    .size thb_host_simcall, . - thb_host_simcall

    .section .text.thb_host_mark, "ax", @progbits
    .global thb_host_mark
    .type thb_host_mark, @function
    .balign 4
thb_host_mark:
    ret
    .size thb_host_mark, . - thb_host_mark

    // Paints [max(end of variables, sp - 1 MB), sp) word by word; see thb_host.h.
    .section .text.thb_host_paint_stack, "ax", @progbits
    .literal_position
    .global thb_host_paint_stack
    .type thb_host_paint_stack, @function
    .balign 4
thb_host_paint_stack:
    movi a2, thb_host_painted_to
    s32i a1, a2, 0
    movi a3, 0x100000
    sub a3, a1, a3
    movi a4, __thb_bss_end
    bgeu a3, a4, 1f
    mov a3, a4
1:  movi a2, thb_host_painted_from
    s32i a3, a2, 0
    movi a4, 0xC5C5C5C5
2:  bgeu a3, a1, 3f
    s32i a4, a3, 0
    addi a3, a3, 4
    j 2b
3:  ret
    .size thb_host_paint_stack, . - thb_host_paint_stack
