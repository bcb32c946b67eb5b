// Field numbers of the tables that a TensorFlow Lite file consists of, shared by reader and writer.
// A union takes two fields: its type number, then the table. The fields of the operators' options
// are in tflite_fields.h. Source: the public TensorFlow Lite schema, version 3d.
#pragma once

#include "formats/flat_table.h"

namespace thimble::tflite_schema {

constexpr std::string_view kIdentifier = "TFL3";  // bytes 4 to 7 of the file
constexpr uint32_t kVersion = 3;
constexpr int kCustomCode = 32;  // builtin code of an operator that is known by its custom code

// OperatorCode first had one signed byte for the code; larger codes went to a second field, and
// then the byte holds 127. The code is the larger of the two.
constexpr int kLargestOldCode = 127;

// Values of the union Quantization.details.
constexpr int kCustomQuantization = 1;
constexpr int kBlockwiseQuantization = 2;
constexpr int kMultiAxisQuantization = 3;

#define FIELD(number, name) inline constexpr FlatField name{number, #name}

namespace model {
FIELD(0, version);                 // u32
FIELD(1, operator_codes);          // tables
FIELD(2, subgraphs);               // tables
FIELD(3, description);             // string
FIELD(4, buffers);                 // tables
FIELD(6, metadata);                // tables
FIELD(7, signature_defs);          // tables
FIELD(8, external_buffer_groups);  // tables
FIELD(9, external_buffers);        // tables
}
namespace operator_code {
FIELD(0, deprecated_builtin_code);  // i8
FIELD(1, custom_code);              // string
FIELD(2, version);                  // i32 = 1
FIELD(3, builtin_code);             // i32
}
namespace subgraph {
FIELD(0, tensors);    // tables
FIELD(1, inputs);     // vector of i32
FIELD(2, outputs);    // vector of i32
FIELD(3, operators);  // tables
FIELD(4, name);       // string
}
namespace tensor {
FIELD(0, shape);            // vector of i32
FIELD(1, type);             // i8
FIELD(2, buffer);           // u32
FIELD(3, name);             // string
FIELD(4, quantization);     // table
FIELD(5, is_variable);      // bool
FIELD(6, sparsity);         // table
FIELD(7, shape_signature);  // vector of i32
FIELD(8, has_rank);         // bool
FIELD(10, external_buffer);  // u32, 0 = none
}
namespace quantization {
FIELD(0, min);                  // vector of f32
FIELD(1, max);                  // vector of f32
FIELD(2, scale);                // vector of f32
FIELD(3, zero_point);           // vector of i64
FIELD(4, details_type);         // u8
FIELD(5, details);              // table
FIELD(6, quantized_dimension);  // i32
}
namespace blockwise {  // and, with a list of dimensions behind, multi-axis quantisation
FIELD(0, scales);       // i32, tensor index
FIELD(1, zero_points);  // i32, tensor index, -1 = none
FIELD(2, block_size);   // i32
}
namespace operation {
FIELD(0, opcode_index);                   // u32
FIELD(1, inputs);                         // vector of i32
FIELD(2, outputs);                        // vector of i32
FIELD(3, builtin_options_type);           // u8
FIELD(4, builtin_options);                // table
FIELD(5, custom_options);                 // vector of u8
FIELD(7, mutating_variable_inputs);       // vector of bool
FIELD(8, intermediates);                  // vector of i32
FIELD(9, large_custom_options_offset);    // u64, from the begin of the file; valid above 1
FIELD(10, large_custom_options_size);     // u64
FIELD(11, builtin_options_2_type);        // u8
FIELD(12, builtin_options_2);             // table
}
namespace buffer {
FIELD(0, data);    // vector of u8
FIELD(1, offset);  // u64, from the begin of the file; valid above 1
FIELD(2, size);    // u64
}
namespace external_buffer {
FIELD(0, id);     // u32
FIELD(1, group);  // u32, index
}
namespace external_buffer_group {
FIELD(0, name);  // string
}
namespace metadata {
FIELD(0, name);    // string
FIELD(1, buffer);  // u32
}
namespace tensor_map {
FIELD(0, name);          // string
FIELD(1, tensor_index);  // u32
}
namespace signature {
FIELD(0, inputs);          // tables
FIELD(1, outputs);         // tables
FIELD(2, signature_key);   // string
FIELD(4, subgraph_index);  // u32
}

#undef FIELD

}  // namespace thimble::tflite_schema
