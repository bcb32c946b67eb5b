// TensorFlow Lite models as plain structs.
//
// read_tflite() checks everything that concerns the file itself: offsets, indices, sizes of
// constants, quantisation parameters. It knows no operators: their options stay a FlatTable that
// the importers read by field number (tflite_fields.h). What a model may hold but thimble does not
// read (sparse tensors, external buffers) is marked on the tensor, so that `inspect` can still show
// the model. docs/formats.md describes the format.
#pragma once

#include "formats/flat_table.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

enum class TfliteType : uint8_t {
#define TFLITE_TYPE(number, name, enumerator, bits) enumerator = number,
#include "formats/tflite_types.def"
#undef TFLITE_TYPE
};

std::string_view tflite_type_name(TfliteType type);  // "FLOAT32"
int tflite_type_bits(TfliteType type);               // 0 = no fixed width (strings, resources)

// Number of bytes that `element_count` elements of `type` take in a constant, sub-byte elements
// packed. `type` must have a fixed width.
int64_t tflite_data_bytes(TfliteType type, int64_t element_count);

// "CONV_2D" for 3, "BUILTIN_300" for a number that the table does not know.
std::string tflite_operator_name(int builtin_code);
// -1 when no builtin operator has this name.
int tflite_operator_code(std::string_view name);
// The type numbers of the options tables that belong to a builtin operator; 0 = none.
int tflite_options_type(int builtin_code);
int tflite_options_2_type(int builtin_code);

enum class TfliteQuantizationKind {
    none,        // no scales, or all of them zero
    affine,      // real = scale * (q - zero_point), per tensor or per index of one dimension
    blockwise,   // scales in another tensor, one per block
    multi_axis,  // the same with several dimensions
    custom,      // opaque bytes
};

struct TfliteQuantization {
    TfliteQuantizationKind kind = TfliteQuantizationKind::none;
    std::vector<float> scales;         // affine: 1, or shape[quantized_dimension]
    std::vector<int64_t> zero_points;  // affine: as many as scales
    int quantized_dimension = 0;
    std::vector<float> min;            // observed range, informative
    std::vector<float> max;
    int scales_tensor = -1;       // blockwise, multi_axis: index in the same subgraph
    int zero_points_tensor = -1;  // the same; -1 = all zero points are 0
    int block_size = 0;
};

struct TfliteTensor {
    std::string name;
    TfliteType type = TfliteType::float32;
    std::vector<int64_t> shape;            // empty = scalar, or unknown rank (see has_rank)
    std::vector<int64_t> shape_signature;  // empty, or as long as shape with -1 for unknown
    bool has_rank = false;
    bool is_variable = false;
    bool is_sparse = false;
    int buffer = 0;
    TfliteQuantization quantization;
    // The constant's bytes inside the file; empty for computed tensors. int4 and int2 stay packed.
    std::span<const uint8_t> data;
    // Why the data cannot be used ("is stored sparsely"); empty = nothing stands in the way. To be
    // refused as T0206 where the tensor is used.
    std::string storage_problem;
};

struct TfliteOperatorCode {
    int builtin_code = 0;
    std::string custom_code;  // of builtin code 32 (CUSTOM)
    int version = 1;
    std::string name;         // "CONV_2D", "CUSTOM:SignalWindow", "BUILTIN_300"
};

struct TfliteOperator {
    int opcode_index = 0;
    int builtin_code = 0;
    std::string name;         // of its operator code
    int version = 1;
    std::vector<int> inputs;  // tensor indices; -1 = an optional input that is absent
    std::vector<int> outputs;
    std::vector<int> intermediates;
    int options_type = 0;     // 0 = none
    FlatTable options;        // without fields when the operator has none
    int options_2_type = 0;
    FlatTable options_2;      // StableHLO operators
    std::span<const uint8_t> custom_options;     // most often a FlexBuffers map
    std::vector<bool> mutating_variable_inputs;  // empty, or as many as inputs
};

struct TfliteSubgraph {
    std::string name;
    std::vector<TfliteTensor> tensors;
    std::vector<int> inputs;   // tensor indices
    std::vector<int> outputs;
    std::vector<TfliteOperator> operators;  // in order of execution
};

struct TfliteMetadata {
    std::string name;
    int buffer = 0;
};

struct TfliteSignatureTensor {
    std::string name;
    int tensor = 0;  // index in the signature's subgraph
};

struct TfliteSignature {
    std::string key;
    int subgraph = 0;
    std::vector<TfliteSignatureTensor> inputs;
    std::vector<TfliteSignatureTensor> outputs;
};

struct TfliteBuffer {
    std::span<const uint8_t> data;  // inside the file
};

struct TfliteModel {
    std::string file_name;
    int version = 0;
    std::string description;
    std::vector<TfliteOperatorCode> operator_codes;
    std::vector<TfliteSubgraph> subgraphs;  // at least one; the first is the main one
    std::vector<TfliteBuffer> buffers;
    std::vector<TfliteMetadata> metadata;
    std::vector<TfliteSignature> signatures;
    // All spans above point into these bytes.
    std::shared_ptr<const std::vector<uint8_t>> file;
};

// Throws T0103 (not a TensorFlow Lite model), T0104 (malformed), T0205 (invalid quantisation).
// `file_name` stands in errors. The bytes are shared, not copied.
TfliteModel read_tflite(std::shared_ptr<const std::vector<uint8_t>> bytes,
                        std::string_view file_name);
// The same with a copy of `bytes`.
TfliteModel read_tflite(std::span<const uint8_t> bytes, std::string_view file_name);
// The same for a file; also throws T0101 when it cannot be read.
TfliteModel read_tflite_file(const std::filesystem::path& path);

}  // namespace thimble
