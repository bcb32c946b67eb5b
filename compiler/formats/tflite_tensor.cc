// Tensors of a TensorFlow Lite file: shape, type, constant data, quantisation, all checked.
#include "formats/printable.h"
#include "formats/tflite_reader.h"
#include "formats/tflite_schema.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace thimble::tflite_reader {

namespace {

namespace schema = tflite_schema;

// A file states dimensions as int32; the product of all must fit int64.
std::vector<int64_t> read_shape(const FlatTable& table)
{
    std::vector<int64_t> shape;
    int64_t count = 1;
    for (int32_t dimension : table.vector<int32_t>(schema::tensor::shape)) {
        if (dimension < 0) {
            fail_malformed(table.place(schema::tensor::shape),
                           fmt::format("dimension {}", dimension),
                           "no negative dimension (an unknown one stands in shape_signature)");
        }
        if (__builtin_mul_overflow(count, std::max<int64_t>(dimension, 1), &count)) {
            fail_malformed(table.place(schema::tensor::shape), "more than 2^63 elements",
                           "a shape that fits a computer");
        }
        shape.push_back(dimension);
    }
    return shape;
}

std::vector<int64_t> read_shape_signature(const FlatTable& table, size_t rank)
{
    const std::vector<int32_t> stored = table.vector<int32_t>(schema::tensor::shape_signature);
    if (stored.empty()) return {};
    if (stored.size() != rank || *std::min_element(stored.begin(), stored.end()) < -1) {
        fail_malformed(table.place(schema::tensor::shape_signature),
                       fmt::format("[{}]", fmt::join(stored, ", ")),
                       fmt::format("{} dimensions of at least -1", rank));
    }
    return {stored.begin(), stored.end()};
}

TfliteType read_type(const FlatTable& table)
{
    constexpr int kTypeCount = 0
#define TFLITE_TYPE(number, name, enumerator, bits) +1
#include "formats/tflite_types.def"
#undef TFLITE_TYPE
        ;
    const int number = table.i8(schema::tensor::type);
    if (number < 0 || number >= kTypeCount) {
        fail_malformed(table.place(schema::tensor::type), fmt::format("element type {}", number),
                       fmt::format("a number from 0 to {}", kTypeCount - 1));
    }
    return static_cast<TfliteType>(number);
}

// Range of the zero points that a type can hold, or false for a type that stores no integers.
bool zero_point_range(TfliteType type, int64_t& low, int64_t& high)
{
    const int bits = tflite_type_bits(type);
    switch (type) {
        case TfliteType::int2:
        case TfliteType::int4:
        case TfliteType::int8:
        case TfliteType::int16:
        case TfliteType::int32:
            low = -(int64_t{1} << (bits - 1));
            high = (int64_t{1} << (bits - 1)) - 1;
            return true;
        case TfliteType::uint4:
        case TfliteType::uint8:
        case TfliteType::uint16:
        case TfliteType::uint32:
            low = 0;
            high = (int64_t{1} << bits) - 1;
            return true;
        case TfliteType::int64:
            low = INT64_MIN;
            high = INT64_MAX;
            return true;
        default:
            return false;
    }
}

[[noreturn]] void fail_quantization(const FlatTable& table, FlatField field, std::string found,
                                    std::string expected)
{
    fail(ErrorCode::T0205, {table.place(field), std::move(found), std::move(expected),
                            "convert the model again; `thimble inspect` shows its tensors"});
}

void check_scales(const FlatTable& table, const TfliteTensor& tensor, TfliteQuantization& q)
{
    for (float scale : q.scales) {
        if (std::isfinite(scale) && scale > 0) continue;
        fail_quantization(table, schema::quantization::scale, fmt::format("a scale of {}", scale),
                          "finite scales above 0");
    }
    const auto rank = static_cast<int>(tensor.shape.size());
    if (q.scales.size() > 1) {
        // Old converters gave the biases of a convolution the dimension of its filter.
        if (rank == 1) q.quantized_dimension = 0;
        if (q.quantized_dimension < 0 || q.quantized_dimension >= rank) {
            fail_quantization(table, schema::quantization::quantized_dimension,
                              fmt::format("{}", q.quantized_dimension),
                              fmt::format("a dimension of a tensor of rank {}", rank));
        }
        const int64_t channels = tensor.shape[static_cast<size_t>(q.quantized_dimension)];
        if (static_cast<int64_t>(q.scales.size()) != channels) {
            fail_quantization(table, schema::quantization::scale,
                              fmt::format("{} scales", q.scales.size()),
                              fmt::format("1, or {} for dimension {} of [{}]", channels,
                                          q.quantized_dimension, fmt::join(tensor.shape, ", ")));
        }
    }
}

void check_zero_points(const FlatTable& table, const TfliteTensor& tensor, TfliteQuantization& q)
{
    // Symmetric quantisation may leave the list away, or state one zero point for all channels.
    if (q.zero_points.empty()) q.zero_points.assign(1, 0);
    if (q.zero_points.size() == 1) q.zero_points.resize(q.scales.size(), q.zero_points[0]);
    if (q.zero_points.size() != q.scales.size()) {
        fail_quantization(table, schema::quantization::zero_point,
                          fmt::format("{} zero points for {} scales", q.zero_points.size(),
                                      q.scales.size()),
                          "as many zero points as scales");
    }
    int64_t low = 0;
    int64_t high = 0;
    zero_point_range(tensor.type, low, high);
    for (int64_t zero_point : q.zero_points) {
        if (zero_point >= low && zero_point <= high) continue;
        fail_quantization(table, schema::quantization::zero_point,
                          fmt::format("a zero point of {}", zero_point),
                          fmt::format("{} to {} for {}", low, high, tflite_type_name(tensor.type)));
    }
}

TfliteQuantization read_quantization(const FlatTable& table, const TfliteTensor& tensor)
{
    TfliteQuantization q;
    if (!table.in_file()) return q;
    q.min = table.vector<float>(schema::quantization::min);
    q.max = table.vector<float>(schema::quantization::max);
    q.quantized_dimension = table.i32(schema::quantization::quantized_dimension);
    const int details_type = table.u8(schema::quantization::details_type);
    if (details_type != 0) {
        const FlatTable details = table.table(schema::quantization::details);
        q.kind = TfliteQuantizationKind::custom;
        if (details_type == schema::kBlockwiseQuantization) {
            q.kind = TfliteQuantizationKind::blockwise;
        } else if (details_type == schema::kMultiAxisQuantization) {
            q.kind = TfliteQuantizationKind::multi_axis;
        }
        if (q.kind != TfliteQuantizationKind::custom) {
            q.scales_tensor = details.i32(schema::blockwise::scales);
            q.zero_points_tensor = details.i32(schema::blockwise::zero_points);
            q.block_size = details.i32(schema::blockwise::block_size);
        }
        return q;
    }
    int64_t low = 0;
    int64_t high = 0;
    // The scale of a tensor that holds no integers means nothing; converters leave some behind.
    if (!zero_point_range(tensor.type, low, high)) return q;
    q.scales = table.vector<float>(schema::quantization::scale);
    const bool all_zero =
        std::all_of(q.scales.begin(), q.scales.end(), [](float scale) { return scale == 0; });
    if (all_zero) {
        q.scales.clear();
        return q;
    }
    q.kind = TfliteQuantizationKind::affine;
    q.zero_points = table.vector<int64_t>(schema::quantization::zero_point);
    check_scales(table, tensor, q);
    check_zero_points(table, tensor, q);
    return q;
}

// Marks what cannot be read, and checks the size of what can.
void read_data(const FlatTable& table, const TfliteModel& model,
               const ExternalBuffers& external_buffers, TfliteTensor& tensor)
{
    const uint32_t external = table.u32(schema::tensor::external_buffer);
    if (external != 0) {
        const auto found = external_buffers.find(external);
        tensor.storage_problem = fmt::format(
            "is stored outside of the model, in external buffer {}{}", external,
            found == external_buffers.end() ? "" : fmt::format(" of file '{}'", found->second));
        return;
    }
    tensor.data = model.buffers[static_cast<size_t>(tensor.buffer)].data;
    if (tensor.is_sparse) {
        tensor.storage_problem = "is stored sparsely";
        return;
    }
    switch (tensor.quantization.kind) {
        case TfliteQuantizationKind::none:
        case TfliteQuantizationKind::affine: break;
        case TfliteQuantizationKind::blockwise:
            tensor.storage_problem = "is quantised in blocks";
            break;
        case TfliteQuantizationKind::multi_axis:
            tensor.storage_problem = "is quantised along several dimensions";
            break;
        case TfliteQuantizationKind::custom:
            tensor.storage_problem = "is quantised by a custom rule";
            break;
    }
    if (tensor.data.empty() || tflite_type_bits(tensor.type) == 0) return;
    int64_t element_count = 1;
    for (int64_t dimension : tensor.shape) element_count *= dimension;
    // 16 bytes per element at most: below 2^59 elements the size in bytes fits int64.
    const bool countable = element_count < (int64_t{1} << 59);
    const int64_t needed = countable ? tflite_data_bytes(tensor.type, element_count) : INT64_MAX;
    if (static_cast<int64_t>(tensor.data.size()) == needed) return;
    fail_malformed(table.place(FlatField(schema::tensor::buffer.number, "data")),
                   fmt::format("{} bytes", tensor.data.size()),
                   fmt::format("{} for {} [{}]", needed, tflite_type_name(tensor.type),
                               fmt::join(tensor.shape, ", ")));
}

}  // namespace

TfliteTensor read_tensor(FlatTable& table, const TfliteModel& model,
                         const ExternalBuffers& external_buffers)
{
    TfliteTensor tensor;
    tensor.name = printable(table.string(schema::tensor::name));
    if (!tensor.name.empty()) table.set_place(fmt::format("{} '{}'", table.place(), tensor.name));
    tensor.type = read_type(table);
    tensor.shape = read_shape(table);
    tensor.shape_signature = read_shape_signature(table, tensor.shape.size());
    tensor.has_rank = table.boolean(schema::tensor::has_rank) || !tensor.shape.empty();
    tensor.is_variable = table.boolean(schema::tensor::is_variable);
    tensor.is_sparse = table.has(schema::tensor::sparsity);
    const uint32_t buffer = table.u32(schema::tensor::buffer);
    require_index(buffer, model.buffers.size(), table.place(schema::tensor::buffer), "buffer");
    tensor.buffer = static_cast<int>(buffer);
    tensor.quantization = read_quantization(table.table(schema::tensor::quantization), tensor);
    read_data(table, model, external_buffers, tensor);
    return tensor;
}

}  // namespace thimble::tflite_reader
