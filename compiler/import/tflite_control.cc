// Operators that name other subgraphs: WHILE and IF become `while` and `if`, whose bodies are
// graphs; CALL, STABLEHLO_COMPOSITE and an IF whose condition is known are written out in place.
//
// What a loop hands through unchanged, and every input of a branch, is read by the body directly
// and costs nothing; constants among them move into the body, where shape arithmetic needs them.
// States that a body uses become inputs of the node.
#include "formats/tflite_fields.h"
#include "import/tflite_importer.h"
#include "ops/control.h"
#include "ops/op.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>
#include <span>

namespace thimble {

namespace {

constexpr size_t kActiveMax = 8;  // subgraphs in subgraphs; files hold at most three

void require_well_formed(bool condition, std::string found, std::string expected)
{
    require(condition, ErrorCode::T0203,
            {"", std::move(found), std::move(expected), "export the model again"});
}

}  // namespace

const TfliteSubgraph& Importer::called(int index) const
{
    require_well_formed(index > 0 && index < static_cast<int>(model_.subgraphs.size()),
                        fmt::format("subgraph {}", index), "a subgraph of the file");
    require_well_formed(std::ranges::find(limits_.active, index) == limits_.active.end(),
                        fmt::format("subgraph {} calls itself", index), "no recursion");
    require_well_formed(limits_.active.size() < kActiveMax, "subgraphs inside of subgraphs",
                        fmt::format("a depth below {}", kActiveMax));
    return model_.subgraphs[static_cast<size_t>(index)];
}

void Importer::inline_subgraph(int index, const TfliteOperator& source,
                               std::span<const int> arguments, const std::vector<TensorId>& ids)
{
    const TfliteSubgraph& body = called(index);
    require_well_formed(
        body.inputs.size() == arguments.size() && body.outputs.size() == source.outputs.size(),
        fmt::format("subgraph {} has other inputs or outputs", index), "the same number");
    const Entered entered(limits_.active, index);
    std::vector<TensorId> inner = add_tensors(body);
    for (size_t i = 0; i < body.inputs.size(); ++i)
        inner[static_cast<size_t>(body.inputs[i])] =
            arguments[i] < 0 ? kNoTensor : ids[static_cast<size_t>(arguments[i])];
    // A result that is an input or a constant of the subgraph, or appears twice, is passed on.
    std::vector<std::pair<int, TensorId>> passed_on;
    std::set<int> taken(body.inputs.begin(), body.inputs.end());
    for (size_t i = 0; i < body.outputs.size(); ++i) {
        const int result = body.outputs[i];
        const TensorId out = ids[static_cast<size_t>(source.outputs[i])];
        const bool computed =
            taken.insert(result).second &&
            graph_.tensor(inner[static_cast<size_t>(result)]).kind == TensorKind::activation;
        if (computed) inner[static_cast<size_t>(result)] = out;
        else passed_on.emplace_back(result, out);
    }
    add_nodes(body, inner);
    for (const auto& [result, out] : passed_on) {
        require_well_formed(inner[static_cast<size_t>(result)] != kNoTensor,
                            "an absent tensor as a result", "a tensor");
        pass_on(inner[static_cast<size_t>(result)], out);
    }
}

// `out` is `in` under another name.
void Importer::pass_on(TensorId in, TensorId out)
{
    if (const auto handle = handles_.find(in); handle != handles_.end()) {
        require_well_formed(graph_.tensor(out).type == DType::resource,
                            "the handle of a variable becomes a tensor of numbers", "a handle");
        handles_[out] = std::string(handle->second);
        return mark_written(out);
    }
    Tensor& to = graph_.tensor(out);
    const Tensor& from = graph_.tensor(in);
    require_well_formed(is_written(in), fmt::format("tensor '{}' is never written", from.name),
                        "a computed tensor");
    to.type = from.type;
    to.shape = from.shape;
    if (!to.quant.present()) to.quant = from.quant;
    if (from.is_constant()) return graph_.set_constant(out, *from.data);
    Node node;
    node.name = to.name.empty() ? "unchanged" : to.name;
    node.source_op = "RESHAPE";
    node.op = find_op("reshape");
    node.inputs = {in};
    node.outputs = {out};
    mark_written(out);
    graph_.nodes.push_back(std::move(node));
}

Importer::Argument Importer::argument_of(TensorId id, bool constant_inside) const
{
    require_well_formed(id != kNoTensor, "an absent input", "a tensor");
    if (const auto handle = handles_.find(id); handle != handles_.end())
        return {graph_.tensor(id), handle->second};
    Argument argument = {graph_.tensor(id), ""};
    require_well_formed(argument.like.type != DType::resource, "a resource that is no variable",
                        "a VAR_HANDLE");
    require_well_formed(argument.like.kind != TensorKind::state,
                        fmt::format("the state '{}' as an input", argument.like.name),
                        "a computed tensor");
    if (argument.like.is_constant() && !constant_inside) {
        argument.like.kind = TensorKind::activation;
        argument.like.data = nullptr;
    }
    return argument;
}

// What the graph around a body knows of one of its inputs.
void Importer::take_argument(TensorId id, const Argument& argument)
{
    Tensor& tensor = graph_.tensor(id);
    require_well_formed(!is_written(id) && !handles_.count(id),
                        fmt::format("input '{}' of a body is a constant, or is listed twice",
                                    tensor.name),
                        "a tensor of its own");
    mark_written(id);
    if (tensor.type != argument.like.type)
        fail_type(fmt::format("{} for input '{}' of a body", dtype_name(argument.like.type),
                              tensor.name),
                  std::string(dtype_name(tensor.type)));
    if (!argument.variable.empty()) {
        handles_[id] = argument.variable;
        return;
    }
    tensor.shape = argument.like.shape;
    if (!tensor.quant.present()) tensor.quant = argument.like.quant;
    if (argument.like.is_constant()) graph_.set_constant(id, *argument.like.data);
}

// The body's inputs and outputs are those of the subgraph that are named, in that order.
Importer::Body Importer::read_body(int index, const std::vector<Argument>& arguments,
                                   const std::vector<size_t>& inputs,
                                   const std::vector<size_t>& outputs)
{
    const TfliteSubgraph& source = called(index);
    require_well_formed(source.inputs.size() == arguments.size(),
                        fmt::format("subgraph {} has {} inputs", index, source.inputs.size()),
                        fmt::format("{}", arguments.size()));
    const Entered entered(limits_.active, index);
    Importer inner(model_, limits_, this);
    inner.graph_.name = source.name;
    std::vector<TensorId> ids = inner.add_tensors(source);
    const auto id_of = [&](int tensor) { return ids[static_cast<size_t>(tensor)]; };
    for (size_t i = 0; i < arguments.size(); ++i)
        inner.take_argument(id_of(source.inputs[i]), arguments[i]);
    for (const size_t i : inputs) inner.graph_.inputs.push_back(id_of(source.inputs[i]));
    inner.add_nodes(source, ids);
    for (const size_t i : outputs) {
        const TensorId id = inner.output_id(id_of(source.outputs.at(i)));
        const Tensor& output = inner.graph_.tensor(id);
        require_well_formed(output.type != DType::resource && output.kind != TensorKind::state,
                            fmt::format("result '{}' of a body is a variable", output.name),
                            "a computed tensor");
        inner.graph_.outputs.push_back(id);
    }
    Body body;
    std::map<TensorId, TensorId> outside;
    for (const auto& [name, id] : inner.variables_) outside[id] = variables_.at(name);
    for (size_t id = 0; id < inner.graph_.tensors.size(); ++id) {
        const auto inside = static_cast<TensorId>(id);
        if (inner.graph_.tensor(inside).kind != TensorKind::state) continue;
        if (!outside.count(inside))
            outside[inside] = graph_.add_tensor(inner.graph_.tensor(inside));
        body.states.emplace_back(inside, outside[inside]);
    }
    body.graph = std::move(inner.graph_);
    return body;
}

// Every body takes the states of all of them, at the end of its inputs.
void Importer::share_states(Body& first, Body& second, Node& node)
{
    std::vector<TensorId> all;
    for (const Body* body : {&first, &second})
        for (const auto& [inside, outside] : body->states)
            if (std::ranges::find(all, outside) == all.end()) all.push_back(outside);
    for (Body* body : {&first, &second}) {
        for (const TensorId state : all) {
            const auto own = std::ranges::find(body->states, state,
                                               &std::pair<TensorId, TensorId>::second);
            body->graph.inputs.push_back(own != body->states.end()
                                             ? own->first
                                             : body->graph.add_tensor(graph_.tensor(state)));
        }
    }
    node.inputs.insert(node.inputs.end(), all.begin(), all.end());
}

void Importer::add_control(std::string_view op, Node node)
{
    node.op = find_op(op);
    node.op->infer(graph_, node);
    for (const TensorId output : node.outputs) mark_written(output);
    graph_.nodes.push_back(std::move(node));
}

// Indices of what a WHILE changes from turn to turn.
static std::vector<size_t> changed_values(const TfliteSubgraph& body)
{
    std::vector<size_t> changed;
    for (size_t i = 0; i < body.outputs.size(); ++i)
        if (i >= body.inputs.size() || body.outputs[i] != body.inputs[i]) changed.push_back(i);
    return changed;
}

void Importer::add_while(const TfliteSubgraph& subgraph, const TfliteOperator& source, Node node)
{
    namespace field = tflite_field::while_;
    const int condition_index = source.options.i32(field::cond_subgraph_index);
    const int body_index = source.options.i32(field::body_subgraph_index);
    const TfliteSubgraph &test = called(condition_index), &turn = called(body_index);
    require_well_formed(
        node.inputs.size() == node.outputs.size() && turn.outputs.size() == node.inputs.size(),
        fmt::format("a loop of {} inputs, {} outputs, {} results of its body", node.inputs.size(),
                    node.outputs.size(), turn.outputs.size()),
        "the same number of each");
    require_well_formed(test.outputs.size() == 1,
                        fmt::format("a condition with {} outputs", test.outputs.size()), "one");
    const std::vector<size_t> changed = changed_values(turn);
    std::vector<size_t> passed = changed;
    std::vector<Argument> arguments;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const bool constant = std::ranges::find(changed, i) == changed.end();
        arguments.push_back(argument_of(node.inputs[i], constant));
        require_well_formed(constant || arguments[i].variable.empty(),
                            "a loop that changes the handle of a variable", "one variable");
        if (constant && arguments[i].variable.empty() && !arguments[i].like.is_constant())
            passed.push_back(i);
    }
    Body condition = read_body(condition_index, arguments, passed, {0});
    Body body = read_body(body_index, arguments, passed, changed);
    Node loop;
    loop.name = node.name;
    loop.source_op = node.source_op;
    for (const size_t i : passed) loop.inputs.push_back(node.inputs[i]);
    for (const size_t i : changed) loop.outputs.push_back(node.outputs[i]);
    share_states(condition, body, loop);
    loop.attributes =
        WhileAttributes{std::make_shared<const Graph>(std::move(condition.graph)),
                        std::make_shared<const Graph>(std::move(body.graph))};
    add_control("while", std::move(loop));
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (std::ranges::find(changed, i) != changed.end()) continue;
        if (is_used(subgraph, source.outputs[i])) pass_on(node.inputs[i], node.outputs[i]);
        else mark_written(node.outputs[i]);
    }
}

