// SPDX-License-Identifier: MIT-0
// Start-up code and processor-specific parts of the harness for all Cortex-M. Only instructions of
// v6-M are used, so that one file serves the M0+ as well as the M55.
    .syntax unified
    .thumb

    .section .vectors, "a", %progbits
    .global thb_host_vectors
thb_host_vectors:
    .word __thb_stack_top
    .word thb_host_reset
    .rept 14
    .word thb_host_trap
    .endr

    .section .text.thb_host_reset, "ax", %progbits
    .global thb_host_reset
    .type thb_host_reset, %function
    .thumb_func
thb_host_reset:
    // Allow the float and vector unit (coprocessors 10 and 11 in CPACR) before anything may use it;
    // processors without one ignore the write.
    ldr r0, =0xE000ED88
    ldr r1, =0x00F00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =__thb_data_start
    ldr r1, =__thb_data_end
    ldr r2, =__thb_data_load
1:  cmp r0, r1
    bhs 2f
    ldr r3, [r2]
    str r3, [r0]
    adds r0, #4
    adds r2, #4
    b 1b
2:  ldr r0, =__thb_bss_start
    ldr r1, =__thb_bss_end
    movs r3, #0
3:  cmp r0, r1
    bhs 4f
    str r3, [r0]
    adds r0, #4
    b 3b
4:  bl main
    bl thb_host_exit
    .size thb_host_reset, . - thb_host_reset

    .section .text.thb_host_trap, "ax", %progbits
    .type thb_host_trap, %function
    .thumb_func
thb_host_trap:
    // A stack pointer that was the cause may be anywhere: report on a fresh stack.
    mov r0, sp
    mrs r1, ipsr
    ldr r2, =__thb_stack_top
    mov sp, r2
    bl thb_host_arm_fault
    .size thb_host_trap, . - thb_host_trap

    .section .text.thb_host_semihost, "ax", %progbits
    .global thb_host_semihost
    .type thb_host_semihost, %function
    .thumb_func
thb_host_semihost:
    bkpt 0xAB
    bx lr
    .size thb_host_semihost, . - thb_host_semihost

    .section .text.thb_host_mark, "ax", %progbits
    .global thb_host_mark
    .type thb_host_mark, %function
    .thumb_func
thb_host_mark:
    bx lr
    .size thb_host_mark, . - thb_host_mark

    // Paints [max(end of variables, sp - 1 MB), sp) word by word; see thb_host.h.
    .section .text.thb_host_paint_stack, "ax", %progbits
    .global thb_host_paint_stack
    .type thb_host_paint_stack, %function
    .thumb_func
thb_host_paint_stack:
    mov r1, sp
    ldr r0, =thb_host_painted_to
    str r1, [r0]
    ldr r2, =__thb_bss_end
    ldr r3, =0x100000
    subs r3, r1, r3
    cmp r3, r2
    blo 1f
    mov r2, r3
1:  ldr r0, =thb_host_painted_from
    str r2, [r0]
    ldr r3, =0xC5C5C5C5
2:  cmp r2, r1
    bhs 3f
    str r3, [r2]
    adds r2, #4
    b 2b
3:  bx lr
    .size thb_host_paint_stack, . - thb_host_paint_stack
