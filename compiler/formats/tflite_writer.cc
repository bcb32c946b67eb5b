#include "formats/tflite_writer.h"

#include "base/error.h"
#include "formats/tflite_schema.h"

#include <algorithm>
#include <charconv>
#include <flatbuffers/flatbuffers.h>

namespace thimble {

namespace {

namespace schema = tflite_schema;
namespace fb = flatbuffers;
using AnyOffset = fb::Offset<void>;

constexpr size_t kBufferAlignment = 16;  // runtimes read the weights in place

// FlatBuffers are written from the leaves to the root: every string, vector and sub-table stands in
// the buffer before the table that refers to it is begun.
class TfliteWriter {
public:
    explicit TfliteWriter(const TfliteDraft& draft) : draft_(draft) {}
    std::vector<uint8_t> write();

private:
    struct Code {
        std::string name;
        int version;
    };

    static fb::voffset_t slot(FlatField field)
    {
        return fb::FieldIndexToOffset(static_cast<fb::voffset_t>(field.number));
    }
    void add_offset(FlatField field, AnyOffset offset)
    {
        if (!offset.IsNull()) builder_.AddOffset(slot(field), offset);
    }
    template <typename T>
    void add(FlatField field, T value)
    {
        builder_.AddElement<T>(slot(field), value);
    }
    AnyOffset end(fb::uoffset_t start) { return AnyOffset(builder_.EndTable(start)); }

    AnyOffset text(const std::string& value) { return builder_.CreateString(value).Union(); }
    // Absent when empty.
    template <typename To, typename From>
    AnyOffset vector(const std::vector<From>& values)
    {
        if (values.empty()) return {};
        const std::vector<To> converted(values.begin(), values.end());
        return builder_.CreateVector(converted).Union();
    }
    AnyOffset tables(const std::vector<AnyOffset>& offsets)
    {
        return builder_.CreateVector(offsets.data(), offsets.size()).Union();
    }

    uint32_t operator_code_index(const TfliteDraftOperator& op);
    uint32_t buffer_index(const std::vector<uint8_t>& data);
    AnyOffset write_quantization(const TfliteDraftTensor& tensor);
    AnyOffset write_tensor(const TfliteDraftTensor& tensor);
    AnyOffset write_option_value(const TfliteOption& option);
    AnyOffset write_options(const std::vector<TfliteOption>& options);
    AnyOffset write_operator(const TfliteDraftOperator& op);
    AnyOffset write_subgraph(const TfliteDraftSubgraph& subgraph);
    AnyOffset write_operator_code(const Code& code);
    AnyOffset write_buffer(const std::vector<uint8_t>& data);
    AnyOffset write_signature_tensors(const std::vector<TfliteSignatureTensor>& tensors);
    AnyOffset write_signature(const TfliteSignature& signature);
    AnyOffset write_metadata(const TfliteDraftMetadata& metadata);

    const TfliteDraft& draft_;
    fb::FlatBufferBuilder builder_;
    std::vector<Code> codes_;
    // Buffer 0 is empty by convention: tensors without data point to it.
    std::vector<const std::vector<uint8_t>*> buffers_ = {nullptr};
};

// The number behind "BUILTIN_", or of the operator with this name.
int builtin_code(const std::string& name)
{
    if (name.starts_with("CUSTOM:")) return schema::kCustomCode;
    constexpr std::string_view kPrefix = "BUILTIN_";
    if (name.starts_with(kPrefix)) {
        int number = 0;
        std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
        return number;
    }
    const int code = tflite_operator_code(name);
    THIMBLE_CHECK(code >= 0, "a draft names its operators as TensorFlow Lite does");
    return code;
}

uint32_t TfliteWriter::operator_code_index(const TfliteDraftOperator& op)
{
    const auto same = [&](const Code& code) {
        return code.name == op.name && code.version == op.version;
    };
    const auto found = std::find_if(codes_.begin(), codes_.end(), same);
    if (found != codes_.end()) return static_cast<uint32_t>(found - codes_.begin());
    codes_.push_back({op.name, op.version});
    return static_cast<uint32_t>(codes_.size() - 1);
}

uint32_t TfliteWriter::buffer_index(const std::vector<uint8_t>& data)
{
    if (data.empty()) return 0;
    buffers_.push_back(&data);
    return static_cast<uint32_t>(buffers_.size() - 1);
}

AnyOffset TfliteWriter::write_quantization(const TfliteDraftTensor& tensor)
{
    if (tensor.scales.empty() && tensor.zero_points.empty()) return {};
    const AnyOffset scales = vector<float>(tensor.scales);
    const AnyOffset zero_points = vector<int64_t>(tensor.zero_points);
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::quantization::scale, scales);
    add_offset(schema::quantization::zero_point, zero_points);
    add<int32_t>(schema::quantization::quantized_dimension, tensor.quantized_dimension);
    return end(start);
}

AnyOffset TfliteWriter::write_tensor(const TfliteDraftTensor& tensor)
{
    const AnyOffset name = text(tensor.name);
    const AnyOffset shape = vector<int32_t>(tensor.shape);
    const AnyOffset signature = vector<int32_t>(tensor.shape_signature);
    const AnyOffset quantization = write_quantization(tensor);
    AnyOffset sparsity;
    if (tensor.is_sparse) sparsity = end(builder_.StartTable());
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::tensor::shape, shape);
    add<int8_t>(schema::tensor::type, static_cast<int8_t>(tensor.type));
    add<uint32_t>(schema::tensor::buffer, buffer_index(tensor.data));
    add_offset(schema::tensor::name, name);
    add_offset(schema::tensor::quantization, quantization);
    if (tensor.is_variable) add<uint8_t>(schema::tensor::is_variable, 1);
    add_offset(schema::tensor::sparsity, sparsity);
    add_offset(schema::tensor::shape_signature, signature);
    add<uint8_t>(schema::tensor::has_rank, 1);
    if (tensor.external_buffer != 0) {
        add<uint32_t>(schema::tensor::external_buffer, tensor.external_buffer);
    }
    return end(start);
}

