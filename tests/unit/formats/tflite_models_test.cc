// Reads every model beside the checkout and compares with the index made by another reader.
#include "base/error.h"
#include "base/file.h"
#include "formats/tflite.h"
#include "../shared_folder.h"

#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace thimble {
namespace {

namespace fs = std::filesystem;
using Counts = std::map<std::string, int>;

// Each holds two subgraphs without anything in them.
const std::set<std::string> kEmptyModels = {"ops-litert/2_subgraphs.tflite",
                                            "ops-litert/2_subgraphs_dont_delegate_name.tflite"};

Counts operator_counts(const TfliteModel& model)
{
    Counts counts;
    for (const TfliteSubgraph& subgraph : model.subgraphs) {
        for (const TfliteOperator& op : subgraph.operators) ++counts[op.name];
    }
    return counts;
}

Counts type_counts(const TfliteModel& model)
{
    Counts counts;
    for (const TfliteSubgraph& subgraph : model.subgraphs) {
        for (const TfliteTensor& tensor : subgraph.tensors) {
            ++counts[std::string(tflite_type_name(tensor.type))];
        }
    }
    return counts;
}

class TfliteModels : public testing::Test {
protected:
    void SetUp() override
    {
        if (!fs::exists(folder / "index.json")) GTEST_SKIP() << "no models beside the checkout";
    }
    fs::path folder = shared_folder() / "models";
};

TEST_F(TfliteModels, agree_with_the_index)
{
    int compared = 0;
    const auto index = nlohmann::json::parse(read_text_file(folder / "index.json"));
    for (const auto& entry : index) {
        const std::string name = entry["file"];
        if (!name.ends_with(".tflite") || name.starts_with("malformed/")) continue;
        if (kEmptyModels.contains(name)) continue;
        SCOPED_TRACE(name);
        try {
            const TfliteModel model = read_tflite_file(folder / name);
            if (!entry.contains("tflite")) continue;
            EXPECT_EQ(operator_counts(model), entry["tflite"]["ops"].get<Counts>());
            EXPECT_EQ(type_counts(model), entry["tflite"]["dtypes"].get<Counts>());
            EXPECT_EQ(model.subgraphs.size(), entry["tflite"]["subgraphs"].get<size_t>());
            ++compared;
        } catch (const Error& error) {
            ADD_FAILURE() << error.what();
        }
    }
    EXPECT_GT(compared, 200);
}

TEST_F(TfliteModels, without_operators_are_refused)
{
    for (const std::string& name : kEmptyModels) {
        try {
            read_tflite_file(folder / name);
            ADD_FAILURE() << name << " was accepted";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::T0104);
            EXPECT_EQ(error.text().found, "0 operators");
        }
    }
}

// Those that are well-formed files hold an operator of one vendor's hardware, which the import
// refuses.
TEST_F(TfliteModels, malformed_ones_are_refused_or_hold_a_vendor_operator)
{
    int seen = 0;
    for (const auto& entry : fs::directory_iterator(folder / "malformed")) {
        SCOPED_TRACE(entry.path().filename().string());
        ++seen;
        try {
            const TfliteModel model = read_tflite_file(entry.path());
            ASSERT_EQ(model.subgraphs[0].operators.size(), 1u);
            const std::string& name = model.subgraphs[0].operators[0].name;
            EXPECT_TRUE(name == "CUSTOM:ethos-u" || name == "CUSTOM:edgetpu-custom-op") << name;
        } catch (const Error& error) {
            EXPECT_TRUE(error.code() == ErrorCode::T0103 || error.code() == ErrorCode::T0104);
        }
    }
    EXPECT_GE(seen, 8);
}

TEST_F(TfliteModels, keep_quantisation_and_data)
{
    const TfliteModel model = read_tflite_file(folder / "tflite-micro/hello_world_int8.tflite");
    const TfliteSubgraph& main = model.subgraphs[0];
    ASSERT_EQ(main.inputs.size(), 1u);
    const TfliteTensor& input = main.tensors[static_cast<size_t>(main.inputs[0])];
    EXPECT_EQ(input.type, TfliteType::int8);
    EXPECT_EQ(input.shape, (std::vector<int64_t>{1, 1}));
    EXPECT_EQ(input.shape_signature, (std::vector<int64_t>{-1, 1}));
    ASSERT_EQ(input.quantization.scales.size(), 1u);
    EXPECT_NEAR(input.quantization.scales[0], 0.0244801f, 1e-6f);
    EXPECT_EQ(input.quantization.zero_points, (std::vector<int64_t>{-128}));
    const TfliteOperator& first = main.operators[0];
    EXPECT_EQ(first.name, "FULLY_CONNECTED");
    EXPECT_EQ(main.tensors[static_cast<size_t>(first.inputs[1])].data.size(), 16u);
    EXPECT_EQ(main.tensors[static_cast<size_t>(first.inputs[2])].data.size(), 64u);
}

// This model keeps its constants behind the FlatBuffers part, found by offset and size.
TEST_F(TfliteModels, may_keep_constants_behind_the_tables)
{
    const TfliteModel model = read_tflite_file(folder / "ops-litert/simple_group_norm_op.tflite");
    const TfliteTensor& ones = model.subgraphs[0].tensors[1];
    EXPECT_EQ(std::vector<uint8_t>(ones.data.begin(), ones.data.end()),
              (std::vector<uint8_t>{0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F}));
    EXPECT_EQ(ones.data.data() - model.file->data(), 3360);
}

TEST_F(TfliteModels, mark_what_is_stored_otherwise)
{
    const TfliteModel sparse = read_tflite_file(folder / "ops-litert/sparse_tensor.tflite");
    const TfliteModel blocks = read_tflite_file(folder / "ops-litert/blockwise_quantized.tflite");
    const auto problems = [](const TfliteModel& model) {
        std::set<std::string> result;
        for (const TfliteTensor& tensor : model.subgraphs[0].tensors) {
            result.insert(tensor.storage_problem);
        }
        return result;
    };
    EXPECT_TRUE(problems(sparse).contains("is stored sparsely"));
    EXPECT_TRUE(problems(blocks).contains("is quantised in blocks"));
}

}  // namespace
}  // namespace thimble
