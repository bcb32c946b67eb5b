// SPDX-License-Identifier: MIT-0
// All exceptions of the Cortex-M vector table end here. The processor has stacked r0-r3, r12, lr,
// the address it was at, and xPSR; `frame` is where (Armv7-M Architecture Reference Manual,
// B1.5.6).
#include "report_fault.h"

void thb_host_arm_fault(const uint32_t* frame, uint32_t exception_number);
void thb_host_arm_fault(const uint32_t* frame, uint32_t exception_number)
{
    thb_host_report_fault(exception_number, frame[6]);
}