// The string or vector of an option, written ahead of its table; null for a scalar.
AnyOffset TfliteWriter::write_option_value(const TfliteOption& option)
{
    if (const auto* value = std::get_if<std::string>(&option.value)) return text(*value);
    if (const auto* value = std::get_if<std::vector<int32_t>>(&option.value)) {
        return builder_.CreateVector(*value).Union();
    }
    if (const auto* value = std::get_if<std::vector<float>>(&option.value)) {
        return builder_.CreateVector(*value).Union();
    }
    if (const auto* value = std::get_if<std::vector<uint8_t>>(&option.value)) {
        return builder_.CreateVector(*value).Union();
    }
    return {};
}

AnyOffset TfliteWriter::write_options(const std::vector<TfliteOption>& options)
{
    std::vector<AnyOffset> offsets;
    for (const TfliteOption& option : options) offsets.push_back(write_option_value(option));
    const fb::uoffset_t start = builder_.StartTable();
    for (size_t i = 0; i < options.size(); ++i) {
        const FlatField field = options[i].field;
        const auto& value = options[i].value;
        if (const auto* i8 = std::get_if<int8_t>(&value)) add(field, *i8);
        if (const auto* i32 = std::get_if<int32_t>(&value)) add(field, *i32);
        if (const auto* i64 = std::get_if<int64_t>(&value)) add(field, *i64);
        if (const auto* f32 = std::get_if<float>(&value)) add(field, *f32);
        if (const auto* flag = std::get_if<bool>(&value)) add<uint8_t>(field, *flag ? 1 : 0);
        add_offset(field, offsets[i]);
    }
    return end(start);
}

AnyOffset TfliteWriter::write_operator(const TfliteDraftOperator& op)
{
    const int code = builtin_code(op.name);
    const bool second_union = tflite_options_2_type(code) != 0;
    const int own_type = second_union ? tflite_options_2_type(code) : tflite_options_type(code);
    const int type = op.options_type >= 0 ? op.options_type : own_type;
    const AnyOffset options = type == 0 ? AnyOffset() : write_options(op.options);
    const AnyOffset inputs = vector<int32_t>(op.inputs);
    const AnyOffset outputs = vector<int32_t>(op.outputs);
    const AnyOffset intermediates = vector<int32_t>(op.intermediates);
    const AnyOffset custom = vector<uint8_t>(op.custom_options);
    const AnyOffset mutating = vector<uint8_t>(op.mutating_variable_inputs);
    const fb::uoffset_t start = builder_.StartTable();
    add<uint32_t>(schema::operation::opcode_index, operator_code_index(op));
    add_offset(schema::operation::inputs, inputs);
    add_offset(schema::operation::outputs, outputs);
    if (type != 0) {
        add<uint8_t>(second_union ? schema::operation::builtin_options_2_type
                                  : schema::operation::builtin_options_type,
                     static_cast<uint8_t>(type));
        add_offset(second_union ? schema::operation::builtin_options_2
                                : schema::operation::builtin_options,
                   options);
    }
    add_offset(schema::operation::custom_options, custom);
    add_offset(schema::operation::mutating_variable_inputs, mutating);
    add_offset(schema::operation::intermediates, intermediates);
    return end(start);
}

AnyOffset TfliteWriter::write_subgraph(const TfliteDraftSubgraph& subgraph)
{
    std::vector<AnyOffset> tensor_offsets;
    std::vector<AnyOffset> operator_offsets;
    for (const TfliteDraftTensor& tensor : subgraph.tensors) {
        tensor_offsets.push_back(write_tensor(tensor));
    }
    for (const TfliteDraftOperator& op : subgraph.operators) {
        operator_offsets.push_back(write_operator(op));
    }
    const AnyOffset tensors = tables(tensor_offsets);
    const AnyOffset operators = tables(operator_offsets);
    const AnyOffset inputs = builder_.CreateVector(subgraph.inputs).Union();
    const AnyOffset outputs = builder_.CreateVector(subgraph.outputs).Union();
    const AnyOffset name = text(subgraph.name);
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::subgraph::tensors, tensors);
    add_offset(schema::subgraph::inputs, inputs);
    add_offset(schema::subgraph::outputs, outputs);
    add_offset(schema::subgraph::operators, operators);
    add_offset(schema::subgraph::name, name);
    return end(start);
}

