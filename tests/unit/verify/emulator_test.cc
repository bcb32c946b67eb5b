// Every emulated machine: streams, exit codes, faults, stack depth. Counts: counting_test.cc.
#include "run_c.h"

#include "base/error.h"

#include <cstring>
#include <gtest/gtest.h>
#include <map>

namespace thimble {
namespace {

class EveryMachine : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        const std::string missing = missing_program(GetParam());
        if (!missing.empty()) GTEST_SKIP() << missing << " is not installed";
    }
};

// 300 * 300 is 90000 in 32 bits and 24464 where int has 16; the program must say which it means.
constexpr const char* kArithmetic = R"(
#include "thb_host.h"
static int16_t wide[3] = {300, -7, 2};
static uint8_t counter;
int main(void)
{
    uint8_t in[8];
    int32_t out[3];
    thb_host_read(in, 4);
    thb_host_read(in + 4, 4);
    out[0] = (int32_t)wide[0] * wide[0];
    out[1] = 0;
    for (counter = 0; counter < 8; ++counter) {
        out[1] += (int32_t)in[counter] * (int32_t)(counter + 1) * 1000;
    }
    out[2] = (int32_t)(((int64_t)out[1] * out[0]) >> 16) / wide[1];
    thb_host_write(out, sizeof out);
    return 7;
}
)";

TEST_P(EveryMachine, computes_reads_writes_and_passes_the_exit_code)
{
    const std::vector<uint8_t> input = {1, 2, 3, 4, 5, 6, 7, 255};
    const RunResult run = run_c(GetParam(), kArithmetic, input);
    EXPECT_EQ(run.exit_code, 7) << run.message;
    EXPECT_EQ(run.message, "");
    ASSERT_EQ(run.output.size(), 12u);
    int32_t out[3];
    std::memcpy(out, run.output.data(), sizeof out);
    int32_t sum = 0;
    for (int i = 0; i < 8; ++i) sum += input[static_cast<size_t>(i)] * (i + 1) * 1000;
    EXPECT_EQ(out[0], 90000);
    EXPECT_EQ(out[1], sum);
    EXPECT_EQ(out[2], static_cast<int32_t>((static_cast<int64_t>(sum) * 90000) >> 16) / -7);
}

TEST_P(EveryMachine, says_when_the_input_ends)
{
    const RunResult run = run_c(GetParam(), kArithmetic, {1, 2, 3, 4, 5});
    EXPECT_EQ(run.exit_code, kExitNoInput);
    EXPECT_NE(run.message.find("past the end of its input"), std::string::npos) << run.message;
}

// The frame is an array of 200 bytes, all of them written: at least that, at most 48 bytes more for
// return addresses and saved registers.
constexpr const char* kStack = R"(
#include "thb_host.h"
static uint8_t sink;
__attribute__((noinline)) static void deep(uint8_t seed)
{
    volatile uint8_t frame[200];
    for (uint8_t i = 0; i < 200; ++i) frame[i] = (uint8_t)(seed + i);
    sink = frame[seed];
}
int main(void)
{
    uint32_t used[2];
    thb_host_paint_stack();
    used[0] = thb_host_stack_used();
    thb_host_paint_stack();
    deep(3);
    used[1] = thb_host_stack_used();
    thb_host_write(used, sizeof used);
    return sink == 6 ? 0 : 1;
}
)";

TEST_P(EveryMachine, measures_the_stack_of_a_known_frame)
{
    if (std::string(GetParam()) == "host") GTEST_SKIP() << "the host's stack is not painted";
    const RunResult run = run_c(GetParam(), kStack);
    EXPECT_EQ(run.exit_code, 0) << run.message;
    ASSERT_EQ(run.output.size(), 8u);
    uint32_t used[2];
    std::memcpy(used, run.output.data(), sizeof used);
    EXPECT_LE(used[0], 4u) << "nothing was called but the measurement itself";
    EXPECT_GE(used[1], 200u);
    EXPECT_LE(used[1], 248u);
}

TEST(RunFirmware, an_emulator_that_cannot_start_is_not_a_status_of_the_firmware)
{
    if (!missing_program("cortex-m4").empty()) GTEST_SKIP() << "QEMU or the compiler is missing";
    const ResolvedTarget good = find_target("cortex-m4");
    Target broken = *good.family;
    broken.emulator_flags = {"-M", "no-such-machine"};
    ResolvedTarget target = good;
    const TemporaryFolder folder;
    write_file(folder.path() / "program.c", std::string_view("int main(void) { return 1; }\n"));
    const Firmware firmware = build_firmware({.target = &good,
                                              .sources = {folder.path() / "program.c"},
                                              .output_dir = folder.path()});
    EXPECT_EQ(run_firmware(good, firmware, {}).exit_code, 1);
    target.family = &broken;
    EXPECT_THROW(run_firmware(target, firmware, {}), Error);
}

// One machine of each emulator is enough here: the time is kept by the tool.
TEST(RunFirmware, ends_an_endless_loop)
{
    for (const char* machine : {"avr", "cortex-m4", "host"}) {
        if (!missing_program(machine).empty()) continue;
        const RunResult run =
            run_c(machine, "int main(void) { for (;;) { __asm__ volatile(\"\"); } }\n", {}, 0.3);
        EXPECT_EQ(run.exit_code, kExitTimeout) << machine;
        EXPECT_NE(run.message.find("no end after 0.3 s"), std::string::npos) << run.message;
    }
}

