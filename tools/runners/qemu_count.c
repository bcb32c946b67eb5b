// thimble_qemu_count.so: a QEMU plug-in that counts executed instructions exactly.
//
//   qemu-system-arm ... -plugin thimble_qemu_count.so,mark=0x1234,out=FILE
//
// Every time the instruction at address `mark` (the first one of thb_host_mark) is executed, the
// number of instructions executed so far is written to FILE, one number per line.
//
// How: when QEMU translates a block it tells us its instructions; to each we attach an inline
// addition, which costs the emulation little and calls nothing. Rejected: the virtual clock under
// -icount, whose timers tick every 31 to 62 instructions on most machines (docs/emulators.md).
//
// The prototypes below are the few we use of QEMU's plug-in interface, version 1 (QEMU 7.2),
// written from its documentation, because distributions do not ship the header.
// SPDX-License-Identifier: MIT-0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum { kInlineAddU64 = 0, kCallbackNoRegisters = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(
    qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb* tb));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
extern struct qemu_plugin_insn* qemu_plugin_tb_get_insn(const struct qemu_plugin_tb* tb,
                                                        size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* insn);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn* insn, int operation,
                                                       void* counter, uint64_t increment);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* insn,
                                                   void (*callback)(unsigned int vcpu, void* data),
                                                   int flags, void* data);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, void* data),
                                           void* data);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t g_instructions;
static uint64_t g_mark_address;
static FILE* g_out;

static void on_mark(unsigned int vcpu, void* data)
{
    (void)vcpu;
    (void)data;
    fprintf(g_out, "%llu\n", (unsigned long long)g_instructions);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb* tb)
{
    const size_t count = qemu_plugin_tb_n_insns(tb);
    (void)id;
    for (size_t i = 0; i < count; ++i) {
        struct qemu_plugin_insn* insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, kInlineAddU64, &g_instructions, 1);
        if (qemu_plugin_insn_vaddr(insn) == g_mark_address) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, kCallbackNoRegisters, NULL);
        }
    }
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void* data)
{
    (void)id;
    (void)data;
    fclose(g_out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int argc,
                               char** argv);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info* info, int argc, char** argv)
{
    const char* path = NULL;
    (void)info;
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "mark=", 5) == 0) g_mark_address = strtoull(argv[i] + 5, NULL, 0);
        if (strncmp(argv[i], "out=", 4) == 0) path = argv[i] + 4;
    }
    g_out = path ? fopen(path, "w") : NULL;
    if (!g_out) {
        fprintf(stderr, "thimble_qemu_count: out=FILE is missing or cannot be written\n");
        return 1;
    }
    // Line by line, so that marks survive when QEMU aborts on a locked-up processor.
    setvbuf(g_out, NULL, _IOLBF, 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
