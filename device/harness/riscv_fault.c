// SPDX-License-Identifier: MIT-0
// All traps of the RISC-V machine mode end here: `cause` is mcause, `address` is mepc.
#include "report_fault.h"

void thb_host_riscv_fault(uint32_t cause, uint32_t address);
void thb_host_riscv_fault(uint32_t cause, uint32_t address)
{
    thb_host_report_fault(cause, address);
}
