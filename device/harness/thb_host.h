// SPDX-License-Identifier: MIT-0
// What a verification program may ask of the machine that runs it. The same on every machine.
//
//   #include "thb_host.h"
//   int main(void) { thb_host_read(...); thb_host_mark(); run(); thb_host_mark(); ... return 0; }
//
// Input and output are two streams of bytes that the emulator, or the host, connects to files.
// Returning from main is thb_host_exit() with that value.
#ifndef THB_HOST_H
#define THB_HOST_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Exit codes of the harness itself; a program's own are 0 to 119.
#define THB_HOST_EXIT_NO_INPUT 120  // thb_host_read wanted more than there was
#define THB_HOST_EXIT_FAULT 121     // a trap, a restart, an unknown instruction
#define THB_HOST_EXIT_STACK 122     // the stack ran into the variables (seen on AVR only)
#define THB_HOST_EXIT_LIMIT 123     // the runner's limit on cycles was reached (AVR only)

// Takes the next `count` bytes of the input. Ends the program with THB_HOST_EXIT_NO_INPUT when
// there are fewer. An emulator pays no guest time for it on AVR; elsewhere read outside of marked
// regions.
void thb_host_read(void* to, uint32_t count);

// Appends `count` bytes to the output.
void thb_host_write(const void* from, uint32_t count);

// Appends the counter (cycles or instructions since reset) to the list of marks. The difference of
// two marks holds a constant for the call itself: call it twice in a row and subtract that
// difference. It is a call on every machine, and changes no more registers than any other call.
void thb_host_mark(void);

// Ends the program; `status` 0 to 119.
void thb_host_exit(int status);

// thb_host_paint_stack fills the free RAM below the caller's stack pointer with a pattern;
// thb_host_stack_used, called from the same function, returns how many bytes below that stack
// pointer were written since (highest untouched byte found from below). That is the return address
// and the frames of everything called in between, and not the caller's own frame. Bytes that a
// frame reserves at its far end and never writes are not seen. At most 1 MB is painted.
// On the host, which has no such boundary, stack_used returns 0.
void thb_host_paint_stack(void);
uint32_t thb_host_stack_used(void);

#ifdef __cplusplus
}
#endif

#endif
