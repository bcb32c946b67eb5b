// Element-wise kernels against CMSIS-NN's conformance vectors, and the device's fixed-point
// functions against the reference.
#include <math.h>

#include "port/thb_port.h"

// Kernel headers have no guards, because the emitter takes them apart; each gets its own namespace
// here.
namespace add_kernel {
#include "kernels/add.h"
}
namespace mul_kernel {
#include "kernels/mul.h"
}
namespace binary_kernel {
#include "kernels/binary.h"
}
namespace softmax_kernel {
#include "kernels/softmax.h"
}

#include "../shared_folder.h"
#include "numeric/reference.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace thimble {

namespace {

class Vector {
public:
    explicit Vector(const std::string& name) : prefix_(name), upper_(name)
    {
        std::ifstream file(shared_folder() / "data/vectors_cmsis_nn" / (name + ".json"));
        json_ = nlohmann::json::parse(file);
        for (char& c : upper_) c = static_cast<char>(std::toupper(c));
    }
    template <typename T> std::vector<T> array(const std::string& name) const
    {
        return json_.at("arrays").at(prefix_ + "_" + name).at("values").get<std::vector<T>>();
    }
    int32_t constant(const std::string& name) const
    {
        return json_.at("constants").at(upper_ + "_" + name).get<int32_t>();
    }

private:
    std::string prefix_, upper_;
    nlohmann::json json_;
};

bool vectors_are_here()
{
    return std::filesystem::exists(shared_folder() / "data/vectors_cmsis_nn");
}

template <typename T> void check_add(const std::string& name, int type, int left_shift)
{
    const Vector vector(name);
    const std::vector<T> a = vector.array<T>("input1"), b = vector.array<T>("input2");
    const auto value = [&](const char* constant) { return vector.constant(constant); };
    const std::vector<int32_t> constants{
        -value("INPUT1_OFFSET"),     value("INPUT1_MULT"),       -value("INPUT1_SHIFT"),
        -value("INPUT2_OFFSET"),     value("INPUT2_MULT"),       -value("INPUT2_SHIFT"),
        value("OUTPUT_MULT"),        value("OUTPUT_SHIFT"),      value("OUTPUT_OFFSET"),
        value("OUT_ACTIVATION_MIN"), value("OUT_ACTIVATION_MAX")};
    // Both operands have the factor one half: with and without the shortcut for it.
    for (const int halved : {0, 1}) {
        std::vector<T> out(a.size());
        add_kernel::thb_add_q(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                              static_cast<thb_index_t>(a.size()), type, 0, left_shift, halved,
                              halved, constants.data());
        EXPECT_EQ(out, vector.array<T>("output_ref"));
    }
}

template <typename T> void check_mul(const std::string& name, int type)
{
    const Vector vector(name);
    const std::vector<T> a = vector.array<T>("input1"), b = vector.array<T>("input2");
    const auto value = [&](const char* constant) { return vector.constant(constant); };
    const std::vector<int32_t> constants{-value("INPUT1_OFFSET"),    -value("INPUT2_OFFSET"),
                                         value("OUTPUT_MULT"),       value("OUTPUT_SHIFT"),
                                         value("OUTPUT_OFFSET"),     value("OUT_ACTIVATION_MIN"),
                                         value("OUT_ACTIVATION_MAX")};
    std::vector<T> out(a.size());
    mul_kernel::thb_mul_q(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                          static_cast<thb_index_t>(a.size()), type, constants.data());
    EXPECT_EQ(out, vector.array<T>("output_ref"));
}

}  // namespace

TEST(element_wise_kernel, adds_as_cmsis_nn)
{
    if (!vectors_are_here()) GTEST_SKIP() << "no vectors beside the checkout";
    check_add<int8_t>("add", THB_S8, 20);
    check_add<int16_t>("add_s16", THB_S16, 15);
}

TEST(element_wise_kernel, multiplies_as_cmsis_nn)
{
    if (!vectors_are_here()) GTEST_SKIP() << "no vectors beside the checkout";
    check_mul<int8_t>("mul", THB_S8);
    check_mul<int16_t>("mul_s16_spill", THB_S16);
}

TEST(element_wise_kernel, computes_floats_as_cmsis_nn)
{
    if (!vectors_are_here()) GTEST_SKIP() << "no vectors beside the checkout";
    const Vector vector("add_f32_spill");
    const auto a = vector.array<float>("input1"), b = vector.array<float>("input2"),
               expected = vector.array<float>("output_ref");
    std::vector<float> out(a.size());
    binary_kernel::thb_binary_f32(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_SAME, 0, nullptr,
                                  static_cast<thb_index_t>(a.size()), THB_BINARY_ADD, 1, -2.0f,
                                  3.0f);
    for (size_t i = 0; i < out.size(); ++i) EXPECT_NEAR(out[i], expected[i], 1e-6f);
}

// A vector of [2, 1, 2, 17] and one of [2, 4, 2, 17]: a strided walk of three loops.
TEST(element_wise_kernel, broadcasts_as_cmsis_nn)
{
    if (!vectors_are_here()) GTEST_SKIP() << "no vectors beside the checkout";
    const Vector vector("maximum_broadcast_height_int8");
    const auto a = vector.array<int8_t>("input_tensor_1"),
               b = vector.array<int8_t>("input_tensor_2");
    std::vector<int8_t> out(b.size());
    const std::vector<int32_t> walk{3, 34, 1, 1, 4, -33, 1, 2, 1, 1};
    binary_kernel::thb_binary_int(a.data(), 0, b.data(), 0, out.data(), THB_PAIR_STRIDED, 0,
                                  walk.data(), static_cast<thb_index_t>(out.size()), THB_S8,
                                  THB_BINARY_MAXIMUM, 0, 0, 0);
    EXPECT_EQ(out, vector.array<int8_t>("output"));
}

TEST(fixed_point_kernel, equals_the_reference)
{
    std::mt19937 random(3);
    for (int i = 0; i < 300000; ++i) {
        const auto value = static_cast<int32_t>((random() | 1u) >> (1 + random() % 31));
        const int32_t positive = std::max(value, 1);
        ASSERT_EQ(softmax_kernel::thb_reciprocal(static_cast<uint32_t>(positive)),
                  reference::reciprocal(positive, 12).value)
            << positive;
        const int32_t sum = std::max(value, 1 << 19);
        ASSERT_EQ(softmax_kernel::thb_log(sum), reference::log_q19_to_q26(sum)) << sum;
        int8_t shift = 0;
        const int32_t root = softmax_kernel::thb_inverse_root(value, &shift);
        ASSERT_EQ(root, reference::inverse_sqrt(value).value) << value;
        ASSERT_EQ(shift, reference::inverse_sqrt(value).shift) << value;
    }
}

}  // namespace thimble