// An instruction that the processor does not have; on AVR simavr has no trap, so a jump through a
// null pointer, which restarts the program as it would on the chip.
std::string faulting_statement(const std::string& machine)
{
    const std::string family = find_target(machine).family->name;
    if (family == "avr") return "__asm__ volatile(\"jmp 0\");";
    if (family == "rv32imc") return "__asm__ volatile(\".word 0\");";
    if (family == "xtensa") return "__asm__ volatile(\"ill\");";
    if (family == "host") return "__builtin_trap();";
    return "__asm__ volatile(\"udf #1\");";
}

TEST_P(EveryMachine, reports_a_fault_and_keeps_what_was_written_before)
{
    const RunResult run =
        run_c(GetParam(), "#include \"thb_host.h\"\nint main(void)\n{\n"
                          "    thb_host_write(\"abc\", 3);\n    " +
                              faulting_statement(GetParam()) + "\n    return 0;\n}\n");
    EXPECT_EQ(run.exit_code, kExitFault);
    EXPECT_NE(run.message, "");
    // A PC's C library has the bytes still in its buffer when a signal ends the program.
    if (std::string(GetParam()) != "host") {
        EXPECT_EQ(run.output.size(), 3u);
    }
}

TEST_P(EveryMachine, compiles_the_mathematics_library)
{
    const RunResult run = run_c(GetParam(), R"(
#include "thb_host.h"
#include <math.h>
#include <string.h>
int main(void)
{
    float in[2], out[6];
    thb_host_read(in, sizeof in);
    out[0] = expf(in[0]);
    out[1] = logf(in[0]);
    out[2] = sqrtf(in[0]);
    out[3] = sinf(in[0]);
    out[4] = powf(in[0], in[1]);
    out[5] = floorf(in[0] / in[1]);
    thb_host_write(out, sizeof out);
    return 0;
}
)",
                                {0x00, 0x00, 0xC0, 0x3F, 0x00, 0x00, 0x20, 0x40});  // 1.5f, 2.5f
    ASSERT_EQ(run.output.size(), 24u) << run.message;
    float out[6];
    std::memcpy(out, run.output.data(), sizeof out);
    const float expected[6] = {4.4816891f, 0.40546511f, 1.2247449f, 0.9974950f, 2.7556760f, 0.0f};
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(out[i], expected[i], 1e-6f * 4) << "value " << i;
}

INSTANTIATE_TEST_SUITE_P(Machines, EveryMachine,
                         testing::Values("avr", "mega2560", "cortex-m0plus", "cortex-m3",
                                         "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55",
                                         "rv32imc", "xtensa", "host"),
                         machine_test_name);

TEST(Avr, sees_the_stack_run_into_the_variables)
{
    if (!missing_program("avr").empty()) GTEST_SKIP() << "avr-gcc is not installed";
    const RunResult run = run_c("avr", R"(
#include <stdint.h>
static uint8_t most_of_ram[1900];
__attribute__((noinline)) static uint8_t deep(uint8_t index)
{
    volatile uint8_t frame[200];
    for (uint8_t i = 0; i < 200; ++i) frame[i] = (uint8_t)(most_of_ram[i] + index);
    return frame[index];
}
int main(void) { most_of_ram[3] = 1; return deep(3); }
)");
    EXPECT_EQ(run.exit_code, kExitStack);
    EXPECT_NE(run.message.find("stack ran into the variables"), std::string::npos) << run.message;
}

TEST(Firmware, an_image_that_is_too_large_is_the_models_fault)
{
    if (!missing_program("cortex-m3").empty()) GTEST_SKIP() << "the Arm compiler is not installed";
    try {
        run_c("cortex-m3", "static char big[8000000];\nint main(void) { big[5] = 1; "
                           "return *(volatile char*)(big + 3); }\n");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0301) << error.what();
    }
}

TEST(Firmware, a_refused_source_is_reported_with_the_compilers_words)
{
    if (!missing_program("host").empty()) GTEST_SKIP() << "gcc is not installed";
    try {
        run_c("host", "int main(void) { short a = 70000; return a; }\n");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::T0402);
        EXPECT_NE(error.text().found.find("overflow"), std::string::npos) << error.what();
    }
}

TEST(Firmware, a_target_without_emulator_is_refused)
{
    EXPECT_THROW(run_c("browser", "int main(void) { return 0; }\n"), Error);
}

TEST(Firmware, reads_symbol_sizes)
{
    if (!missing_program("avr").empty()) GTEST_SKIP() << "avr-gcc is not installed";
    const TemporaryFolder folder;
    const ResolvedTarget target = find_target("avr");
    write_file(
        folder.path() / "program.c",
        std::string_view("#include <avr/pgmspace.h>\n#include <stdint.h>\n"
                         "static const uint8_t table[100] PROGMEM = {1, 2};\n"
                         "static volatile uint8_t index, ram[10] = {1};\n"
                         "int main(void) { return pgm_read_byte(table + index) + ram[index]; }\n"));
    const Firmware firmware = build_firmware({.target = &target,
                                              .sources = {folder.path() / "program.c"},
                                              .output_dir = folder.path()});
    std::map<std::string, SymbolSize> symbols;
    for (const SymbolSize& symbol : symbol_sizes(target, firmware.elf))
        symbols[symbol.name] = symbol;
    EXPECT_EQ(symbols["table"].bytes, 100);
    EXPECT_EQ(symbols["table"].kind, 't');
    EXPECT_EQ(symbols["ram"].bytes, 10);
    EXPECT_EQ(symbols["ram"].kind, 'd');
    EXPECT_EQ(firmware.data, 10);
    EXPECT_GE(firmware.bss, 1);
    EXPECT_GE(firmware.text, 200);
}

}  // namespace
}  // namespace thimble
