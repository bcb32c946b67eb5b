// SPDX-License-Identifier: MIT-0
// The harness over Arm semihosting, which QEMU offers on Arm and on RISC-V alike: the files
// thb_input.bin and thb_output.bin in the emulator's working folder. Operations and flags: Arm,
// "Semihosting for AArch32 and AArch64", section 6.
#include "thb_host.h"

enum {
    SYS_OPEN = 0x01,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_READ = 0x06,
    SYS_EXIT_EXTENDED = 0x20,
    MODE_READ_BINARY = 1,
    MODE_WRITE_BINARY = 5
};
// "The application ended by itself", the reason that carries an exit status.
#define REASON_APPLICATION_EXIT 0x20026u

// In arm.S and riscv.S: one semihosting trap; `argument` is a value or the address of a block.
int32_t thb_host_semihost(int32_t operation, const void* argument);
void thb_host_complain(const char* text);

static int32_t open_file(const char* name, uint32_t name_length, uint32_t mode)
{
    uintptr_t block[3];
    block[0] = (uintptr_t)name;
    block[1] = mode;
    block[2] = name_length;
    return thb_host_semihost(SYS_OPEN, block);
}

void thb_host_complain(const char* text)
{
    (void)thb_host_semihost(SYS_WRITE0, text);
}

void thb_host_exit(int status)
{
    uintptr_t block[2];
    block[0] = REASON_APPLICATION_EXIT;
    block[1] = (uintptr_t)status;
    for (;;) (void)thb_host_semihost(SYS_EXIT_EXTENDED, block);
}

void thb_host_read(void* to, uint32_t count)
{
    static int32_t handle = -1;
    uintptr_t block[3];
    if (handle < 0) handle = open_file("thb_input.bin", 13, MODE_READ_BINARY);
    block[0] = (uintptr_t)handle;
    block[1] = (uintptr_t)to;
    block[2] = count;
    // SYS_READ returns how many bytes are missing.
    if (count > 0 && thb_host_semihost(SYS_READ, block) != 0) {
        thb_host_complain("the firmware read past the end of its input\n");
        thb_host_exit(THB_HOST_EXIT_NO_INPUT);
    }
}

void thb_host_write(const void* from, uint32_t count)
{
    static int32_t handle = -1;
    uintptr_t block[3];
    if (handle < 0) handle = open_file("thb_output.bin", 14, MODE_WRITE_BINARY);
    block[0] = (uintptr_t)handle;
    block[1] = (uintptr_t)from;
    block[2] = count;
    if (count > 0 && thb_host_semihost(SYS_WRITE, block) != 0) {
        thb_host_complain("the output file cannot be written\n");
        thb_host_exit(THB_HOST_EXIT_FAULT);
    }
}
