// Each broken model differs from a good one in one place, and the error names that place.
#include "formats/tflite.h"

#include "base/error.h"
#include "draft_models.h"

#include <cmath>
#include <gtest/gtest.h>

namespace thimble {
namespace {

struct Refusal {
    ErrorCode code = ErrorCode::T0001;
    std::string place;
    std::string found;
};

Refusal refusal_of(std::span<const uint8_t> bytes)
{
    try {
        read_tflite(bytes, "m.tflite");
    } catch (const Error& error) {
        return {error.code(), error.text().place, error.text().found};
    }
    ADD_FAILURE() << "accepted";
    return {};
}

Refusal refusal_of(const TfliteDraft& draft) { return refusal_of(write_tflite(draft)); }

TfliteDraftTensor& tensor(TfliteDraft& draft, size_t index)
{
    return draft.subgraphs[0].tensors[index];
}

TEST(Tflite, refuses_other_files)
{
    EXPECT_EQ(refusal_of(std::vector<uint8_t>{}).found, "is empty");
    const std::string text = "This is a text.";
    const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    EXPECT_EQ(refusal_of(bytes).code, ErrorCode::T0103);
}

TEST(Tflite, refuses_models_without_anything)
{
    TfliteDraft draft;
    EXPECT_EQ(refusal_of(draft).found, "0 subgraphs");
    draft.subgraphs.emplace_back();
    EXPECT_EQ(refusal_of(draft).found, "0 operators");
}

TEST(Tflite, refuses_tensor_indices_out_of_range)
{
    TfliteDraft draft = dense_draft();
    draft.subgraphs[0].operators[0].inputs[1] = 4;
    Refusal refusal = refusal_of(draft);
    EXPECT_EQ(refusal.code, ErrorCode::T0104);
    EXPECT_EQ(refusal.place, "m.tflite: subgraph 0: operator 0 (FULLY_CONNECTED): inputs");
    EXPECT_EQ(refusal.found, "tensor 4");

    draft = dense_draft();
    draft.subgraphs[0].operators[0].inputs[2] = -2;
    EXPECT_EQ(refusal_of(draft).found, "tensor -2");
    draft.subgraphs[0].operators[0].inputs[2] = -1;
    EXPECT_NO_THROW(read_tflite(write_tflite(draft), "m.tflite"));

    draft = dense_draft();
    draft.subgraphs[0].operators[0].outputs[0] = -1;
    EXPECT_EQ(refusal_of(draft).found, "tensor -1");

    draft = dense_draft();
    draft.subgraphs[0].inputs[0] = 100;
    EXPECT_EQ(refusal_of(draft).place, "m.tflite: subgraph 0: inputs");
}

TEST(Tflite, refuses_signatures_out_of_range)
{
    TfliteDraft draft = dense_draft();
    draft.signatures[0].outputs[0].tensor = 9;
    EXPECT_EQ(refusal_of(draft).place, "m.tflite: signature 0: outputs 0: tensor_index");
    draft.signatures[0].subgraph = 1;
    EXPECT_EQ(refusal_of(draft).place, "m.tflite: signature 0: subgraph_index");
}

TEST(Tflite, refuses_impossible_shapes)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 3).shape = {1, -3};
    Refusal refusal = refusal_of(draft);
    EXPECT_EQ(refusal.place, "m.tflite: subgraph 0: tensor 3 'y': shape");
    EXPECT_EQ(refusal.found, "dimension -3");
    tensor(draft, 3).shape = {1 << 30, 1 << 30, 1 << 30};
    EXPECT_EQ(refusal_of(draft).found, "more than 2^63 elements");
    // A zero somewhere must not hide the overflow of the rest.
    tensor(draft, 3).shape = {0, 1 << 30, 1 << 30, 1 << 30};
    EXPECT_EQ(refusal_of(draft).found, "more than 2^63 elements");
}

TEST(Tflite, refuses_constants_of_the_wrong_size)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 1).data.pop_back();
    const Refusal refusal = refusal_of(draft);
    EXPECT_EQ(refusal.place, "m.tflite: subgraph 0: tensor 1 'w': data");
    EXPECT_EQ(refusal.found, "11 bytes");
    draft = varied_draft();
    tensor(draft, 1).shape = {5};
    EXPECT_EQ(refusal_of(draft).found, "2 bytes");
    tensor(draft, 1).type = TfliteType::int2;
    EXPECT_NO_THROW(read_tflite(write_tflite(draft), "m.tflite"));
    // 2^62 float32 elements need 2^64 bytes.
    tensor(draft, 1).type = TfliteType::float32;
    tensor(draft, 1).shape = {1 << 30, 1 << 30, 4};
    EXPECT_EQ(refusal_of(draft).found, "2 bytes");
}

