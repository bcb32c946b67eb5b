// The SVDF kernel against CMSIS-NN's conformance vectors (int16 state, two or three batches).
#include "kernels/svdf.h"

#include "../shared_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace thimble {

namespace {

class Vector {
public:
    explicit Vector(const std::string& name) : prefix_(name)
    {
        std::ifstream file(shared_folder() / "data/vectors_cmsis_nn" / (name + ".json"));
        json_ = nlohmann::json::parse(file);
        for (char& c : upper_ = name) c = static_cast<char>(std::toupper(c));
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

void run(const std::string& name)
{
    if (shared_folder().empty()) GTEST_SKIP() << "no shared folder";
    const Vector v(name);
    const auto feature = v.array<int8_t>("weights_feature");
    const auto time = v.array<int16_t>("weights_time");
    const auto bias = v.array<int32_t>("biases");
    const auto sequence = v.array<int8_t>("input_sequence");
    const auto expected = v.array<int8_t>("output_ref");
    auto state = v.array<int16_t>("state");
    const std::vector<int32_t> feature_bias(static_cast<size_t>(v.constant("FEATURE_BATCHES")), 0);
    std::vector<int8_t> out(expected.size());
    const int rank = v.constant("RANK");
    const int round = v.constant("INPUT_BATCHES") * v.constant("INPUT_SIZE");
    for (size_t at = 0; at + static_cast<size_t>(round) <= sequence.size();
         at += static_cast<size_t>(round))
        thb_svdf_s8(sequence.data() + at, feature.data(), feature_bias.data(), time.data(),
                    bias.data(), state.data(), 1, out.data(), v.constant("INPUT_BATCHES"),
                    v.constant("INPUT_SIZE"), v.constant("FEATURE_BATCHES") / rank, rank,
                    v.constant("TIME_BATCHES"), v.constant("MULTIPLIER_IN"),
                    static_cast<int8_t>(v.constant("SHIFT_1")), 0, v.constant("MULTIPLIER_OUT"),
                    static_cast<int8_t>(v.constant("SHIFT_2")), 0);
    EXPECT_EQ(out, expected);
}

TEST(SvdfKernel, cmsis_vectors_svdf) { run("svdf"); }
TEST(SvdfKernel, cmsis_vectors_svdf_2) { run("svdf_2"); }

}  // namespace

}  // namespace thimble
