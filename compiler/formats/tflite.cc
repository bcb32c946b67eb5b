#include "formats/tflite.h"

#include "base/error.h"
#include "base/file.h"
#include "formats/printable.h"
#include "formats/tflite_reader.h"
#include "formats/tflite_schema.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace tflite_reader {

void fail_malformed(std::string place, std::string found, std::string expected)
{
    fail(ErrorCode::T0104, {std::move(place), std::move(found), std::move(expected),
                            std::string(kExportAgain)});
}

void require_index(int64_t index, size_t count, const std::string& place, std::string_view what)
{
    if (index >= 0 && index < static_cast<int64_t>(count)) return;
    fail_malformed(place, fmt::format("{} {}", what, index),
                   count == 0 ? fmt::format("no {}: the file has none", what)
                              : fmt::format("a {} from 0 to {}", what, count - 1));
}

std::span<const uint8_t> file_extent(const TfliteModel& model, uint64_t offset, uint64_t size,
                                     const std::string& place)
{
    const uint64_t file_bytes = model.file->size();
    if (offset > file_bytes || size > file_bytes - offset) {
        fail_malformed(place, fmt::format("{} bytes at offset {}", size, offset),
                       fmt::format("an extent inside the file's {} bytes", file_bytes));
    }
    return std::span(*model.file).subspan(offset, size);
}

