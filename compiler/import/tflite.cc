// TensorFlow Lite to Graph.
//
// The operators' own hooks read their options; here stands what concerns the graph as a whole:
// - tensors: kinds (constant, state, activation), types, int4 unpacked;
// - dynamic dimensions: the stored size (1 for a batch of -1) is taken, and said;
// - resource variables: tflite_variables.cc;
// - operators that name other subgraphs (WHILE, IF, CALL, STABLEHLO_COMPOSITE): tflite_control.cc;
// - shape arithmetic: integer tensors whose inputs are all constant are computed here, so that
//   SHAPE -> PACK -> RESHAPE chains become constants before anyone asks for a shape.
#include "base/error.h"
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "import/import.h"
#include "import/list_writes.h"
#include "import/tflite_importer.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace thimble {

namespace {

constexpr int64_t kFoldBytesMax = 1 << 20;   // shape arithmetic is tiny

DType dtype_from(TfliteType type)
{
    static const std::map<std::string_view, DType> types = {
        {"FLOAT32", DType::f32},  {"FLOAT16", DType::f16},       {"FLOAT64", DType::f64},
        {"INT4", DType::i4},      {"INT8", DType::i8},           {"UINT8", DType::u8},
        {"INT16", DType::i16},    {"UINT16", DType::u16},        {"INT32", DType::i32},
        {"UINT32", DType::u32},   {"INT64", DType::i64},         {"UINT64", DType::u64},
        {"BOOL", DType::boolean}, {"RESOURCE", DType::resource}, {"STRING", DType::string}};
    const auto it = types.find(tflite_type_name(type));
    return it == types.end() ? DType::other : it->second;
}

std::vector<uint8_t> constant_bytes(const TfliteTensor& source, DType type, int64_t count)
{
    if (type != DType::i4) return {source.data.begin(), source.data.end()};
    std::vector<uint8_t> bytes(static_cast<size_t>(count));
    for (size_t i = 0; i < bytes.size(); ++i) {
        const int nibble = (source.data[i / 2] >> (i % 2 * 4)) & 15;
        bytes[i] = static_cast<uint8_t>(nibble >= 8 ? nibble - 16 : nibble);
    }
    return bytes;
}

}  // namespace

Graph Importer::run(size_t subgraph)
{
    const TfliteSubgraph& main = model_.subgraphs.at(subgraph);
    const Entered entered(limits_.active, static_cast<int>(subgraph));
    std::vector<TensorId> ids = add_tensors(main);
    for (const int input : main.inputs) {
        graph_.inputs.push_back(ids[static_cast<size_t>(input)]);
        note_dynamic(main.tensors[static_cast<size_t>(input)]);
    }
    for (const TensorId input : graph_.inputs) mark_written(input);
    add_nodes(main, ids);
    for (const int output : main.outputs)
        graph_.outputs.push_back(output_id(ids[static_cast<size_t>(output)]));
    return std::move(graph_);
}

void Importer::note_dynamic(const TfliteTensor& source)
{
    for (size_t d = 0; d < source.shape_signature.size() && d < source.shape.size(); ++d) {
        if (source.shape_signature[d] != -1) continue;
        graph_.notes.push_back(fmt::format("input '{}': dynamic dimension {} becomes {}",
                                           source.name, d, source.shape[d]));
    }
}

TensorId Importer::add_tensor(const TfliteTensor& source)
{
    Tensor tensor;
    tensor.name = source.name;
    tensor.type = dtype_from(source.type);
    tensor.shape = source.shape;
    if (source.quantization.kind == TfliteQuantizationKind::affine) {
        tensor.quant.scales = source.quantization.scales;
        tensor.quant.zero_points = source.quantization.zero_points;
        tensor.quant.axis = source.quantization.quantized_dimension;
    }
    if (source.is_variable) {
        tensor.kind = TensorKind::state;
        tensor.data = new_state(tensor);
    } else if (!source.data.empty()) {
        tensor.kind = TensorKind::constant;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(
            constant_bytes(source, tensor.type, tensor.count()));
        // A tensor stored in another way (sparse, packed) is refused where it is used.
        if (static_cast<int64_t>(tensor.data->size()) != tensor.bytes()) {
            tensor.type = DType::other;
            tensor.shape = {static_cast<int64_t>(tensor.data->size())};
        }
    }
    return graph_.add_tensor(std::move(tensor));
}

