// The arithmetic that device/port writes anew for a core, against the reference, on that core.
#include "emit/device_files.h"
#include "emit/kernel_library.h"
#include "numeric/reference.h"
#include "run_c.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace thimble {

namespace {

// Reads pairs (a, b) with b >= 0; writes thb_high_mul(a, b), thb_rounding_shift(a, b % 31) and
// thb_high_mul_30(a / 2, b).
constexpr const char* kProgram = R"(
#include "thb_host.h"
int main(void)
{
    uint16_t count, i;
    thb_host_read(&count, 2);
    for (i = 0; i < count; ++i) {
        int32_t in[2], out[3];
        thb_host_read(in, 8);
        out[0] = thb_high_mul(in[0], in[1]);
        out[1] = thb_rounding_shift(in[0], (int8_t)(in[1] % 31));
        out[2] = thb_high_mul_30(in[0] / 2, in[1]);
        thb_host_write(out, 12);
    }
    return 0;
}
)";

class PortArithmetic : public testing::TestWithParam<const char*> {};

}  // namespace

TEST_P(PortArithmetic, equals_the_reference)
{
    if (const std::string missing = missing_program(GetParam()); !missing.empty())
        GTEST_SKIP() << missing << " is missing";
    std::mt19937 random(20);
    std::vector<int32_t> numbers = {
        INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, INT32_MAX, 0,       INT32_MAX, -1,
        1 << 30,       1,         1 << 30,       3,         1 << 30, -3,        1 << 30,
        65535,         65536,     -65536,        65535,     32768,   32768};
    for (int i = 0; i < 2000; ++i) {
        numbers.push_back(static_cast<int32_t>(random()) >> (random() % 31));
        numbers.push_back(static_cast<int32_t>(random() >> 1) >> (random() % 2 * 15));
        if (numbers[numbers.size() - 2] == INT32_MIN) ++numbers[numbers.size() - 2];
    }
    const auto count = static_cast<uint16_t>(numbers.size() / 2);
    std::vector<uint8_t> input(2 + numbers.size() * 4);
    std::memcpy(input.data(), &count, 2);
    std::memcpy(input.data() + 2, numbers.data(), numbers.size() * 4);
    const std::string source = std::string(device_file("port/thb_port.h")) +
                               KernelLibrary::instance().source_of({"thb_rounding_shift"}) +
                               kProgram;
    const RunResult result = run_c(GetParam(), source, input);
    ASSERT_EQ(result.exit_code, 0) << result.message;
    ASSERT_EQ(result.output.size(), numbers.size() * 6);
    for (size_t i = 0; i < count; ++i) {
        int32_t out[3];
        std::memcpy(out, result.output.data() + i * 12, 12);
        const int32_t a = numbers[2 * i], b = numbers[2 * i + 1];
        ASSERT_EQ(out[0], reference::high_mul(a, b)) << a << " * " << b;
        ASSERT_EQ(out[1], reference::rounding_shift(a, b % 31)) << a << " >> " << b % 31;
        ASSERT_EQ(out[2], reference::high_mul(a / 2, b)) << a / 2 << " * " << b;
    }
}

INSTANTIATE_TEST_SUITE_P(Cores, PortArithmetic,
                         testing::Values("host", "avr", "cortex-m0plus", "cortex-m4", "rv32imc"),
                         machine_test_name);

}  // namespace thimble
