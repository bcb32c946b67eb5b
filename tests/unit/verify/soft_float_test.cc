// The soft-float routines that the harness brings for Xtensa, against this computer's IEEE 754
// unit, which is what they must equal bit for bit (every NaN counts as equal).
#include "run_c.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace thimble {
namespace {

constexpr const char* kProgram = R"(
#include "thb_host.h"
static void one_pair(void)
{
    float a[2], fr[4];
    double d[2], dr[5];
    int32_t i[2];
    thb_host_read(a, sizeof a);
    thb_host_read(d, sizeof d);
    fr[0] = a[0] + a[1];
    fr[1] = a[0] - a[1];
    fr[2] = a[0] * a[1];
    fr[3] = a[0] / a[1];
    dr[0] = d[0] + d[1];
    dr[1] = d[0] - d[1];
    dr[2] = d[0] * d[1];
    dr[3] = d[0] / d[1];
    dr[4] = (double)a[0];
    thb_host_write(fr, sizeof fr);
    thb_host_write(dr, sizeof dr);
    fr[0] = (float)d[0];
    thb_host_write(fr, sizeof fr[0]);
    thb_host_read(i, sizeof i);
    fr[0] = (float)i[0];
    fr[1] = (float)(uint32_t)i[0];
    dr[0] = (double)i[0];
    dr[1] = (double)(uint32_t)i[0];
    thb_host_write(fr, 2 * sizeof fr[0]);
    thb_host_write(dr, 2 * sizeof dr[0]);
    i[0] = (int32_t)(fr[0] / 16.0f);
    i[1] = (int32_t)(dr[0] / 16.0);
    thb_host_write(i, sizeof i);
}
int main(void)
{
    uint32_t count;
    thb_host_read(&count, sizeof count);
    while (count-- > 0) one_pair();
    return 0;
}
)";

// Bit patterns that are often special: small and large exponents, few or many fraction bits.
template <typename Float, typename Bits>
Float random_float(std::mt19937_64& random)
{
    constexpr int kFraction = sizeof(Float) == 4 ? 23 : 52;
    const Bits bits = static_cast<Bits>(random());
    const Bits one = 1;
    switch (random() % 6) {
    case 0:
        return std::bit_cast<Float>(
            static_cast<Bits>(bits & ~((one << (random() % kFraction)) - 1)));
    case 1: return std::bit_cast<Float>(static_cast<Bits>(bits & ((one << (kFraction + 1)) - 1)));
    case 2: return static_cast<Float>(static_cast<int64_t>(random()) >> (random() % 63));
    case 3:
        return std::ldexp(static_cast<Float>(1 + random() % 1000),
                          static_cast<int>(random() % 40) - 20);
    default: return std::bit_cast<Float>(bits);
    }
}

struct Outputs {
    std::span<const uint8_t> bytes;
    template <typename T>
    T next()
    {
        T value;
        std::memcpy(&value, bytes.data(), sizeof value);
        bytes = bytes.subspan(sizeof value);
        return value;
    }
};

template <typename Float>
bool same(Float a, Float b)
{
    return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
}

struct Case {
    float a[2];
    double d[2];
    int32_t i[2];
};

void append(std::vector<uint8_t>& to, const void* from, size_t count)
{
    const uint8_t* bytes = static_cast<const uint8_t*>(from);
    to.insert(to.end(), bytes, bytes + count);
}

void expect_case(const Case& c, Outputs& out)
{
    const float fr[4] = {c.a[0] + c.a[1], c.a[0] - c.a[1], c.a[0] * c.a[1], c.a[0] / c.a[1]};
    const double dr[5] = {c.d[0] + c.d[1], c.d[0] - c.d[1], c.d[0] * c.d[1], c.d[0] / c.d[1],
                          c.a[0]};
    for (const float expected : fr) {
        const float value = out.next<float>();
        EXPECT_PRED2(same<float>, value, expected) << c.a[0] << " and " << c.a[1];
    }
    for (const double expected : dr) {
        const double value = out.next<double>();
        EXPECT_PRED2(same<double>, value, expected) << c.d[0] << " and " << c.d[1];
    }
    EXPECT_PRED2(same<float>, out.next<float>(), static_cast<float>(c.d[0])) << c.d[0];
    EXPECT_EQ(out.next<float>(), static_cast<float>(c.i[0]));
    EXPECT_EQ(out.next<float>(), static_cast<float>(static_cast<uint32_t>(c.i[0])));
    EXPECT_EQ(out.next<double>(), static_cast<double>(c.i[0]));
    EXPECT_EQ(out.next<double>(), static_cast<double>(static_cast<uint32_t>(c.i[0])));
    EXPECT_EQ(out.next<int32_t>(), static_cast<int32_t>(static_cast<float>(c.i[0]) / 16.0f));
    EXPECT_EQ(out.next<int32_t>(), static_cast<int32_t>(c.i[0] / 16.0));
}

TEST(SoftFloat, of_the_xtensa_harness_is_ieee_754)
{
    if (!missing_program("xtensa").empty())
        GTEST_SKIP() << missing_program("xtensa") << " is missing";
    constexpr uint32_t kCases = 3000;
    std::mt19937_64 random(20);
    std::vector<Case> cases(kCases);
    std::vector<uint8_t> input;
    append(input, &kCases, sizeof kCases);
    for (Case& c : cases) {
        for (float& value : c.a) value = random_float<float, uint32_t>(random);
        for (double& value : c.d) value = random_float<double, uint64_t>(random);
        // Nearly equal operands: the subtraction cancels.
        if (random() % 4 == 0) c.a[1] = std::nextafter(c.a[0], c.a[1]);
        if (random() % 4 == 0) c.d[1] = std::nextafter(c.d[0], c.d[1]);
        for (int32_t& value : c.i) value = static_cast<int32_t>(random() >> (random() % 32));
        append(input, c.a, sizeof c.a);
        append(input, c.d, sizeof c.d);
        append(input, c.i, sizeof c.i);
    }
    const RunResult run = run_c("xtensa", kProgram, input);
    ASSERT_EQ(run.exit_code, 0) << run.message;
    Outputs outputs{run.output};
    ASSERT_EQ(run.output.size(), kCases * (16 + 40 + 4 + 8 + 16 + 8));
    for (const Case& c : cases) {
        expect_case(c, outputs);
        if (HasFailure()) break;
    }
}

}  // namespace
}  // namespace thimble
