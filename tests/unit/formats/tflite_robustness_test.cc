// Truncated and damaged models end with an Error or a model, never with a crash. The same question
// is put to far more inputs, under sanitizers, by tests/fuzz/run_fuzz.sh.
#include "../shared_folder.h"
#include "base/error.h"
#include "base/file.h"
#include "draft_models.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace thimble {
namespace {

namespace fs = std::filesystem;

struct Sample {
    std::string name;
    std::vector<uint8_t> bytes;
};

// Small models of many operators: two of our own, and real ones where they are at hand.
std::vector<Sample> samples()
{
    std::vector<Sample> result = {{"dense draft", write_tflite(dense_draft())},
                                  {"varied draft", write_tflite(varied_draft())}};
    for (const char* name :
         {"tflite-micro/hello_world_int8", "tflite-micro/hello_world_float",
          "tflite-micro/simple_add_model", "tflite-micro/audio_preprocessor_int8",
          "ops-ai-edge-quantizer/two_signatures_a8w8", "ops-ai-edge-quantizer/simple_composite",
          "ops-ai-edge-quantizer/single_conv2d_transpose_bias", "ops-ai-edge-quantizer/bmm",
          "ops-ai-edge-quantizer/single_strided_slice", "ops-litert/sparse_tensor",
          "ops-litert/blockwise_quantized", "ops-litert/gather_string",
          "ops-litert/group_norm_2_groups_op", "ops-litert/multi_signature_model",
          "ops-litert/simple_topk_op", "ops-litert/fallback_model", "ops-litert/matmul_quant",
          "text/test_model_nl_classifier", "microflow/sine"}) {
        const fs::path path = shared_folder() / "models" / (std::string(name) + ".tflite");
        if (fs::exists(path)) result.push_back({name, read_file(path)});
    }
    return result;
}

// Returns whether the bytes were accepted.
bool accepts(std::vector<uint8_t> bytes)
{
    try {
        read_tflite(std::make_shared<const std::vector<uint8_t>>(std::move(bytes)), "m.tflite");
        return true;
    } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::T0103 || error.code() == ErrorCode::T0104 ||
                    error.code() == ErrorCode::T0205)
            << error.what();
        return false;
    }
}

TEST(TfliteRobustness, samples_are_good_before_they_are_damaged)
{
    for (const Sample& sample : samples()) EXPECT_TRUE(accepts(sample.bytes)) << sample.name;
}

TEST(TfliteRobustness, survives_truncation_at_every_length)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        size_t refused = 0;
        for (size_t length = 0; length < sample.bytes.size(); ++length) {
            const auto end = sample.bytes.begin() + static_cast<ptrdiff_t>(length);
            refused += accepts({sample.bytes.begin(), end}) ? 0 : 1;
        }
        // Padding at the end may be missing without harm; more than a few bytes may not.
        EXPECT_GE(refused + 16, sample.bytes.size());
    }
}

TEST(TfliteRobustness, survives_2000_damaged_bytes)
{
    constexpr int kRounds = 2000;
    std::mt19937 random(20240601);
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        for (int round = 0; round < kRounds; ++round) {
            std::vector<uint8_t> bytes = sample.bytes;
            bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1 + random() % 255);
            accepts(std::move(bytes));
        }
    }
}

// Whole offsets and counts replaced by the values that overflow most easily.
TEST(TfliteRobustness, survives_extreme_words)
{
    for (const Sample& sample : samples()) {
        SCOPED_TRACE(sample.name);
        const size_t words = std::min<size_t>(sample.bytes.size(), 2048) / 4;
        for (size_t word = 0; word < words; ++word) {
            for (const uint32_t extreme : {0u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
                std::vector<uint8_t> bytes = sample.bytes;
                std::memcpy(bytes.data() + 4 * word, &extreme, sizeof(extreme));
                accepts(std::move(bytes));
            }
        }
    }
}

}  // namespace
}  // namespace thimble