TEST(Tflite, refuses_impossible_scales)
{
    for (float scale : {-0.5f, INFINITY, NAN}) {
        TfliteDraft draft = dense_draft();
        tensor(draft, 1).scales[1] = scale;
        const Refusal refusal = refusal_of(draft);
        EXPECT_EQ(refusal.code, ErrorCode::T0205);
        EXPECT_EQ(refusal.place,
                  "m.tflite: subgraph 0: tensor 1 'w': quantization: scale");
    }
    TfliteDraft draft = dense_draft();
    tensor(draft, 1).scales = {0.5f, 0.5f};
    EXPECT_EQ(refusal_of(draft).found, "2 scales");
    draft = dense_draft();
    tensor(draft, 1).quantized_dimension = 2;
    EXPECT_EQ(refusal_of(draft).code, ErrorCode::T0205);
}

TEST(Tflite, refuses_zero_points_outside_of_the_type)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 0).zero_points = {128};
    EXPECT_EQ(refusal_of(draft).found, "a zero point of 128");
    tensor(draft, 0).type = TfliteType::uint8;
    EXPECT_NO_THROW(read_tflite(write_tflite(draft), "m.tflite"));
    tensor(draft, 0).zero_points = {-1};
    EXPECT_EQ(refusal_of(draft).found, "a zero point of -1");
    tensor(draft, 0).zero_points = {1, 2};
    EXPECT_EQ(refusal_of(draft).found, "2 zero points for 1 scales");
}

TEST(Tflite, takes_scales_of_zero_as_not_quantised)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 0).scales = {0};
    const TfliteModel model = read_tflite(write_tflite(draft), "m.tflite");
    const TfliteQuantization& quantization = model.subgraphs[0].tensors[0].quantization;
    EXPECT_EQ(quantization.kind, TfliteQuantizationKind::none);
    EXPECT_TRUE(quantization.scales.empty());
    EXPECT_TRUE(quantization.zero_points.empty());
}

TEST(Tflite, fills_up_zero_points)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 1).zero_points = {};
    tensor(draft, 2).zero_points = {0};
    const TfliteModel model = read_tflite(write_tflite(draft), "m.tflite");
    const std::vector<int64_t> zeros(3, 0);
    EXPECT_EQ(model.subgraphs[0].tensors[1].quantization.zero_points, zeros);
    EXPECT_EQ(model.subgraphs[0].tensors[2].quantization.zero_points, zeros);
}

TEST(Tflite, refuses_options_of_another_operator)
{
    TfliteDraft draft = dense_draft();
    draft.subgraphs[0].operators[0].options_type = 1;
    const Refusal refusal = refusal_of(draft);
    EXPECT_EQ(refusal.code, ErrorCode::T0104);
    EXPECT_EQ(refusal.found, "options of type 1");
}

TEST(Tflite, refuses_a_wrong_count_of_mutating_flags)
{
    TfliteDraft draft = varied_draft();
    draft.subgraphs[0].operators[0].mutating_variable_inputs = {true};
    EXPECT_EQ(refusal_of(draft).found, "1 flags");
}

TEST(Tflite, marks_storage_that_is_not_read)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 1).is_sparse = true;
    tensor(draft, 1).data.pop_back();
    tensor(draft, 2).external_buffer = 5;
    const TfliteModel model = read_tflite(write_tflite(draft), "m.tflite");
    EXPECT_EQ(model.subgraphs[0].tensors[0].storage_problem, "");
    EXPECT_EQ(model.subgraphs[0].tensors[1].storage_problem, "is stored sparsely");
    EXPECT_EQ(model.subgraphs[0].tensors[2].storage_problem,
              "is stored outside of the model, in external buffer 5");
    EXPECT_TRUE(model.subgraphs[0].tensors[2].data.empty());
}

TEST(Tflite, makes_names_printable)
{
    TfliteDraft draft = dense_draft();
    tensor(draft, 0).name = "a\x1b[31m\xff\xc3\xa9\xe2\x82";
    const TfliteModel model = read_tflite(write_tflite(draft), "m.tflite");
    EXPECT_EQ(model.subgraphs[0].tensors[0].name, "a?[31m?\xc3\xa9??");
}

TEST(Tflite, names_operators_by_number)
{
    EXPECT_EQ(tflite_operator_name(0), "ADD");
    EXPECT_EQ(tflite_operator_name(25), "SOFTMAX");
    EXPECT_EQ(tflite_operator_name(150), "GELU");
    EXPECT_EQ(tflite_operator_name(206), "STABLEHLO_COMPOSITE");
    EXPECT_EQ(tflite_operator_name(210), "BUILTIN_210");
    EXPECT_EQ(tflite_operator_name(-1), "BUILTIN_-1");
    for (int code = 0; code < 210; ++code) {
        EXPECT_EQ(tflite_operator_code(tflite_operator_name(code)), code);
    }
    EXPECT_EQ(tflite_options_type(tflite_operator_code("BATCH_MATMUL")), 101);
    EXPECT_EQ(tflite_options_type(tflite_operator_code("RIGHT_SHIFT")), 126);
    EXPECT_EQ(tflite_options_2_type(tflite_operator_code("STABLEHLO_CASE")), 23);
}

}  // namespace
}  // namespace thimble
