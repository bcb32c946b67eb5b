// The portable kernels against the conformance vectors of CMSIS-NN: its multipliers, shifts and
// expected outputs. Prints how many vectors ran, and names each that cannot with the reason.
#include "../shared_folder.h"
#include "cmsis_vector.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thimble {

CmsisResult run_cmsis_network(const CmsisVector& v)
{
    std::vector<int8_t> values = v.values<int8_t>({"input"});
    const auto part = [&](const char* kind, int number) {
        const std::string name = fmt::format("{}_{}", kind, number);
        std::string lower = fmt::format("layer_{}_{}", number, kind);
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        return v.part(name, lower);
    };
    for (int layer = 1; layer <= 9; ++layer)
        values = layer % 2 ? cmsis_conv_s8(part("CONV_2D", layer), values)
                           : cmsis_depthwise_s8(part("DEPTHWISE_CONV_2D", layer), values);
    values = cmsis_mean_s8(part("AVERAGE_POOL_2D", 10), values);
    values = cmsis_dense_s8(part("FULLY_CONNECTED", 12), values);
    values = cmsis_softmax_s8(part("SOFTMAX", 13), values);
    return compare_exactly(values, v.values<int8_t>({"output_ref"}));
}

namespace {

struct Family {
    const char* prefix;
    CmsisResult (*run)(const CmsisVector&);  // null: `reason` says why not
    const char* reason = "";
};

// The first prefix that fits decides; a name without an entry is a failure.
constexpr Family kFamilies[] = {
    {"transpose_conv", run_cmsis_transpose_conv},
    {"reverse_transpose_conv", run_cmsis_transpose_conv},
    {"depthwise", run_cmsis_depthwise},
    {"dw_", run_cmsis_depthwise},
    {"in_ch_one_out_ch_larger_one", run_cmsis_depthwise},
    {"conv", run_cmsis_conv},
    {"basic", run_cmsis_conv},
    {"grouped_conv", run_cmsis_conv},
    {"int16xint8", run_cmsis_conv},
    {"kernel1x1", run_cmsis_conv},
    {"stride2pad1", run_cmsis_conv},
    {"fully_connected", run_cmsis_dense},
    {"fc_", run_cmsis_dense},
    {"avgpooling", run_cmsis_pool},
    {"maxpool", run_cmsis_pool},
    {"batch_matmul", run_cmsis_batch_matmul},
    {"add", run_cmsis_add},
    {"mul", run_cmsis_mul},
    {"softmax", run_cmsis_softmax},
    {"svdf", run_cmsis_svdf},
    {"ds_cnn_s", run_cmsis_network},
    {"lstm", run_cmsis_lstm},
    {"maximum", nullptr, "no arithmetic: tests/ops covers it"},
    {"minimum", nullptr, "no arithmetic: tests/ops covers it"},
    {"pad", nullptr, "moves data: tests/ops covers it"},
    {"concat", nullptr, "moves data: tests/ops covers it"},
    {"transpose", nullptr, "moves data: tests/ops covers it"},
    {"bn_", nullptr, "batch normalisation is folded into its neighbours by the converter"},
};

CmsisResult run(const CmsisVector& vector)
{
    for (const Family& family : kFamilies)
        if (vector.name.starts_with(family.prefix))
            return family.run ? family.run(vector) : not_applicable(family.reason);
    return {CmsisResult::State::failed, "no family knows it"};
}

TEST(CmsisVectors, every_vector_agrees_or_says_why_not)
{
    const std::filesystem::path folder = shared_folder() / "data" / "vectors_cmsis_nn";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared folder with vectors_cmsis_nn";
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    int passed = 0, inapplicable = 0;
    for (const std::filesystem::path& file : files) {
        const CmsisResult result = run(load_cmsis_vector(file));
        passed += result.state == CmsisResult::State::passed;
        inapplicable += result.state == CmsisResult::State::not_applicable;
        if (result.state == CmsisResult::State::not_applicable)
            fmt::print("not applicable: {}: {}\n", file.stem().string(), result.reason);
        EXPECT_NE(result.state, CmsisResult::State::failed)
            << file.stem().string() << ": " << result.reason;
    }
    fmt::print("CMSIS-NN vectors: {} files, {} passed, {} not applicable\n", files.size(), passed,
               inapplicable);
    // A vector that stops running must not go unnoticed.
    EXPECT_GE(passed, 173);
}

}  // namespace
}  // namespace thimble
