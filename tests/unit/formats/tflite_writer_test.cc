#include "formats/tflite_writer.h"

#include "base/error.h"
#include "draft_models.h"

#include <gtest/gtest.h>

namespace thimble {
namespace {

std::vector<uint8_t> copy_of(std::span<const uint8_t> bytes)
{
    return {bytes.begin(), bytes.end()};
}

TEST(TfliteWriter, dense_reads_back_as_drafted)
{
    const TfliteDraft draft = dense_draft();
    const TfliteModel model = read_tflite(write_tflite(draft), "dense.tflite");
    EXPECT_EQ(model.version, 3);
    EXPECT_EQ(model.description, "thimble");
    ASSERT_EQ(model.subgraphs.size(), 1u);
    const TfliteSubgraph& main = model.subgraphs[0];
    EXPECT_EQ(main.inputs, (std::vector<int>{0}));
    EXPECT_EQ(main.outputs, (std::vector<int>{3}));
    ASSERT_EQ(main.tensors.size(), 4u);
    for (size_t i = 0; i < main.tensors.size(); ++i) {
        const TfliteDraftTensor& expected = draft.subgraphs[0].tensors[i];
        EXPECT_EQ(main.tensors[i].name, expected.name);
        EXPECT_EQ(main.tensors[i].type, expected.type);
        EXPECT_EQ(main.tensors[i].shape, expected.shape);
        EXPECT_EQ(main.tensors[i].shape_signature, expected.shape_signature);
        EXPECT_EQ(main.tensors[i].quantization.scales, expected.scales);
        EXPECT_EQ(main.tensors[i].quantization.zero_points, expected.zero_points);
        EXPECT_EQ(copy_of(main.tensors[i].data), expected.data);
        EXPECT_TRUE(main.tensors[i].has_rank);
    }
    ASSERT_EQ(main.operators.size(), 1u);
    const TfliteOperator& op = main.operators[0];
    EXPECT_EQ(op.name, "FULLY_CONNECTED");
    EXPECT_EQ(op.version, 4);
    EXPECT_EQ(op.inputs, (std::vector<int>{0, 1, 2}));
    EXPECT_EQ(op.options.i8(tflite_field::fully_connected::fused_activation), 1);
    EXPECT_FALSE(op.options.boolean(tflite_field::fully_connected::keep_num_dims));
    ASSERT_EQ(model.signatures.size(), 1u);
    EXPECT_EQ(model.signatures[0].key, "serving_default");
    EXPECT_EQ(model.signatures[0].outputs[0].name, "y");
    EXPECT_EQ(model.signatures[0].outputs[0].tensor, 3);
    ASSERT_EQ(model.metadata.size(), 1u);
    EXPECT_EQ(model.metadata[0].name, "note");
    const auto buffer = static_cast<size_t>(model.metadata[0].buffer);
    EXPECT_EQ(copy_of(model.buffers[buffer].data), (std::vector<uint8_t>{1, 2, 3}));
}

TEST(TfliteWriter, varied_model_reads_back_as_drafted)
{
    const TfliteModel model = read_tflite(write_tflite(varied_draft()), "varied.tflite");
    ASSERT_EQ(model.subgraphs.size(), 2u);
    const TfliteSubgraph& main = model.subgraphs[0];
    EXPECT_EQ(copy_of(main.tensors[1].data), (std::vector<uint8_t>{0x21, 0x03}));
    EXPECT_TRUE(main.tensors[2].is_variable);
    ASSERT_EQ(main.operators.size(), 5u);
    const TfliteOperator& custom = main.operators[0];
    EXPECT_EQ(custom.name, "CUSTOM:Mine");
    EXPECT_EQ(custom.inputs, (std::vector<int>{0, -1}));
    EXPECT_EQ(custom.intermediates, (std::vector<int>{1}));
    EXPECT_EQ(custom.custom_options.size(), 7u);
    EXPECT_EQ(custom.mutating_variable_inputs, (std::vector<bool>{true, false}));
    EXPECT_FALSE(custom.options.in_file());
    EXPECT_EQ(main.operators[1].options.string(tflite_field::var_handle::shared_name), "v");
    const FlatTable& composite = main.operators[2].options_2;
    EXPECT_EQ(composite.string(tflite_field::stablehlo_composite::name), "odml.thing");
    EXPECT_EQ(composite.i32(tflite_field::stablehlo_composite::decomposition_subgraph_index), 1);
    EXPECT_EQ(main.operators[3].options.vector<int32_t>(tflite_field::reshape::new_shape),
              (std::vector<int32_t>{6}));
    EXPECT_EQ(main.operators[4].name, "BUILTIN_217");
    EXPECT_EQ(main.operators[4].builtin_code, 217);
    EXPECT_TRUE(model.subgraphs[1].operators[0].options.boolean(tflite_field::gelu::approximate));
}

TEST(TfliteWriter, is_deterministic)
{
    EXPECT_EQ(write_tflite(varied_draft()), write_tflite(varied_draft()));
}

// Runtimes read constants in place and expect them on 16 bytes.
TEST(TfliteWriter, aligns_constants)
{
    const TfliteModel model = read_tflite(write_tflite(dense_draft()), "dense.tflite");
    for (const TfliteBuffer& buffer : model.buffers) {
        if (buffer.data.empty()) continue;
        EXPECT_EQ((buffer.data.data() - model.file->data()) % 16, 0);
    }
}

TEST(TfliteWriter, operators_without_options_have_none)
{
    TfliteDraft draft = varied_draft();
    draft.subgraphs[1].operators[0] = {.name = "LOGISTIC", .inputs = {0}, .outputs = {1}};
    const TfliteModel model = read_tflite(write_tflite(draft), "m.tflite");
    EXPECT_EQ(model.subgraphs[1].operators[0].options_type, 0);
    EXPECT_FALSE(model.subgraphs[1].operators[0].options.has(0));
}

}  // namespace
}  // namespace thimble