std::vector<TensorId> Importer::add_tensors(const TfliteSubgraph& subgraph)
{
    std::vector<TensorId> ids;
    for (const TfliteTensor& tensor : subgraph.tensors) ids.push_back(add_tensor(tensor));
    // A variable that an operator writes in every call is no state: in float16 models a DEQUANTIZE
    // gives the states of an LSTM their initial values.
    for (const TfliteOperator& op : subgraph.operators)
        for (const int output : op.outputs) {
            if (output < 0 || !subgraph.tensors.at(static_cast<size_t>(output)).is_variable)
                continue;
            Tensor& tensor = graph_.tensor(ids[static_cast<size_t>(output)]);
            tensor.kind = TensorKind::activation;
            tensor.data = nullptr;
        }
    return ids;
}

void Importer::add_nodes(const TfliteSubgraph& subgraph, std::vector<TensorId>& ids)
{
    for (const TfliteOperator& source : subgraph.operators) add_node(subgraph, source, ids);
}

// A short layer name: the last path component of the output tensor's name, made unique.
std::string Importer::unique_name(const TfliteOperator& source, const Node& node)
{
    std::string name = node.outputs.empty() ? source.name : graph_.tensor(node.outputs[0]).name;
    name = name.substr(0, name.find(';'));
    while (!name.empty() && name.back() == '/') name.pop_back();
    if (const size_t slash = name.rfind('/'); slash != std::string::npos)
        name = name.substr(slash + 1);
    if (name.empty()) name = source.name;
    const int count = names_[name]++;
    return count == 0 ? name : fmt::format("{}_{}", name, count);
}

void Importer::check_inputs(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                            const Node& node) const
{
    for (size_t i = 0; i < source.inputs.size(); ++i) {
        // An input of an inlined subgraph may be absent at its caller.
        if (node.inputs[i] == kNoTensor) continue;
        const TfliteTensor& tensor = subgraph.tensors[static_cast<size_t>(source.inputs[i])];
        require(tensor.storage_problem.empty(), ErrorCode::T0206,
                {fmt::format("tensor '{}'", tensor.name), tensor.storage_problem,
                 "a dense constant inside the file",
                 "export the model without sparsity and external buffers"});
        require(tensor.quantization.kind == TfliteQuantizationKind::none ||
                    tensor.quantization.kind == TfliteQuantizationKind::affine,
                ErrorCode::T0205,
                {fmt::format("tensor '{}'", tensor.name), "has blockwise or custom quantisation",
                 "one scale per tensor or per channel", "quantise the model per channel"});
        const Tensor& value = graph_.tensor(node.inputs[i]);
        require(value.type != DType::string && value.type != DType::other, ErrorCode::T0202,
                {fmt::format("tensor '{}'", tensor.name),
                 fmt::format("has element type {}", tflite_type_name(tensor.type)), "a number type",
                 "remove the text or complex part from the model"});
        require(is_written(node.inputs[i]) || value.type == DType::resource, ErrorCode::T0203,
                {fmt::format("tensor '{}'", tensor.name), "is read before any layer writes it",
                 "a computed tensor", "export the model again"});
    }
}