AnyOffset TfliteWriter::write_operator_code(const Code& code)
{
    const int number = builtin_code(code.name);
    AnyOffset custom;
    if (number == schema::kCustomCode) {
        custom = text(code.name.substr(std::string_view("CUSTOM:").size()));
    }
    const fb::uoffset_t start = builder_.StartTable();
    add<int8_t>(schema::operator_code::deprecated_builtin_code,
                static_cast<int8_t>(std::min(number, schema::kLargestOldCode)));
    add_offset(schema::operator_code::custom_code, custom);
    add<int32_t>(schema::operator_code::version, code.version);
    add<int32_t>(schema::operator_code::builtin_code, number);
    return end(start);
}

AnyOffset TfliteWriter::write_buffer(const std::vector<uint8_t>& data)
{
    builder_.ForceVectorAlignment(data.size(), 1, kBufferAlignment);
    const AnyOffset bytes = builder_.CreateVector(data).Union();
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::buffer::data, bytes);
    return end(start);
}

AnyOffset TfliteWriter::write_signature_tensors(const std::vector<TfliteSignatureTensor>& tensors)
{
    std::vector<AnyOffset> offsets;
    for (const TfliteSignatureTensor& tensor : tensors) {
        const AnyOffset name = text(tensor.name);
        const fb::uoffset_t start = builder_.StartTable();
        add_offset(schema::tensor_map::name, name);
        add<uint32_t>(schema::tensor_map::tensor_index, static_cast<uint32_t>(tensor.tensor));
        offsets.push_back(end(start));
    }
    return tables(offsets);
}

AnyOffset TfliteWriter::write_signature(const TfliteSignature& signature)
{
    const AnyOffset inputs = write_signature_tensors(signature.inputs);
    const AnyOffset outputs = write_signature_tensors(signature.outputs);
    const AnyOffset key = text(signature.key);
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::signature::inputs, inputs);
    add_offset(schema::signature::outputs, outputs);
    add_offset(schema::signature::signature_key, key);
    add<uint32_t>(schema::signature::subgraph_index, static_cast<uint32_t>(signature.subgraph));
    return end(start);
}

AnyOffset TfliteWriter::write_metadata(const TfliteDraftMetadata& metadata)
{
    const AnyOffset name = text(metadata.name);
    const fb::uoffset_t start = builder_.StartTable();
    add_offset(schema::metadata::name, name);
    add<uint32_t>(schema::metadata::buffer, buffer_index(metadata.data));
    return end(start);
}

std::vector<uint8_t> TfliteWriter::write()
{
    std::vector<AnyOffset> subgraphs;
    std::vector<AnyOffset> signatures;
    std::vector<AnyOffset> metadata;
    std::vector<AnyOffset> codes;
    std::vector<AnyOffset> buffers;
    for (const auto& subgraph : draft_.subgraphs) subgraphs.push_back(write_subgraph(subgraph));
    for (const auto& signature : draft_.signatures) {
        signatures.push_back(write_signature(signature));
    }
    for (const auto& entry : draft_.metadata) metadata.push_back(write_metadata(entry));
    for (const Code& code : codes_) codes.push_back(write_operator_code(code));
    for (const std::vector<uint8_t>* data : buffers_) {
        buffers.push_back(data == nullptr ? end(builder_.StartTable()) : write_buffer(*data));
    }
    const AnyOffset code_tables = tables(codes);
    const AnyOffset subgraph_tables = tables(subgraphs);
    const AnyOffset description = text(draft_.description);
    const AnyOffset buffer_tables = tables(buffers);
    const AnyOffset metadata_tables = metadata.empty() ? AnyOffset() : tables(metadata);
    const AnyOffset signature_tables = signatures.empty() ? AnyOffset() : tables(signatures);
    const fb::uoffset_t start = builder_.StartTable();
    add<uint32_t>(schema::model::version, schema::kVersion);
    add_offset(schema::model::operator_codes, code_tables);
    add_offset(schema::model::subgraphs, subgraph_tables);
    add_offset(schema::model::description, description);
    add_offset(schema::model::buffers, buffer_tables);
    add_offset(schema::model::metadata, metadata_tables);
    add_offset(schema::model::signature_defs, signature_tables);
    builder_.Finish(end(start), schema::kIdentifier.data());
    return {builder_.GetBufferPointer(), builder_.GetBufferPointer() + builder_.GetSize()};
}

}  // namespace

std::vector<uint8_t> write_tflite(const TfliteDraft& draft) { return TfliteWriter(draft).write(); }

}  // namespace thimble
