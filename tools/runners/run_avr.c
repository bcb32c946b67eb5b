/* thimble-run-avr: runs one ELF file on a simulated AVR, true to the cycle.
 *
 *   thimble-run-avr MCU CLOCK_HZ ELF INPUT OUTPUT MARKS MAX_CYCLES
 *
 * A program of its own because it links libsimavr, which is under the GPL; so this file is licensed
 * GPL-3.0-or-later, and the rest of thimble only starts it as a process.
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The firmware talks through GPIOR0..2 (device/harness/avr.c). MARKS receives one cycle number per
 * line. The exit status is the firmware's (0..119), or one of those in device/harness/thb_host.h,
 * or 125 when the run could not start; a line on standard error says why.
 */
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_io.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_NO_INPUT = 120,
    EXIT_FAULT = 121,
    EXIT_STACK = 122,
    EXIT_LIMIT = 123,
    EXIT_RUNNER = 125,
};

/* Data-space addresses, equal on ATmega328P, 32u4 and 2560. */
enum { GPIOR0 = 0x3E, GPIOR1 = 0x4A, GPIOR2 = 0x4B };

struct run {
    FILE* input;
    FILE* output;
    FILE* marks;
    int done;    /* the firmware has asked to end, or must be ended */
    int status;  /* with this exit status */
};

static void end_run(struct run* run, int status, const char* why)
{
    if (run->done) return;
    run->done = 1;
    run->status = status;
    if (why) fprintf(stderr, "%s\n", why);
}

static void on_mark(struct avr_t* avr, avr_io_addr_t address, uint8_t value, void* param)
{
    struct run* run = param;
    avr->data[address] = value;
    fprintf(run->marks, "%llu\n", (unsigned long long)avr->cycle);
}

static uint8_t on_input(struct avr_t* avr, avr_io_addr_t address, void* param)
{
    struct run* run = param;
    const int byte = fgetc(run->input);
    (void)avr;
    (void)address;
    if (byte == EOF) {
        end_run(run, EXIT_NO_INPUT, "the firmware read past the end of its input");
        return 0;
    }
    return (uint8_t)byte;
}

static void on_output(struct avr_t* avr, avr_io_addr_t address, uint8_t value, void* param)
{
    struct run* run = param;
    (void)avr;
    (void)address;
    fputc(value, run->output);
}

static void on_exit_status(struct avr_t* avr, avr_io_addr_t address, uint8_t value, void* param)
{
    (void)avr;
    (void)address;
    end_run(param, value, NULL);
}

static void quiet_logger(struct avr_t* avr, const int level, const char* format, va_list arguments)
{
    (void)avr;
    if (level == LOG_ERROR) vfprintf(stderr, format, arguments);
}

static FILE* open_or_end(const char* path, const char* mode)
{
    FILE* file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(EXIT_RUNNER);
    }
    return file;
}

/* One instruction per turn. A second arrival at address 0 is a jump through a null pointer or a
 * return into a damaged stack; a stack pointer inside .data and .bss is an overflow that the chip
 * would not notice. */
static void run_firmware(avr_t* avr, struct run* run, uint32_t first_free_byte, uint64_t max_cycles)
{
    char why[160];
    int started = 0;
    while (!run->done) {
        const uint32_t pc = avr->pc;
        uint32_t sp;
        int state;
        if (pc == 0 && started)
            end_run(run, EXIT_FAULT, "the firmware restarted: it jumped to address 0");
        started = 1;
        state = avr_run(avr);
        sp = (uint32_t)avr->data[R_SPL] | (uint32_t)avr->data[R_SPH] << 8;
        if (state == cpu_Done) end_run(run, EXIT_FAULT, "the firmware slept with interrupts off");
        if (state == cpu_Crashed) {
            snprintf(why, sizeof why, "the processor crashed at address 0x%x", (unsigned)pc);
            end_run(run, EXIT_FAULT, why);
        }
        /* Zero is the value before the start-up code has set it. */
        if (sp != 0 && sp > 0xFF && sp + 1 < first_free_byte) {
            snprintf(why, sizeof why,
                     "the stack ran into the variables: stack pointer 0x%x, variables end at 0x%x "
                     "(address 0x%x)",
                     (unsigned)sp, (unsigned)first_free_byte, (unsigned)pc);
            end_run(run, EXIT_STACK, why);
        }
        if (avr->cycle > max_cycles) end_run(run, EXIT_LIMIT, "the limit on cycles was reached");
    }
}

int main(int argc, char** argv)
{
    elf_firmware_t firmware;
    struct run run;
    avr_t* avr;
    if (argc != 8) {
        fprintf(stderr, "usage: thimble-run-avr MCU CLOCK_HZ ELF INPUT OUTPUT MARKS MAX_CYCLES\n");
        return EXIT_RUNNER;
    }
    memset(&firmware, 0, sizeof firmware);
    memset(&run, 0, sizeof run);
    avr_global_logger_set(quiet_logger);
    if (elf_read_firmware(argv[3], &firmware) != 0) {
        fprintf(stderr, "%s: not an AVR ELF file\n", argv[3]);
        return EXIT_RUNNER;
    }
    snprintf(firmware.mmcu, sizeof firmware.mmcu, "%s", argv[1]);
    firmware.frequency = (uint32_t)strtoul(argv[2], NULL, 10);
    avr = avr_make_mcu_by_name(firmware.mmcu);
    if (!avr) {
        fprintf(stderr, "%s: libsimavr does not know this chip\n", argv[1]);
        return EXIT_RUNNER;
    }
    avr_init(avr);
    avr_load_firmware(avr, &firmware);
    run.input = open_or_end(argv[4], "rb");
    run.output = open_or_end(argv[5], "wb");
    run.marks = open_or_end(argv[6], "wb");
    avr_register_io_write(avr, GPIOR0, on_mark, &run);
    avr_register_io_read(avr, GPIOR1, on_input, &run);
    avr_register_io_write(avr, GPIOR1, on_output, &run);
    avr_register_io_write(avr, GPIOR2, on_exit_status, &run);
    run_firmware(avr, &run, (uint32_t)avr->ioend + 1 + firmware.datasize + firmware.bsssize,
                 strtoull(argv[7], NULL, 10));
    if (fclose(run.output) != 0 || fclose(run.marks) != 0) {
        perror("output");
        return EXIT_RUNNER;
    }
    return run.status;
}
