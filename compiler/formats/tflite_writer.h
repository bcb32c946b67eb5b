// Writes TensorFlow Lite models from plain structs.
//
// The draft is written as it stands, valid or not: tests write broken models with it on purpose,
// and whoever exports reads the result back with read_tflite(). Equal drafts give equal bytes.
//
//   TfliteDraft draft;
//   draft.subgraphs.push_back({
//       .tensors = {{.name = "x", .shape = {1, 4}}, {.name = "y", .shape = {1, 4}}},
//       .inputs = {0},
//       .outputs = {1},
//       .operators = {{.name = "SOFTMAX", .inputs = {0}, .outputs = {1},
//                      .options = {{tflite_field::softmax::beta, 1.0f}}}},
//   });
//   write_file("softmax.tflite", write_tflite(draft));
//
// Tested by tests/unit/formats/tflite_writer_test.cc.
#pragma once

#include "formats/tflite.h"
#include "formats/tflite_fields.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace thimble {

// One field of an operator's options. The alternative fixes the width in the file: the comments in
// tflite_fields.h say which one a field has (int8_t{1} for an i8, true for a bool).
struct TfliteOption {
    FlatField field;
    std::variant<int8_t, int32_t, int64_t, float, bool, std::string, std::vector<int32_t>,
                 std::vector<float>, std::vector<uint8_t>>
        value;
};

struct TfliteDraftTensor {
    std::string name;
    TfliteType type = TfliteType::float32;
    std::vector<int64_t> shape = {};
    std::vector<int64_t> shape_signature = {};  // with -1 for unknown; empty = not written
    std::vector<float> scales = {};             // empty = not quantised
    std::vector<int64_t> zero_points = {};
    int quantized_dimension = 0;
    std::vector<uint8_t> data = {};             // empty = computed, not a constant
    bool is_variable = false;
    bool is_sparse = false;                     // writes empty sparsity parameters
    uint32_t external_buffer = 0;               // identifier of a buffer outside; 0 = none
};

struct TfliteDraftOperator {
    std::string name;  // "CONV_2D", "CUSTOM:SignalWindow", "BUILTIN_217"
    int version = 1;
    std::vector<int> inputs = {};  // tensor indices; -1 = absent
    std::vector<int> outputs = {};
    std::vector<int> intermediates = {};
    // The operator's own options table is written if it has one, with these fields.
    std::vector<TfliteOption> options = {};
    int options_type = -1;         // another type number on purpose; -1 = the operator's own
    std::vector<uint8_t> custom_options = {};
    std::vector<bool> mutating_variable_inputs = {};
};

struct TfliteDraftSubgraph {
    std::string name = "main";
    std::vector<TfliteDraftTensor> tensors = {};
    std::vector<int> inputs = {};
    std::vector<int> outputs = {};
    std::vector<TfliteDraftOperator> operators = {};
};

struct TfliteDraftMetadata {
    std::string name;
    std::vector<uint8_t> data;
};

struct TfliteDraft {
    std::string description = "thimble";
    std::vector<TfliteDraftSubgraph> subgraphs = {};
    std::vector<TfliteSignature> signatures = {};
    std::vector<TfliteDraftMetadata> metadata = {};
};

std::vector<uint8_t> write_tflite(const TfliteDraft& draft);

}  // namespace thimble
