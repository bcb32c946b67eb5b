#include "ops/tflite_export.h"

#include "ops/new_node.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

TfliteType tflite_type_of(DType type)
{
    switch (type) {
    case DType::f32:
        return TfliteType::float32;
    case DType::f16:
        return TfliteType::float16;
    case DType::f64:
        return TfliteType::float64;
    case DType::i4:
        return TfliteType::int4;
    case DType::i8:
        return TfliteType::int8;
    case DType::u8:
        return TfliteType::uint8;
    case DType::i16:
        return TfliteType::int16;
    case DType::u16:
        return TfliteType::uint16;
    case DType::i32:
        return TfliteType::int32;
    case DType::u32:
        return TfliteType::uint32;
    case DType::i64:
        return TfliteType::int64;
    case DType::u64:
        return TfliteType::uint64;
    case DType::boolean:
        return TfliteType::boolean;
    case DType::resource:
        return TfliteType::resource;
    case DType::string:
    case DType::other:
        break;
    }
    refuse_export(fmt::format("a tensor of {}", dtype_name(type)), "numbers",
                  "remove the tensor from the model");
}

// As a file stores it: int4 two a byte, the first in the low half.
std::vector<uint8_t> stored_bytes(const Tensor& tensor)
{
    if (tensor.type != DType::i4) return *tensor.data;
    std::vector<uint8_t> packed((tensor.data->size() + 1) / 2, 0);
    for (size_t i = 0; i < tensor.data->size(); ++i)
        packed[i / 2] |= static_cast<uint8_t>(((*tensor.data)[i] & 15) << (i % 2 * 4));
    return packed;
}

TfliteDraftTensor draft_of(const Tensor& tensor)
{
    TfliteDraftTensor draft;
    draft.name = tensor.name;
    draft.type = tflite_type_of(tensor.type);
    draft.shape = tensor.shape;
    draft.scales = tensor.quant.scales;
    draft.zero_points = tensor.quant.zero_points;
    draft.quantized_dimension = static_cast<int>(tensor.quant.axis);
    if (tensor.is_constant()) draft.data = stored_bytes(tensor);
    return draft;
}

// What a variable holds in every runtime before the first run: zero, or the zero point's low byte.
bool starts_at_zero(const Tensor& state)
{
    const uint8_t fill =
        element_bytes(state.type) == 1 ? static_cast<uint8_t>(state.quant.zero_point()) : 0;
    return std::ranges::all_of(*state.data, [&](uint8_t byte) { return byte == fill; });
}

}  // namespace

int tflite_type_number(DType type)
{
    return static_cast<int>(tflite_type_of(type));
}

void refuse_export(std::string found, std::string expected, std::string remedy)
{
    fail(ErrorCode::T0202, {"", std::move(found), std::move(expected), std::move(remedy)});
}

int TfliteExport::tensor(TensorId id)
{
    if (id == kNoTensor) return -1;
    const auto [place, is_new] = indices_.try_emplace(id, static_cast<int>(main_.tensors.size()));
    if (!is_new) return place->second;
    const Tensor& tensor = graph.tensor(id);
    TfliteDraftTensor draft = draft_of(tensor);
    if (tensor.kind == TensorKind::state) {
        if (!starts_at_zero(tensor))
            refuse_export(
                fmt::format("the state '{}' starts at other values than zero", tensor.name),
                "a state that starts at zero: the format has no place for others",
                "start the layer's state at zero");
        draft.is_variable = true;
    }
    main_.tensors.push_back(std::move(draft));
    return place->second;
}

std::vector<int> TfliteExport::tensors(const std::vector<TensorId>& ids)
{
    std::vector<int> indices;
    for (const TensorId id : ids) indices.push_back(tensor(id));
    return indices;
}

int TfliteExport::add(const Tensor& like, std::string name, Shape shape)
{
    Tensor tensor = like;
    tensor.name = std::move(name);
    tensor.shape = std::move(shape);
    tensor.kind = TensorKind::activation;
    main_.tensors.push_back(draft_of(tensor));
    return static_cast<int>(main_.tensors.size()) - 1;
}

