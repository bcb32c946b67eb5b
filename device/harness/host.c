// SPDX-License-Identifier: MIT-0
// The harness on a PC: the files thb_input.bin, thb_output.bin and thb_marks.txt in the working
// folder. A PC has neither an exact counter nor a painted stack: marks are zeros.
#include "thb_host.h"

#include <stdio.h>
#include <stdlib.h>

static FILE* g_input;
static FILE* g_output;
static FILE* g_marks;

static FILE* open_once(FILE* file, const char* path, const char* mode)
{
    if (!file) file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(THB_HOST_EXIT_FAULT);
    }
    return file;
}

void thb_host_read(void* to, uint32_t count)
{
    g_input = open_once(g_input, "thb_input.bin", "rb");
    if (count > 0 && fread(to, 1, count, g_input) != count) {
        fputs("the firmware read past the end of its input\n", stderr);
        exit(THB_HOST_EXIT_NO_INPUT);
    }
}

void thb_host_write(const void* from, uint32_t count)
{
    g_output = open_once(g_output, "thb_output.bin", "wb");
    if (count > 0 && fwrite(from, 1, count, g_output) != count) {
        perror("thb_output.bin");
        exit(THB_HOST_EXIT_FAULT);
    }
}

void thb_host_mark(void)
{
    g_marks = open_once(g_marks, "thb_marks.txt", "wb");
    fputs("0\n", g_marks);
}

void thb_host_exit(int status)
{
    exit(status);
}

void thb_host_paint_stack(void)
{
}

uint32_t thb_host_stack_used(void)
{
    return 0;
}
