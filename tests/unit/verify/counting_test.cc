// The counters against code of known length: loops of two instructions under QEMU, and a table of
// AVR instructions with the cycles that Microchip's instruction set manual gives.
#include "run_c.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thimble {
namespace {

class CountedMachine : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        const std::string missing = missing_program(GetParam());
        if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
    }
};

// One instruction, then two per turn: count down, branch while not zero.
std::string loop_statement(const std::string& machine)
{
    const std::string family = find_target(machine).family->name;
    if (family == "rv32imc" || family == "xtensa") {
        return R"(__asm__ volatile("addi %0, %1, 0\n1: addi %0, %0, -1\n bnez %0, 1b"
                                 : "=&r"(left) : "r"(count));)";
    }
    return R"(__asm__ volatile(".syntax unified\n movs %0, %1\n1: subs %0, %0, #1\n bne 1b"
                             : "=&l"(left) : "l"(count) : "cc");)";
}

TEST_P(CountedMachine, counts_a_loop_exactly)
{
    const RunResult run = run_c(GetParam(), R"(
#include "thb_host.h"
static volatile uint32_t counts[2] = {1000, 1234567};
int main(void)
{
    thb_host_mark();
    thb_host_mark();
    for (int i = 0; i < 2; ++i) {
        const uint32_t count = counts[i];
        uint32_t left;
        thb_host_mark();
        )" + loop_statement(GetParam()) + R"(
        thb_host_mark();
    }
    return 0;
}
)");
    ASSERT_EQ(run.marks.size(), 6u) << run.message;
    const uint64_t overhead = run.marks[1] - run.marks[0];
    EXPECT_EQ(overhead, 2u) << "call and return";
    EXPECT_EQ(run.marks[3] - run.marks[2] - overhead, 1 + 2u * 1000);
    EXPECT_EQ(run.marks[5] - run.marks[4] - overhead, 1 + 2u * 1234567);
}

INSTANTIATE_TEST_SUITE_P(Machines, CountedMachine,
                         testing::Values("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7",
                                         "cortex-m33", "cortex-m55", "rv32imc", "xtensa"),
                         machine_test_name);

struct AvrTiming {
    const char* name;
    const char* code;      // sixteen times between two marks
    int64_t cycles;        // each, on chips with up to 128 KB of flash
    int64_t cycles_large;  // each, on the ATmega2560, whose return address has three bytes
};

// AVR Instruction Set Manual, "Instruction Set Summary", column AVRe+.
constexpr AvrTiming kAvrTimings[] = {
    {"nop", "nop", 1, 1},
    {"add", "add r18, r19", 1, 1},
    {"movw", "movw r18, r20", 1, 1},
    {"ldi", "ldi r18, 1", 1, 1},
    {"in", "in r18, 0x1e", 1, 1},
    {"branch_not_taken", "clz\\n breq .+0", 1 + 1, 1 + 1},
    {"branch_taken", "sez\\n breq .+0", 1 + 2, 1 + 2},
    {"skip_not_taken", "clr r18\\n sbrc r18, 0\\n nop", 1 + 2, 1 + 2},
    {"skip_one_word", "clr r18\\n sbrs r18, 0\\n nop", 1 + 1 + 1, 1 + 1 + 1},
    {"skip_two_words", "clr r18\\n sbrc r18, 0\\n jmp 1f\\n1:", 1 + 3, 1 + 3},
    {"mul", "mul r18, r19", 2, 2},
    {"muls", "muls r18, r19", 2, 2},
    {"mulsu", "mulsu r18, r19", 2, 2},
    {"adiw", "adiw r26, 1", 2, 2},
    {"ld", "ld r18, X", 2, 2},
    {"ldd", "ldd r18, Z+5", 2, 2},
    {"lds", "lds r18, 0x100", 2, 2},
    {"sts", "sts 0x7f0, r18", 2, 2},
    {"push_pop", "push r18\\n pop r18", 2 + 2, 2 + 2},
    {"rjmp", "rjmp .+0", 2, 2},
    {"jmp", "jmp 1f\\n1:", 3, 3},
    {"lpm", "lpm r18, Z", 3, 3},
    {"rcall_ret", "rcall thb_test_return", 3 + 4, 4 + 5},
    {"call_ret", "call thb_test_return", 4 + 4, 5 + 5},
};

class AvrCycles : public testing::TestWithParam<const char*> {
};

TEST_P(AvrCycles, are_those_of_the_manual)
{
    const std::string missing = missing_program(GetParam());
    if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
    std::string source = "#include \"thb_host.h\"\n"
                         "void thb_test_return(void);\n"
                         "__asm__(\"thb_test_return: ret\");\n"
                         "int main(void)\n{\n    thb_host_mark();\n    thb_host_mark();\n";
    for (const AvrTiming& timing : kAvrTimings) {
        source +=
            fmt::format("    __asm__ volatile(\".rept 16\\n {}\\n .endr\" ::: \"r0\", \"r1\", "
                        "\"r18\", \"r19\", \"r20\", \"r21\", \"r26\", \"r27\", \"r30\", \"r31\");\n"
                        "    __asm__ volatile(\"clr r1\");\n    thb_host_mark();\n",
                        timing.code);
    }
    const RunResult run = run_c(GetParam(), source + "    return 0;\n}\n");
    ASSERT_EQ(run.marks.size(), 2 + std::size(kAvrTimings)) << run.message;
    const bool large = std::string(GetParam()) == "mega2560";
    // Call, mark and return; then one cycle of `clr r1` in each region.
    const uint64_t overhead = run.marks[1] - run.marks[0];
    EXPECT_EQ(overhead, large ? 11u : 9u);
    for (size_t i = 0; i < std::size(kAvrTimings); ++i) {
        const AvrTiming& timing = kAvrTimings[i];
        EXPECT_EQ(static_cast<int64_t>(run.marks[i + 2] - run.marks[i + 1] - overhead - 1),
                  16 * (large ? timing.cycles_large : timing.cycles))
            << timing.name;
    }
}

INSTANTIATE_TEST_SUITE_P(Chips, AvrCycles, testing::Values("uno", "leonardo", "mega2560"),
                         machine_test_name);

}  // namespace
}  // namespace thimble
