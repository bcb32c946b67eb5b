// SPDX-License-Identifier: MIT-0
// What a trap handler does last, on every 32-bit machine.
#ifndef THB_REPORT_FAULT_H
#define THB_REPORT_FAULT_H

#include "thb_host.h"

void thb_host_complain(const char* text);

// Appends `value` as eight hexadecimal digits at `to`.
static inline void thb_host_put_hex(char* to, uint32_t value)
{
    for (int i = 0; i < 8; ++i) to[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15u];
}

// Prints "the processor trapped: cause 0x........ at 0x........" and ends the program.
static inline void thb_host_report_fault(uint32_t cause, uint32_t address)
{
    char text[] = "the processor trapped: cause 0x........ at 0x........\n";
    thb_host_put_hex(text + 31, cause);
    thb_host_put_hex(text + 45, address);
    thb_host_complain(text);
    thb_host_exit(THB_HOST_EXIT_FAULT);
}

#endif
