// Field numbers of the TensorFlow Lite tables that hold an operator's options, and the values of
// the enumerations in them. The importers read with them, the writer writes with them:
//
//   const int stride = op.options.i32(tflite_field::conv2d::stride_h, 1);
//
// The type stands beside each field; "= x" is the default when the field is absent (else 0, false).
// Operators that are not listed here have an options table without fields, or none.
// Source: the public TensorFlow Lite schema, version 3d.
#pragma once

#include "formats/flat_table.h"

namespace thimble::tflite_field {

// Pads so that the output has ceil(input / stride) places, or not at all. (Enumeration, i8.)
constexpr int kPaddingSame = 0;
constexpr int kPaddingValid = 1;

// Fused activations. (Enumeration, i8.)
constexpr int kActivationNone = 0;
constexpr int kActivationRelu = 1;
constexpr int kActivationReluN1To1 = 2;
constexpr int kActivationRelu6 = 3;
constexpr int kActivationTanh = 4;
constexpr int kActivationSignBit = 5;

constexpr int kMirrorPadReflect = 0;    // without the border's own value
constexpr int kMirrorPadSymmetric = 1;  // with it

constexpr int kWeightsFormatDefault = 0;
constexpr int kWeightsFormatShuffled4x16Int8 = 1;

constexpr int kLstmKernelFull = 0;
constexpr int kLstmKernelBasic = 1;

#define FIELD(number, name) inline constexpr FlatField name{number, #name}

namespace conv2d {
FIELD(0, padding);              // i8
FIELD(1, stride_w);             // i32
FIELD(2, stride_h);             // i32
FIELD(3, fused_activation);     // i8
FIELD(4, dilation_w);           // i32 = 1
FIELD(5, dilation_h);           // i32 = 1
FIELD(6, quantized_bias_type);  // i8, element type
}
namespace depthwise_conv2d {
FIELD(0, padding);           // i8
FIELD(1, stride_w);          // i32
FIELD(2, stride_h);          // i32
FIELD(3, depth_multiplier);  // i32, redundant: output channels / input channels
FIELD(4, fused_activation);  // i8
FIELD(5, dilation_w);        // i32 = 1
FIELD(6, dilation_h);        // i32 = 1
}
namespace conv3d {  // also CONV_3D_TRANSPOSE
FIELD(0, padding);           // i8
FIELD(1, stride_d);          // i32
FIELD(2, stride_w);          // i32
FIELD(3, stride_h);          // i32
FIELD(4, fused_activation);  // i8
FIELD(5, dilation_d);        // i32 = 1
FIELD(6, dilation_w);        // i32 = 1
FIELD(7, dilation_h);        // i32 = 1
}
namespace transpose_conv {
FIELD(0, padding);              // i8
FIELD(1, stride_w);             // i32
FIELD(2, stride_h);             // i32
FIELD(3, fused_activation);     // i8
FIELD(4, quantized_bias_type);  // i8, element type
}
namespace pool2d {  // AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D
FIELD(0, padding);           // i8
FIELD(1, stride_w);          // i32
FIELD(2, stride_h);          // i32
FIELD(3, filter_w);          // i32
FIELD(4, filter_h);          // i32
FIELD(5, fused_activation);  // i8
}
namespace fully_connected {
FIELD(0, fused_activation);            // i8
FIELD(1, weights_format);              // i8
FIELD(2, keep_num_dims);               // bool
FIELD(3, asymmetric_quantize_inputs);  // bool
FIELD(4, quantized_bias_type);         // i8, element type
}
namespace batch_matmul {
FIELD(0, adj_x);                       // bool
FIELD(1, adj_y);                       // bool
FIELD(2, asymmetric_quantize_inputs);  // bool
}
namespace svdf {
FIELD(0, rank);                        // i32
FIELD(1, fused_activation);            // i8
FIELD(2, asymmetric_quantize_inputs);  // bool
}
namespace rnn {
FIELD(0, fused_activation);            // i8
FIELD(1, asymmetric_quantize_inputs);  // bool
}
namespace sequence_rnn {  // UNIDIRECTIONAL_SEQUENCE_RNN
FIELD(0, time_major);                  // bool
FIELD(1, fused_activation);            // i8
FIELD(2, asymmetric_quantize_inputs);  // bool
}
namespace bidirectional_sequence_rnn {
FIELD(0, time_major);                  // bool
FIELD(1, fused_activation);            // i8
FIELD(2, merge_outputs);               // bool
FIELD(3, asymmetric_quantize_inputs);  // bool
}
namespace lstm {
FIELD(0, fused_activation);            // i8
FIELD(1, cell_clip);                   // f32, 0 = no clipping
FIELD(2, proj_clip);                   // f32, 0 = no clipping
FIELD(3, kernel_type);                 // i8
FIELD(4, asymmetric_quantize_inputs);  // bool
}
namespace sequence_lstm {  // UNIDIRECTIONAL_SEQUENCE_LSTM
FIELD(0, fused_activation);            // i8
FIELD(1, cell_clip);                   // f32, 0 = no clipping
FIELD(2, proj_clip);                   // f32, 0 = no clipping
FIELD(3, time_major);                  // bool
FIELD(4, asymmetric_quantize_inputs);  // bool
FIELD(5, diagonal_recurrent_tensors);  // bool
}
namespace bidirectional_sequence_lstm {
FIELD(0, fused_activation);            // i8
FIELD(1, cell_clip);                   // f32, 0 = no clipping
FIELD(2, proj_clip);                   // f32, 0 = no clipping
FIELD(3, merge_outputs);               // bool
FIELD(4, time_major);                  // bool = true
FIELD(5, asymmetric_quantize_inputs);  // bool
}
namespace softmax {
FIELD(0, beta);  // f32
}
namespace concatenation {
FIELD(0, axis);              // i32
FIELD(1, fused_activation);  // i8
}
namespace add {
FIELD(0, fused_activation);  // i8
FIELD(1, pot_scale_int16);   // bool = true
}
namespace sub {
FIELD(0, fused_activation);  // i8
FIELD(1, pot_scale_int16);   // bool = true
}
namespace mul {
FIELD(0, fused_activation);  // i8
}
namespace div {
FIELD(0, fused_activation);  // i8
}
namespace l2_normalization {
FIELD(0, fused_activation);  // i8
}
namespace local_response_normalization {
FIELD(0, radius);  // i32
FIELD(1, bias);    // f32
FIELD(2, alpha);   // f32
FIELD(3, beta);    // f32
}
namespace resize_bilinear {
FIELD(2, align_corners);       // bool
FIELD(3, half_pixel_centers);  // bool
}
namespace resize_nearest_neighbor {
FIELD(0, align_corners);       // bool
FIELD(1, half_pixel_centers);  // bool
}
namespace reshape {
FIELD(0, new_shape);  // vector of i32
}
namespace space_to_depth {
FIELD(0, block_size);  // i32
}
namespace depth_to_space {
FIELD(0, block_size);  // i32
}
namespace gather {
FIELD(0, axis);        // i32
FIELD(1, batch_dims);  // i32
}
namespace reducer {  // MEAN, SUM, REDUCE_*
FIELD(0, keep_dims);  // bool
}
namespace squeeze {
FIELD(0, squeeze_dims);  // vector of i32
}
namespace split {
FIELD(0, num_splits);  // i32
}
namespace split_v {
FIELD(0, num_splits);  // i32
}
namespace strided_slice {
FIELD(0, begin_mask);        // i32
FIELD(1, end_mask);          // i32
FIELD(2, ellipsis_mask);     // i32
FIELD(3, new_axis_mask);     // i32
FIELD(4, shrink_axis_mask);  // i32
FIELD(5, offset);            // bool
}
namespace cast {
FIELD(0, in_data_type);   // i8, element type
FIELD(1, out_data_type);  // i8, element type
}
namespace arg_max {  // also ARG_MIN
FIELD(0, output_type);  // i8, element type
}
namespace shape {
FIELD(0, out_type);  // i8, element type
}
namespace fake_quant {
FIELD(0, min);           // f32
FIELD(1, max);           // f32
FIELD(2, num_bits);      // i32
FIELD(3, narrow_range);  // bool
}
namespace pack {
FIELD(0, values_count);  // i32
FIELD(1, axis);          // i32
}
namespace unpack {
FIELD(0, num);   // i32
FIELD(1, axis);  // i32
}
namespace one_hot {
FIELD(0, axis);  // i32
}
namespace leaky_relu {
FIELD(0, alpha);  // f32
}
namespace mirror_pad {
FIELD(0, mode);  // i8
}
namespace unique {
FIELD(0, idx_out_type);  // i8, element type = INT32
}
namespace reverse_sequence {
FIELD(0, seq_dim);    // i32
FIELD(1, batch_dim);  // i32
}
namespace sparse_to_dense {
FIELD(0, validate_indices);  // bool
}
namespace if_ {
FIELD(0, then_subgraph_index);  // i32
FIELD(1, else_subgraph_index);  // i32
}
namespace while_ {
FIELD(0, cond_subgraph_index);  // i32
FIELD(1, body_subgraph_index);  // i32
}
namespace call {
FIELD(0, subgraph);  // i32
}
namespace call_once {
FIELD(0, init_subgraph_index);  // i32
}
namespace cumsum {
FIELD(0, exclusive);  // bool
FIELD(1, reverse);    // bool
}
namespace hashtable {
FIELD(0, table_id);     // i32
FIELD(1, key_dtype);    // i8, element type
FIELD(2, value_dtype);  // i8, element type
}
namespace var_handle {
FIELD(0, container);    // string
FIELD(1, shared_name);  // string
}
namespace random {
FIELD(0, seed);   // i64
FIELD(1, seed2);  // i64
}
namespace bucketize {
FIELD(0, boundaries);  // vector of f32
}
namespace gelu {
FIELD(0, approximate);  // bool
}
namespace stablehlo_composite {  // in options_2
FIELD(0, name);                          // string
FIELD(1, decomposition_subgraph_index);  // i32
FIELD(2, composite_attributes);          // vector of u8, a FlexBuffers map
FIELD(3, composite_attributes_format);   // i8, 0 = FlexBuffers
FIELD(4, version);                       // i32
}

#undef FIELD

}  // namespace thimble::tflite_field