void Importer::add_node(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                        std::vector<TensorId>& ids)
{
    require(limits_.operators_left-- > 0, ErrorCode::T0104,
            {"", "the subgraphs call each other too often", "at most 65536 operators in all",
             "export the model again"});
    Node node;
    node.source_op = source.name;
    for (const int input : source.inputs)
        node.inputs.push_back(input < 0 ? kNoTensor : ids[static_cast<size_t>(input)]);
    for (const int output : source.outputs)
        node.outputs.push_back(ids[static_cast<size_t>(output)]);
    node.name = unique_name(source, node);
    const size_t nodes_before = graph_.nodes.size();
    // A constant without elements has no bytes in the file, and looks like one that is computed.
    for (const TensorId id : node.inputs)
        if (id != kNoTensor && !is_written(id) && graph_.tensor(id).count() == 0)
            graph_.set_constant(id, {});
    const std::string name = node.name;
    try {
        for (const TensorId output : node.outputs)
            require(!is_written(output), ErrorCode::T0203,
                    {fmt::format("tensor '{}'", graph_.tensor(output).name),
                     "is written twice, or is a constant or a state", "one writer for each tensor",
                     "export the model again"});
        check_inputs(subgraph, source, node);
        add_by_kind(subgraph, source, ids, std::move(node));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::T0104) throw;
        graph_.nodes.resize(nodes_before);  // Parts of the operator that were written already.
        add_refused(source, ids, name.empty() ? source.name : name, error.text());
    }
}

void Importer::add_by_kind(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                           const std::vector<TensorId>& ids, Node node)
{
    if (source.name == "STABLEHLO_COMPOSITE") {
        namespace field = tflite_field::stablehlo_composite;
        inline_subgraph(source.options_2.i32(field::decomposition_subgraph_index), source,
                        source.inputs, ids);
    } else if (source.name == "CALL") {
        inline_subgraph(source.options.i32(tflite_field::call::subgraph), source, source.inputs,
                        ids);
    } else if (source.name == "WHILE") {
        add_while(subgraph, source, std::move(node));
    } else if (source.name == "IF") {
        add_if(source, ids, std::move(node));
    } else if (source.name == "CALL_ONCE") {
        call_once(source);
    } else if (source.name == "VAR_HANDLE" || source.name == "READ_VARIABLE" ||
               source.name == "ASSIGN_VARIABLE") {
        add_resource_node(source, std::move(node));
    } else {
        add_operator(source, std::move(node));
    }
}

// A layer that cannot be compiled stays, with the reason.
void Importer::add_refused(const TfliteOperator& source, const std::vector<TensorId>& ids,
                           std::string name, const ErrorText& text)
{
    Node refused;
    refused.name = std::move(name);
    refused.source_op = source.name;
    for (const int input : source.inputs)
        refused.inputs.push_back(input < 0 ? kNoTensor : ids[static_cast<size_t>(input)]);
    for (const int output : source.outputs)
        refused.outputs.push_back(ids[static_cast<size_t>(output)]);
    refused.unsupported =
        (text.place.empty() ? "" : text.place + ": ") + text.found + "; expected " + text.expected;
    refused.remedy = text.remedy;
    for (const TensorId output : refused.outputs)
        if (graph_.tensor(output).kind == TensorKind::activation) mark_written(output);
    graph_.nodes.push_back(std::move(refused));
}

