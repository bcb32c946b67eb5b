// SPDX-License-Identifier: MIT-0
// The harness over the simulator calls of Xtensa: the files thb_input.bin and thb_output.bin in the
// emulator's working folder. QEMU hands open's flags to the host as they are, hence Linux's values.
#include "report_fault.h"

enum {
    SIM_EXIT = 1,
    SIM_READ = 3,
    SIM_WRITE = 4,
    SIM_OPEN = 5,
    HOST_READ_ONLY = 0,
    HOST_WRITE_CREATE_TRUNCATE = 0x241,
    ACCESS_FOR_OWNER = 0x180,  // rw-------
    STANDARD_ERROR = 2
};

// In xtensa_start.S.
uintptr_t thb_host_simcall(int32_t function, uintptr_t a, uintptr_t b, uintptr_t c);
void thb_host_xtensa_fault(uint32_t cause, uint32_t address);

void thb_host_complain(const char* text)
{
    uint32_t length = 0;
    while (text[length] != 0) ++length;
    (void)thb_host_simcall(SIM_WRITE, STANDARD_ERROR, (uintptr_t)text, length);
}

void thb_host_exit(int status)
{
    for (;;) (void)thb_host_simcall(SIM_EXIT, (uintptr_t)status, 0, 0);
}

void thb_host_xtensa_fault(uint32_t cause, uint32_t address)
{
    thb_host_report_fault(cause, address);
}

// The host may read or write less than it was asked to; the result of a call is -1 on error.
static uint32_t transfer(int32_t function, uintptr_t handle, uintptr_t address, uint32_t count)
{
    uint32_t done = 0;
    while (done < count) {
        const uintptr_t step = thb_host_simcall(function, handle, address + done, count - done);
        if (step == 0 || step > count - done) break;
        done += (uint32_t)step;
    }
    return done;
}

void thb_host_read(void* to, uint32_t count)
{
    static uintptr_t handle = 0;
    if (handle == 0)
        handle = thb_host_simcall(SIM_OPEN, (uintptr_t) "thb_input.bin", HOST_READ_ONLY, 0);
    if (transfer(SIM_READ, handle, (uintptr_t)to, count) != count) {
        thb_host_complain("the firmware read past the end of its input\n");
        thb_host_exit(THB_HOST_EXIT_NO_INPUT);
    }
}

void thb_host_write(const void* from, uint32_t count)
{
    static uintptr_t handle = 0;
    if (handle == 0) {
        handle = thb_host_simcall(SIM_OPEN, (uintptr_t)"thb_output.bin",
                                  HOST_WRITE_CREATE_TRUNCATE, ACCESS_FOR_OWNER);
    }
    if (transfer(SIM_WRITE, handle, (uintptr_t)from, count) != count) {
        thb_host_complain("the output file cannot be written\n");
        thb_host_exit(THB_HOST_EXIT_FAULT);
    }
}