int TfliteExport::add_constant(const Tensor& tensor)
{
    main_.tensors.push_back(draft_of(tensor));
    return static_cast<int>(main_.tensors.size()) - 1;
}

int TfliteExport::add_integers(std::string name, const std::vector<int64_t>& values)
{
    Graph scratch;
    const TensorId id = thimble::add_integers(scratch, std::move(name), values);
    return add_constant(scratch.tensor(id));
}

namespace {

// Adds the handle of a state's variable and the VAR_HANDLE that makes it; returns the handle.
int write_handle(TfliteDraftSubgraph& subgraph, const Tensor& state)
{
    TfliteDraftTensor handle;
    handle.name = state.name + "/handle";
    handle.type = TfliteType::resource;
    subgraph.tensors.push_back(std::move(handle));
    const int index = static_cast<int>(subgraph.tensors.size()) - 1;
    // The name that the importer gives the state is "container/shared name".
    const size_t slash = state.name.find('/');
    const bool split = slash != std::string::npos;
    subgraph.operators.push_back(
        {.name = "VAR_HANDLE",
         .outputs = {index},
         .options = {{tflite_field::var_handle::container,
                      split ? state.name.substr(0, slash) : std::string()},
                     {tflite_field::var_handle::shared_name,
                      split ? state.name.substr(slash + 1) : state.name}}});
    return index;
}

}  // namespace

int TfliteExport::variable(TensorId state)
{
    if (const auto known = handles_.find(state); known != handles_.end()) return known->second;
    return handles_[state] = write_handle(main_, graph.tensor(state));
}

// First values other than zero: a second subgraph assigns them, and is called once.
void TfliteExport::write_first_values(TfliteDraft& draft)
{
    TfliteDraftSubgraph first;
    first.name = "first_values";
    for (const auto& [id, handle] : handles_) {
        Tensor value = graph.tensor(id);
        if (starts_at_zero(value)) continue;
        value.kind = TensorKind::constant;
        const int variable = write_handle(first, value);
        first.tensors.push_back(draft_of(value));
        const int constant = static_cast<int>(first.tensors.size()) - 1;
        first.operators.push_back({.name = "ASSIGN_VARIABLE", .inputs = {variable, constant}});
    }
    if (first.operators.empty()) return;
    TfliteDraftSubgraph& main = draft.subgraphs[0];
    main.operators.insert(
        main.operators.begin(),
        {.name = "CALL_ONCE",
         .options = {{tflite_field::call_once::init_subgraph_index, int32_t{1}}}});
    draft.subgraphs.push_back(std::move(first));
}

void TfliteExport::write(const Node& node, std::string_view name, std::vector<TfliteOption> options)
{
    TfliteDraftOperator op;
    op.name = name;
    op.inputs = tensors(node.inputs);
    op.outputs = tensors(node.outputs);
    op.options = std::move(options);
    write(std::move(op));
}

void TfliteExport::write(TfliteDraftOperator op)
{
    main_.operators.push_back(std::move(op));
}

TfliteDraft TfliteExport::finish()
{
    main_.inputs = tensors(graph.inputs);
    main_.outputs = tensors(graph.outputs);
    TfliteDraft draft;
    draft.subgraphs.push_back(std::move(main_));
    write_first_values(draft);
    return draft;
}

void export_plain(TfliteExport& file, const Node& node)
{
    for (const TfliteImport& one : node.op->tflite) {
        Node plain;
        plain.op = node.op;
        plain.inputs = node.inputs;
        plain.outputs = node.outputs;
        Graph scratch;
        one.import(TfliteOperator{}, scratch, plain);
        if (same_function(node, plain)) return file.write(node, one.source_op);
    }
    refuse_export(fmt::format("a form of '{}' that the file format does not have", node.op->name),
                  "one of its operators", "use another layer in its place");
}

}  // namespace thimble
