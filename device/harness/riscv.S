// SPDX-License-Identifier: MIT-0
// Start-up code and processor-specific parts of the harness for RV32.
    .option norelax

    .section .vectors, "ax", @progbits
    .global _start
_start:
    la sp, __thb_stack_top
    la tp, __thb_tls_base
    la t0, thb_host_trap
    csrw mtvec, t0
    la a0, __thb_data_start
    la a1, __thb_data_end
    la a2, __thb_data_load
1:  bgeu a0, a1, 2f
    lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
    j 1b
2:  la a0, __thb_bss_start
    la a1, __thb_bss_end
3:  bgeu a0, a1, 4f
    sw zero, 0(a0)
    addi a0, a0, 4
    j 3b
4:  call main
    call thb_host_exit

    .section .text.thb_host_trap, "ax", @progbits
    .balign 4
thb_host_trap:
    // A stack pointer that was the cause may be anywhere: report on a fresh stack.
    la sp, __thb_stack_top
    csrr a0, mcause
    csrr a1, mepc
    call thb_host_riscv_fault

    // The three-instruction sequence by which QEMU knows a semihosting call (RISC-V Semihosting,
    // chapter 2): uncompressed, and not across a page, hence the alignment.
    .section .text.thb_host_semihost, "ax", @progbits
    .global thb_host_semihost
    .type thb_host_semihost, @function
    .balign 16
    .option push
    .option norvc
thb_host_semihost:
    slli x0, x0, 0x1f
    ebreak
    srai x0, x0, 7
    ret
    .option pop
    .size thb_host_semihost, . - thb_host_semihost

    .section .text.thb_host_mark, "ax", @progbits
    .global thb_host_mark
    .type thb_host_mark, @function
thb_host_mark:
    ret
    .size thb_host_mark, . - thb_host_mark

    // Paints [max(end of variables, sp - 1 MB), sp) word by word; see thb_host.h.
    .section .text.thb_host_paint_stack, "ax", @progbits
    .global thb_host_paint_stack
    .type thb_host_paint_stack, @function
thb_host_paint_stack:
    la t0, thb_host_painted_to
    sw sp, 0(t0)
    li t1, 0x100000
    sub t1, sp, t1
    la t2, __thb_bss_end
    bgeu t1, t2, 1f
    mv t1, t2
1:  la t0, thb_host_painted_from
    sw t1, 0(t0)
    li t0, 0xC5C5C5C5
2:  bgeu t1, sp, 3f
    sw t0, 0(t1)
    addi t1, t1, 4
    j 2b
3:  ret
    .size thb_host_paint_stack, . - thb_host_paint_stack
