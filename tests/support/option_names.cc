// Names of the option fields of every operator, for text cases.
#include "op_case.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace thimble {

namespace {

struct OptionNames {
    std::vector<std::string_view> ops;
    std::vector<FlatField> fields;
};

const std::vector<OptionNames>& option_names()
{
    using namespace tflite_field;
    static const std::vector<OptionNames> names = {
        {{"ADD"}, {add::fused_activation, add::pot_scale_int16}},
        {{"AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D"},
         {pool2d::padding, pool2d::stride_w, pool2d::stride_h, pool2d::filter_w, pool2d::filter_h,
          pool2d::fused_activation}},
        {{"CONCATENATION"}, {concatenation::axis, concatenation::fused_activation}},
        {{"CONV_2D"},
         {conv2d::padding, conv2d::stride_w, conv2d::stride_h, conv2d::fused_activation,
          conv2d::dilation_w, conv2d::dilation_h, conv2d::quantized_bias_type}},
        {{"DEPTHWISE_CONV_2D"},
         {depthwise_conv2d::padding, depthwise_conv2d::stride_w, depthwise_conv2d::stride_h,
          depthwise_conv2d::depth_multiplier, depthwise_conv2d::fused_activation,
          depthwise_conv2d::dilation_w, depthwise_conv2d::dilation_h}},
        {{"DEPTH_TO_SPACE"}, {depth_to_space::block_size}},
        {{"FULLY_CONNECTED"},
         {fully_connected::fused_activation, fully_connected::weights_format,
          fully_connected::keep_num_dims, fully_connected::asymmetric_quantize_inputs,
          fully_connected::quantized_bias_type}},
        {{"L2_NORMALIZATION"}, {l2_normalization::fused_activation}},
        {{"LOCAL_RESPONSE_NORMALIZATION"},
         {local_response_normalization::radius, local_response_normalization::bias,
          local_response_normalization::alpha, local_response_normalization::beta}},
        {{"LSTM"},
         {lstm::fused_activation, lstm::cell_clip, lstm::proj_clip, lstm::kernel_type,
          lstm::asymmetric_quantize_inputs}},
        {{"MUL"}, {mul::fused_activation}},
        {{"RESHAPE"}, {reshape::new_shape}},
        {{"RESIZE_BILINEAR"},
         {resize_bilinear::align_corners, resize_bilinear::half_pixel_centers}},
        {{"RNN"}, {rnn::fused_activation, rnn::asymmetric_quantize_inputs}},
        {{"SOFTMAX"}, {softmax::beta}},
        {{"SPACE_TO_DEPTH"}, {space_to_depth::block_size}},
        {{"SVDF"}, {svdf::rank, svdf::fused_activation, svdf::asymmetric_quantize_inputs}},
        {{"UNIDIRECTIONAL_SEQUENCE_RNN"},
         {sequence_rnn::time_major, sequence_rnn::fused_activation,
          sequence_rnn::asymmetric_quantize_inputs}},
        {{"GATHER"}, {gather::axis, gather::batch_dims}},
        {{"MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL"},
         {reducer::keep_dims}},
        {{"SUB"}, {sub::fused_activation, sub::pot_scale_int16}},
        {{"DIV"}, {div::fused_activation}},
        {{"SQUEEZE"}, {squeeze::squeeze_dims}},
        {{"UNIDIRECTIONAL_SEQUENCE_LSTM"},
         {sequence_lstm::fused_activation, sequence_lstm::cell_clip, sequence_lstm::proj_clip,
          sequence_lstm::time_major, sequence_lstm::asymmetric_quantize_inputs,
          sequence_lstm::diagonal_recurrent_tensors}},
        {{"STRIDED_SLICE"},
         {strided_slice::begin_mask, strided_slice::end_mask, strided_slice::ellipsis_mask,
          strided_slice::new_axis_mask, strided_slice::shrink_axis_mask, strided_slice::offset}},
        {{"BIDIRECTIONAL_SEQUENCE_RNN"},
         {bidirectional_sequence_rnn::time_major, bidirectional_sequence_rnn::fused_activation,
          bidirectional_sequence_rnn::merge_outputs,
          bidirectional_sequence_rnn::asymmetric_quantize_inputs}},
        {{"SPLIT"}, {split::num_splits}},
        {{"BIDIRECTIONAL_SEQUENCE_LSTM"},
         {bidirectional_sequence_lstm::fused_activation, bidirectional_sequence_lstm::cell_clip,
          bidirectional_sequence_lstm::proj_clip, bidirectional_sequence_lstm::merge_outputs,
          bidirectional_sequence_lstm::time_major,
          bidirectional_sequence_lstm::asymmetric_quantize_inputs}},
        {{"CAST"}, {cast::in_data_type, cast::out_data_type}},
        {{"ARG_MAX", "ARG_MIN"}, {arg_max::output_type}},
        {{"TRANSPOSE_CONV"},
         {transpose_conv::padding, transpose_conv::stride_w, transpose_conv::stride_h,
          transpose_conv::fused_activation, transpose_conv::quantized_bias_type}},
        {{"SPARSE_TO_DENSE"}, {sparse_to_dense::validate_indices}},
        {{"SHAPE"}, {shape::out_type}},
        {{"FAKE_QUANT"},
         {fake_quant::min, fake_quant::max, fake_quant::num_bits, fake_quant::narrow_range}},
        {{"PACK"}, {pack::values_count, pack::axis}},
        {{"ONE_HOT"}, {one_hot::axis}},
        {{"UNPACK"}, {unpack::num, unpack::axis}},
        {{"RESIZE_NEAREST_NEIGHBOR"},
         {resize_nearest_neighbor::align_corners, resize_nearest_neighbor::half_pixel_centers}},
        {{"LEAKY_RELU"}, {leaky_relu::alpha}},
        {{"MIRROR_PAD"}, {mirror_pad::mode}},
        {{"SPLIT_V"}, {split_v::num_splits}},
        {{"UNIQUE"}, {unique::idx_out_type}},
        {{"REVERSE_SEQUENCE"}, {reverse_sequence::seq_dim, reverse_sequence::batch_dim}},
        {{"IF"}, {if_::then_subgraph_index, if_::else_subgraph_index}},
        {{"WHILE"}, {while_::cond_subgraph_index, while_::body_subgraph_index}},
        {{"BATCH_MATMUL"},
         {batch_matmul::adj_x, batch_matmul::adj_y, batch_matmul::asymmetric_quantize_inputs}},
        {{"CUMSUM"}, {cumsum::exclusive, cumsum::reverse}},
        {{"CALL_ONCE"}, {call_once::init_subgraph_index}},
        {{"CONV_3D", "CONV_3D_TRANSPOSE"},
         {conv3d::padding, conv3d::stride_d, conv3d::stride_w, conv3d::stride_h,
          conv3d::fused_activation, conv3d::dilation_d, conv3d::dilation_w, conv3d::dilation_h}},
        {{"HASHTABLE"}, {hashtable::table_id, hashtable::key_dtype, hashtable::value_dtype}},
        {{"VAR_HANDLE"}, {var_handle::container, var_handle::shared_name}},
        {{"RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "MULTINOMIAL"},
         {random::seed, random::seed2}},
        {{"BUCKETIZE"}, {bucketize::boundaries}},
        {{"GELU"}, {gelu::approximate}},
        {{"STABLEHLO_COMPOSITE"},
         {stablehlo_composite::name, stablehlo_composite::decomposition_subgraph_index,
          stablehlo_composite::composite_attributes,
          stablehlo_composite::composite_attributes_format, stablehlo_composite::version}},
    };
    return names;
}

}  // namespace

FlatField option_field(const std::string& op, const std::string& name)
{
    std::string known;
    for (const OptionNames& entry : option_names()) {
        if (std::ranges::find(entry.ops, op) == entry.ops.end()) continue;
        for (const FlatField& field : entry.fields) {
            if (field.name == name) return field;
            known += " " + std::string(field.name);
        }
    }
    throw std::runtime_error(
        fmt::format("{} has no option '{}'; known:{}", op, name, known.empty() ? " none" : known));
}

}  // namespace thimble