namespace {

namespace schema = tflite_schema;

void read_operator_codes(const FlatTable& root, TfliteModel& model)
{
    for (const FlatTable& table : root.tables(schema::model::operator_codes, "operator code")) {
        TfliteOperatorCode code;
        code.builtin_code = std::max<int>(table.i8(schema::operator_code::deprecated_builtin_code),
                                          table.i32(schema::operator_code::builtin_code));
        code.custom_code = printable(table.string(schema::operator_code::custom_code));
        code.version = table.i32(schema::operator_code::version, 1);
        code.name = code.builtin_code == schema::kCustomCode
                        ? "CUSTOM:" + code.custom_code
                        : tflite_operator_name(code.builtin_code);
        model.operator_codes.push_back(std::move(code));
    }
}

void read_buffers(const FlatTable& root, TfliteModel& model)
{
    for (const FlatTable& table : root.tables(schema::model::buffers, "buffer")) {
        const uint64_t offset = table.u64(schema::buffer::offset);
        std::span<const uint8_t> data = table.bytes(schema::buffer::data);
        if (offset > 1) {
            data = file_extent(model, offset, table.u64(schema::buffer::size),
                               table.place(schema::buffer::offset));
        }
        model.buffers.push_back({data});
    }
}

ExternalBuffers read_external_buffers(const FlatTable& root)
{
    std::vector<std::string> groups;
    for (const FlatTable& table :
         root.tables(schema::model::external_buffer_groups, "external buffer group")) {
        groups.push_back(printable(table.string(schema::external_buffer_group::name)));
    }
    ExternalBuffers result;
    for (const FlatTable& table : root.tables(schema::model::external_buffers, "external buffer")) {
        const uint32_t group = table.u32(schema::external_buffer::group);
        require_index(group, groups.size(), table.place(schema::external_buffer::group), "group");
        result[table.u32(schema::external_buffer::id)] = groups[group];
    }
    return result;
}

// Indices of tensors in their subgraph. `absent_allowed`: -1 stands for an optional tensor.
std::vector<int> read_tensor_list(const FlatTable& table, FlatField field, size_t tensor_count,
                                  bool absent_allowed)
{
    const std::vector<int32_t> stored = table.vector<int32_t>(field);
    for (int32_t index : stored) {
        if (index == -1 && absent_allowed) continue;
        require_index(index, tensor_count, table.place(field), "tensor");
    }
    return {stored.begin(), stored.end()};
}

std::span<const uint8_t> read_custom_options(const FlatTable& table, const TfliteModel& model)
{
    const uint64_t offset = table.u64(schema::operation::large_custom_options_offset);
    if (offset <= 1) return table.bytes(schema::operation::custom_options);
    return file_extent(model, offset, table.u64(schema::operation::large_custom_options_size),
                       table.place(schema::operation::large_custom_options_offset));
}

// Fields are read by number, so options of another operator's type would be misread.
FlatTable read_options(const FlatTable& table, FlatField type_field, FlatField options_field,
                       int expected_type, int& type)
{
    type = table.u8(type_field);
    if (type == 0) return {};
    if (type != expected_type) {
        fail_malformed(table.place(type_field), fmt::format("options of type {}", type),
                       expected_type == 0 ? "none for this operator"
                                          : fmt::format("type {}", expected_type));
    }
    return table.table(options_field);
}

TfliteOperator read_operator(FlatTable& table, size_t index, const std::string& subgraph_place,
                             const TfliteModel& model, size_t tensor_count)
{
    TfliteOperator op;
    const uint32_t opcode = table.u32(schema::operation::opcode_index);
    require_index(opcode, model.operator_codes.size(), table.place(schema::operation::opcode_index),
                  "operator code");
    const TfliteOperatorCode& code = model.operator_codes[opcode];
    op.opcode_index = static_cast<int>(opcode);
    op.builtin_code = code.builtin_code;
    op.name = code.name;
    op.version = code.version;
    table.set_place(fmt::format("{}: operator {} ({})", subgraph_place, index, op.name));
    op.inputs = read_tensor_list(table, schema::operation::inputs, tensor_count, true);
    op.outputs = read_tensor_list(table, schema::operation::outputs, tensor_count, false);
    op.intermediates =
        read_tensor_list(table, schema::operation::intermediates, tensor_count, true);
    op.options = read_options(table, schema::operation::builtin_options_type,
                              schema::operation::builtin_options,
                              tflite_options_type(op.builtin_code), op.options_type);
    op.options_2 = read_options(table, schema::operation::builtin_options_2_type,
                                schema::operation::builtin_options_2,
                                tflite_options_2_type(op.builtin_code), op.options_2_type);
    op.custom_options = read_custom_options(table, model);
    for (uint8_t flag : table.vector<uint8_t>(schema::operation::mutating_variable_inputs)) {
        op.mutating_variable_inputs.push_back(flag != 0);
    }
    const size_t flags = op.mutating_variable_inputs.size();
    if (flags != 0 && flags != op.inputs.size()) {
        fail_malformed(table.place(schema::operation::mutating_variable_inputs),
                       fmt::format("{} flags", flags),
                       fmt::format("none, or {}: one per input", op.inputs.size()));
    }
    return op;
}

// Blockwise scales lie in other tensors of the subgraph, which must exist.
void check_scale_tensors(const FlatTable& table, const TfliteSubgraph& subgraph)
{
    for (size_t i = 0; i < subgraph.tensors.size(); ++i) {
        const TfliteQuantization& q = subgraph.tensors[i].quantization;
        if (q.kind != TfliteQuantizationKind::blockwise &&
            q.kind != TfliteQuantizationKind::multi_axis) {
            continue;
        }
        const std::string place = fmt::format("{}: tensor {}: quantization", table.place(), i);
        require_index(q.scales_tensor, subgraph.tensors.size(), place, "tensor of scales");
        if (q.zero_points_tensor == -1) continue;
        require_index(q.zero_points_tensor, subgraph.tensors.size(), place,
                      "tensor of zero points");
    }
}

TfliteSubgraph read_subgraph(const FlatTable& table, const TfliteModel& model,
                             const ExternalBuffers& external_buffers)
{
    TfliteSubgraph subgraph;
    subgraph.name = printable(table.string(schema::subgraph::name));
    for (FlatTable& tensor : table.tables(schema::subgraph::tensors, "tensor")) {
        subgraph.tensors.push_back(read_tensor(tensor, model, external_buffers));
    }
    check_scale_tensors(table, subgraph);
    const size_t tensor_count = subgraph.tensors.size();
    subgraph.inputs = read_tensor_list(table, schema::subgraph::inputs, tensor_count, false);
    subgraph.outputs = read_tensor_list(table, schema::subgraph::outputs, tensor_count, false);
    for (FlatTable& op : table.tables(schema::subgraph::operators, "operator")) {
        subgraph.operators.push_back(
            read_operator(op, subgraph.operators.size(), table.place(), model, tensor_count));
    }
    return subgraph;
}

void read_metadata(const FlatTable& root, TfliteModel& model)
{
    for (const FlatTable& table : root.tables(schema::model::metadata, "metadata")) {
        const uint32_t buffer = table.u32(schema::metadata::buffer);
        require_index(buffer, model.buffers.size(), table.place(schema::metadata::buffer),
                      "buffer");
        model.metadata.push_back(
            {printable(table.string(schema::metadata::name)), static_cast<int>(buffer)});
    }
}

std::vector<TfliteSignatureTensor> read_signature_tensors(const FlatTable& table, FlatField field,
                                                          size_t tensor_count)
{
    std::vector<TfliteSignatureTensor> result;
    for (const FlatTable& entry : table.tables(field, field.name)) {
        const uint32_t tensor = entry.u32(schema::tensor_map::tensor_index);
        require_index(tensor, tensor_count, entry.place(schema::tensor_map::tensor_index),
                      "tensor");
        result.push_back(
            {printable(entry.string(schema::tensor_map::name)), static_cast<int>(tensor)});
    }
    return result;
}

void read_signatures(const FlatTable& root, TfliteModel& model)
{
    for (const FlatTable& table : root.tables(schema::model::signature_defs, "signature")) {
        const uint32_t subgraph = table.u32(schema::signature::subgraph_index);
        require_index(subgraph, model.subgraphs.size(),
                      table.place(schema::signature::subgraph_index), "subgraph");
        const size_t tensor_count = model.subgraphs[subgraph].tensors.size();
        model.signatures.push_back(
            {printable(table.string(schema::signature::signature_key)), static_cast<int>(subgraph),
             read_signature_tensors(table, schema::signature::inputs, tensor_count),
             read_signature_tensors(table, schema::signature::outputs, tensor_count)});
    }
}

void require_identifier(std::span<const uint8_t> bytes, const std::string& file_name)
{
    const std::string_view identifier = schema::kIdentifier;
    if (bytes.size() >= 8 &&
        std::memcmp(bytes.data() + 4, identifier.data(), identifier.size()) == 0) {
        return;
    }
    fail(ErrorCode::T0103,
         {file_name,
          bytes.empty() ? "is empty" : fmt::format("{} bytes without the mark TFL3", bytes.size()),
          "a TensorFlow Lite model: the letters TFL3 at offset 4",
          "check that the file is a .tflite model and was fetched completely"});
}

}  // namespace

}  // namespace tflite_reader

