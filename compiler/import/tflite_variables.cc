// Resource variables: VAR_HANDLE disappears, READ_VARIABLE and ASSIGN_VARIABLE become `read` and
// `assign` of a state tensor; CALL_ONCE's subgraph is run here and gives the initial values.
#include "formats/tflite_fields.h"
#include "import/import.h"
#include "import/tflite_importer.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

// What an unquantized state starts from: zero; a quantized one: the zero point's low byte (TFLM).
std::shared_ptr<const std::vector<uint8_t>> initial_state(const Tensor& tensor)
{
    const uint8_t fill =
        element_bytes(tensor.type) == 1 ? static_cast<uint8_t>(tensor.quant.zero_point()) : 0;
    return std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(tensor.bytes()), fill);
}

}  // namespace

// A small file can declare any number of huge variables: their sum is limited.
std::shared_ptr<const std::vector<uint8_t>> Importer::new_state(const Tensor& tensor)
{
    limits_.state_bytes_left -= std::min(tensor.bytes(), limits_.state_bytes_left + 1);
    require(limits_.state_bytes_left >= 0, ErrorCode::T0202,
            {fmt::format("tensor '{}'", tensor.name),
             "is a variable of shape " + shape_text(tensor.shape),
             fmt::format("at most {} bytes of variables", ImportLimits{}.state_bytes_left),
             "export the model again"});
    return initial_state(tensor);
}

TensorId Importer::state_of(TensorId handle, TensorId like)
{
    const auto it = handles_.find(handle);
    require(it != handles_.end(), ErrorCode::T0202,
            {"", "the variable's handle is not a VAR_HANDLE", "a VAR_HANDLE",
             "export the model with resource variables in one subgraph"});
    return variable(it->second, graph_.tensor(like));
}

// The state tensor of that name: in a body a stand-in for the one outside.
TensorId Importer::variable(const std::string& name, const Tensor& like)
{
    if (const auto known = variables_.find(name); known != variables_.end()) return known->second;
    Tensor state = like;
    if (outer_) {
        const TensorId outside = outer_->variable(name, like);
        return variables_[name] = graph_.add_tensor(outer_->graph_.tensor(outside));
    }
    state.name = name;
    state.kind = TensorKind::state;
    state.data = new_state(state);
    if (const auto value = initial_values_.find(name); value != initial_values_.end() &&
        static_cast<int64_t>(value->second.size()) == state.bytes())
        state.data = std::make_shared<const std::vector<uint8_t>>(value->second);
    return variables_[name] = graph_.add_tensor(std::move(state));
}

void Importer::add_resource_node(const TfliteOperator& source, Node node)
{
    namespace field = tflite_field::var_handle;
    if (source.name == "VAR_HANDLE") {
        require_outputs(node, 1);
        const Tensor& handle = graph_.tensor(node.outputs[0]);
        if (handle.type != DType::resource)
            fail_type(fmt::format("a handle of {}", dtype_name(handle.type)), "resource");
        const std::string name = source.options.string(field::container) + "/" +
                                 source.options.string(field::shared_name);
        handles_[node.outputs[0]] = name;
        mark_written(node.outputs[0]);
        return;
    }
    const bool read = source.name == "READ_VARIABLE";
    require_inputs(node, read ? 1 : 2, read ? 1 : 2);
    if (read) require_outputs(node, 1);
    if (init_pass_ && !read) {
        const Tensor& value = graph_.tensor(node.inputs[1]);
        require(value.is_constant() && handles_.count(node.inputs[0]), ErrorCode::T0202,
                {"", "a variable's first value is computed", "a constant",
                 "initialise the variable with a constant"});
        initial_values_[handles_[node.inputs[0]]] = *value.data;
        return;
    }
    const TensorId state = state_of(node.inputs[0], read ? node.outputs[0] : node.inputs[1]);
    const Tensor& other = graph_.tensor(read ? node.outputs[0] : node.inputs[1]);
    require(other.type == graph_.tensor(state).type &&
                (read || other.bytes() == graph_.tensor(state).bytes()),
            ErrorCode::T0203,
            {"", "the variable and the value differ in type or size", "the same type and shape",
             "export the model again"});
    node.op = find_op(read ? "read" : "assign");
    require(node.op != nullptr, ErrorCode::T0201,
            {"", "variables are not supported", "a model without state", ""});
    node.inputs =
        read ? std::vector<TensorId>{state} : std::vector<TensorId>{node.inputs[1], state};
    node.op->infer(graph_, node);
    for (const TensorId output : node.outputs) mark_written(output);
    graph_.nodes.push_back(std::move(node));
}

void Importer::call_once(const TfliteOperator& source)
{
    const int index = source.options.i32(tflite_field::call_once::init_subgraph_index);
    called(index);
    Importer init(model_, limits_);
    root().initial_values_ = init.initial_values(static_cast<size_t>(index));
}

std::map<std::string, std::vector<uint8_t>> Importer::initial_values(size_t subgraph)
{
    init_pass_ = true;
    require_supported(run(subgraph));
    return std::move(initial_values_);
}

}  // namespace thimble