void Importer::add_operator(const TfliteOperator& source, Node node)
{
    const TfliteMatch match = find_tflite_op(source.name);
    require(match.op != nullptr, ErrorCode::T0201,
            {"", "operator " + source.name + " is not supported",
             "an operator that `thimble ops` lists",
             "replace the layer, or compute it outside of the model"});
    for (const TensorId id : node.inputs)
        require(id == kNoTensor || graph_.tensor(id).type != DType::resource, ErrorCode::T0202,
                {"", "the handle of a variable as an input", "a tensor of numbers",
                 "read the variable first"});
    node.op = match.op;
    const size_t before = graph_.nodes.size();
    match.import->import(source, graph_, node);
    node.op->infer(graph_, node);
    for (size_t i = before; i < graph_.nodes.size(); ++i)
        for (const TensorId output : graph_.nodes[i].outputs) mark_written(output);
    for (const TensorId output : node.outputs) {
        const Tensor& tensor = graph_.tensor(output);
        double elements = 1;  // The number itself may not fit any integer.
        for (const int64_t dimension : tensor.shape) {
            require(dimension >= 0 && dimension <= INT32_MAX, ErrorCode::T0203,
                    {"", "output " + shape_text(tensor.shape), "dimensions from 0 to 2^31",
                     "export the model again"});
            elements *= static_cast<double>(dimension);
        }
        require(elements <= INT32_MAX, ErrorCode::T0203,
                {"", "output " + shape_text(tensor.shape), "at most 2^31 elements",
                 "export the model again"});
        mark_written(output);
    }
    fold_integers(node);
    if (node.op) graph_.nodes.push_back(std::move(node));
}

// Computes a node whose inputs are all constant and whose outputs are integers; clears node.op.
void Importer::fold_integers(Node& node)
{
    if (node.op->has_side_effect) return;
    for (const TensorId id : node.inputs)
        if (id != kNoTensor && !graph_.tensor(id).is_constant()) return;
    for (const TensorId id : node.outputs) {
        const Tensor& tensor = graph_.tensor(id);
        const bool plain =
            tensor.type == DType::i32 || tensor.type == DType::i64 || tensor.type == DType::boolean;
        if (!plain || tensor.bytes() > kFoldBytesMax) return;
    }
    std::vector<std::vector<uint8_t>> values(graph_.tensors.size());
    for (const TensorId id : node.inputs)
        if (id != kNoTensor) values[static_cast<size_t>(id)] = *graph_.tensor(id).data;
    for (const TensorId id : node.outputs)
        values[static_cast<size_t>(id)].resize(static_cast<size_t>(graph_.tensor(id).bytes()));
    EvalContext context(graph_, node, values, Match::tflm);
    node.op->eval(context);
    for (const TensorId id : node.outputs)
        graph_.set_constant(id, std::move(values[static_cast<size_t>(id)]));
    node.op = nullptr;
}

// A graph output that is a constant, a state or an input is kept: the emitter copies it.
TensorId Importer::output_id(TensorId id)
{
    const Tensor& tensor = graph_.tensor(id);
    require(is_written(id), ErrorCode::T0203,
            {fmt::format("output '{}'", tensor.name), "is never written", "a computed tensor",
             "export the model again"});
    require(tensor.type != DType::resource || init_pass_, ErrorCode::T0202,
            {fmt::format("output '{}'", tensor.name), "is the handle of a variable",
             "a computed tensor", "read the variable inside of the model"});
    return id;
}

static size_t chosen_subgraph(const TfliteModel& model, const ImportOptions& options)
{
    if (options.signature.empty()) return 0;
    std::string known;
    for (const TfliteSignature& signature : model.signatures) {
        if (signature.key == options.signature) return static_cast<size_t>(signature.subgraph);
        known += (known.empty() ? "" : ", ") + signature.key;
    }
    fail(ErrorCode::T0004,
         {model.file_name, "no signature '" + options.signature + "'",
          known.empty() ? "no --signature: the model has none" : "one of " + known,
          "thimble inspect MODEL"});
}

Graph import_tflite(const TfliteModel& model, const ImportOptions& options)
{
    Graph graph;
    TfliteModel readable = model;
    for (TfliteSubgraph& subgraph : readable.subgraphs) rewrite_list_writes(subgraph);
    try {
        ImportLimits limits;
        graph = Importer(readable, limits).run(chosen_subgraph(readable, options));
    } catch (Error& error) {
        if (error.text().place.find(model.file_name) == std::string::npos)
            error.add_context(model.file_name);
        throw;
    }
    graph.name = std::filesystem::path(model.file_name).stem().string();
    verify_graph(graph);
    return graph;
}

}  // namespace thimble