bool Importer::is_used(const TfliteSubgraph& subgraph, int tensor)
{
    return std::ranges::count(subgraph.outputs, tensor) > 0 ||
           std::ranges::any_of(subgraph.operators, [&](const TfliteOperator& reader) {
               return std::ranges::count(reader.inputs, tensor) > 0;
           });
}

void Importer::add_if(const TfliteOperator& source, const std::vector<TensorId>& ids, Node node)
{
    namespace field = tflite_field::if_;
    const int then_index = source.options.i32(field::then_subgraph_index);
    const int else_index = source.options.i32(field::else_subgraph_index);
    require_well_formed(!node.inputs.empty() && node.inputs[0] != kNoTensor,
                        "an IF without condition", "a bool");
    const Tensor& condition = graph_.tensor(node.inputs[0]);
    if (condition.is_constant() && condition.type == DType::boolean && condition.count() == 1)
        return inline_subgraph((*condition.data)[0] != 0 ? then_index : else_index, source,
                               std::span(source.inputs).subspan(1), ids);
    std::vector<Argument> arguments;
    std::vector<size_t> passed, results(node.outputs.size());
    std::iota(results.begin(), results.end(), size_t{0});
    for (size_t i = 1; i < node.inputs.size(); ++i) {
        arguments.push_back(argument_of(node.inputs[i], true));
        if (arguments.back().variable.empty() && !arguments.back().like.is_constant())
            passed.push_back(i - 1);
    }
    for (const int index : {then_index, else_index})
        require_well_formed(called(index).outputs.size() == node.outputs.size(),
                            fmt::format("a branch with {} results", called(index).outputs.size()),
                            fmt::format("{}", node.outputs.size()));
    Body then_body = read_body(then_index, arguments, passed, results);
    Body else_body = read_body(else_index, arguments, passed, results);
    Node branch = node;
    branch.inputs = {node.inputs[0]};
    for (const size_t i : passed) branch.inputs.push_back(node.inputs[i + 1]);
    share_states(then_body, else_body, branch);
    branch.attributes =
        IfAttributes{std::make_shared<const Graph>(std::move(then_body.graph)),
                     std::make_shared<const Graph>(std::move(else_body.graph))};
    add_control("if", std::move(branch));
}

}  // namespace thimble
