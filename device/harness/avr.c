// SPDX-License-Identifier: MIT-0
// AVR under thimble-run-avr: the three general-purpose I/O registers are wired to the runner.
//
//   GPIOR0  write: mark
//   GPIOR1  read: next input byte; write: output byte
//   GPIOR2  write: exit with this status
//
// Their addresses (data space 0x3E, 0x4A, 0x4B) are the same on ATmega328P, 32u4 and 2560. No UART
// is involved, so that neither reading nor writing takes time for a baud rate.
#include "thb_host.h"

#include <avr/io.h>
#include <stdlib.h>

void thb_host_read(void* to, uint32_t count)
{
    uint8_t* byte = (uint8_t*)to;
    while (count-- > 0) *byte++ = GPIOR1;
}

void thb_host_write(const void* from, uint32_t count)
{
    const uint8_t* byte = (const uint8_t*)from;
    while (count-- > 0) GPIOR1 = *byte++;
}

void thb_host_mark(void)
{
    GPIOR0 = 0;
}

void thb_host_exit(int status)
{
    GPIOR2 = (uint8_t)status;
    for (;;) {
    }
}

// avr-libc's start-up code calls exit() with what main returned; this one replaces its endless
// loop.
void exit(int status)
{
    thb_host_exit(status);
    for (;;) {
    }
}
