// Every emulated machine: streams, exit codes, faults, exact counts, stack depth. The counts come
// from calibration loops whose length the instruction set manuals give.
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "verify/emulator.h"

#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thimble {
namespace {

// Compiles `source` for `target_name` and runs it.
RunResult run_c(const std::string& target_name, const std::string& source,
                const std::vector<uint8_t>& input = {}, double timeout_s = 20)
{
    const TemporaryFolder folder;
    const ResolvedTarget target = find_target(target_name);
    write_file(folder.path() / "program.c", source);
    const Firmware firmware = build_firmware({.target = &target,
                                              .sources = {folder.path() / "program.c"},
                                              .include_dirs = {},
                                              .defines = {},
                                              .output_dir = folder.path()});
    return run_firmware(target, firmware, input, timeout_s);
}

class EveryMachine : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        const ResolvedTarget target = find_target(GetParam());
        for (const std::string& program : {target.family->compiler, target.family->emulator_program}) {
            if (program.empty() || program.rfind("thimble-", 0) == 0) continue;
            if (!find_program(program)) GTEST_SKIP() << program << " is not installed";
        }
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
    for (counter = 0; counter < 8; ++counter) out[1] += (int32_t)in[counter] * (int32_t)(counter + 1) * 1000;
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

TEST_P(EveryMachine, ends_an_endless_loop)
{
    const RunResult run = run_c(GetParam(), "int main(void) { for (;;) { __asm__ volatile(\"\"); } }\n",
                                {}, 0.3);
    EXPECT_EQ(run.exit_code, kExitTimeout);
    EXPECT_NE(run.message.find("no end after 0.3 s"), std::string::npos) << run.message;
}

INSTANTIATE_TEST_SUITE_P(Machines, EveryMachine,
                         testing::Values("avr", "leonardo", "mega2560", "cortex-m0plus", "cortex-m3",
                                         "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55",
                                         "rv32imc", "host"),
                         [](const auto& info) {
                             std::string name = info.param;
                             for (char& c : name) c = c == '-' ? '_' : c;
                             return name;
                         });

}  // namespace
}  // namespace thimble