TfliteModel read_tflite(std::shared_ptr<const std::vector<uint8_t>> bytes,
                        std::string_view file_name)
{
    using namespace tflite_reader;
    TfliteModel model;
    model.file = std::move(bytes);
    model.file_name = file_name;
    require_identifier(*model.file, model.file_name);
    const FlatTable root = FlatTable::root(model.file, model.file_name);
    // Files with the structure of version 3 and a lower number exist; a file that really is older
    // has no buffers, and its tensors are refused for that.
    const uint32_t version = root.u32(schema::model::version);
    if (version > schema::kVersion) {
        fail_malformed(model.file_name, fmt::format("schema version {}", version),
                       fmt::format("version {}", schema::kVersion));
    }
    model.version = static_cast<int>(version);
    model.description = printable(root.string(schema::model::description));
    read_operator_codes(root, model);
    read_buffers(root, model);
    const ExternalBuffers external_buffers = read_external_buffers(root);
    for (const FlatTable& table : root.tables(schema::model::subgraphs, "subgraph")) {
        model.subgraphs.push_back(read_subgraph(table, model, external_buffers));
    }
    if (model.subgraphs.empty()) {
        fail_malformed(model.file_name, "0 subgraphs", "at least one subgraph");
    }
    if (model.subgraphs[0].operators.empty()) {
        fail_malformed(model.file_name + ": subgraph 0", "0 operators",
                       "a main subgraph that computes something");
    }
    read_metadata(root, model);
    read_signatures(root, model);
    return model;
}

TfliteModel read_tflite(std::span<const uint8_t> bytes, std::string_view file_name)
{
    return read_tflite(std::make_shared<const std::vector<uint8_t>>(bytes.begin(), bytes.end()),
                       file_name);
}

TfliteModel read_tflite_file(const std::filesystem::path& path)
{
    return read_tflite(std::make_shared<const std::vector<uint8_t>>(read_file(path)),
                       path.filename().string());
}

}  // namespace thimble
