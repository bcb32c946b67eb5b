#include "control_models.h"

#include "formats/tflite_fields.h"

#include <cstring>

namespace thimble {

namespace {

using Tensors = std::vector<TfliteDraftTensor>;
using Operators = std::vector<TfliteDraftOperator>;

template <typename T> std::vector<uint8_t> bytes_of(const std::vector<T>& values)
{
    std::vector<uint8_t> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

TfliteDraftTensor real(std::string name, std::vector<int64_t> shape,
                       const std::vector<float>& values = {})
{
    return {.name = std::move(name), .shape = std::move(shape), .data = bytes_of(values)};
}

TfliteDraftTensor integer(std::string name, std::vector<int64_t> shape,
                          const std::vector<int32_t>& values = {})
{
    return {.name = std::move(name), .type = TfliteType::int32, .shape = std::move(shape),
            .data = bytes_of(values)};
}

TfliteDraftTensor truth(std::string name)
{
    return {.name = std::move(name), .type = TfliteType::boolean, .shape = {1}};
}

TfliteDraftOperator loop(std::vector<int> inputs, std::vector<int> outputs)
{
    namespace field = tflite_field::while_;
    return {.name = "WHILE", .inputs = std::move(inputs), .outputs = std::move(outputs),
            .options = {{field::cond_subgraph_index, int32_t{1}},
                        {field::body_subgraph_index, int32_t{2}}}};
}

// n < 5
TfliteDraftSubgraph below_five(Tensors others)
{
    TfliteDraftSubgraph graph;
    graph.name = "condition";
    graph.tensors = {integer("n", {1}), integer("limit", {1}, {5}), truth("less")};
    graph.inputs = {0};
    for (TfliteDraftTensor& other : others) {
        graph.inputs.push_back(static_cast<int>(graph.tensors.size()));
        graph.tensors.push_back(std::move(other));
    }
    graph.outputs = {2};
    graph.operators = {{.name = "LESS", .inputs = {0, 1}, .outputs = {2}}};
    return graph;
}

}  // namespace

TfliteDraft while_draft()
{
    TfliteDraft draft;
    draft.subgraphs.resize(3);
    TfliteDraftSubgraph &main = draft.subgraphs[0], &body = draft.subgraphs[2];
    main.tensors = {real("x", {2, 3}),           real("start", {2, 3}), integer("zero", {1}, {0}),
                    integer("count", {1}),       real("total", {2, 3}), real("same", {2, 3}),
                    real("doubled", {2, 3})};
    main.inputs = {0, 1};
    main.outputs = {3, 4, 6};
    main.operators = {loop({2, 1, 0}, {3, 4, 5}),
                      {.name = "ADD", .inputs = {5, 5}, .outputs = {6}}};
    draft.subgraphs[1] = below_five({real("total", {2, 3}), real("x", {2, 3})});
    body.name = "body";
    body.tensors = {integer("n", {1}),        real("total", {2, 3}), real("x", {2, 3}),
                    integer("one", {1}, {1}), integer("next", {1}),  real("more", {2, 3})};
    body.inputs = {0, 1, 2};
    body.outputs = {4, 5, 2};
    body.operators = {{.name = "ADD", .inputs = {0, 3}, .outputs = {4}},
                      {.name = "ADD", .inputs = {1, 2}, .outputs = {5}}};
    return draft;
}

TfliteDraft variable_loop_draft()
{
    namespace variable = tflite_field::var_handle;
    const auto handle = [](int output) {
        return TfliteDraftOperator{.name = "VAR_HANDLE", .outputs = {output},
                                   .options = {{variable::shared_name, std::string("sum")}}};
    };
    const TfliteDraftTensor resource = {.name = "handle", .type = TfliteType::resource,
                                        .shape = {1}};
    TfliteDraft draft;
    draft.subgraphs.resize(3);
    TfliteDraftSubgraph &main = draft.subgraphs[0], &body = draft.subgraphs[2];
    main.tensors = {real("x", {2, 3}),     integer("zero", {1}, {0}), resource,
                    integer("count", {1}), resource,                  real("same", {2, 3}),
                    real("y", {2, 3})};
    main.inputs = {0};
    main.outputs = {3, 6};
    main.operators = {handle(2), loop({1, 2, 0}, {3, 4, 5}),
                      {.name = "READ_VARIABLE", .inputs = {4}, .outputs = {6}}};
    draft.subgraphs[1] = below_five({resource, real("x", {2, 3})});
    body.name = "body";
    body.tensors = {integer("n", {1}),       resource,
                    real("x", {2, 3}),       real("old", {2, 3}),
                    real("new", {2, 3}),     integer("one", {1}, {1}),
                    integer("next", {1}),    integer("shape", {2}),
                    real("reshaped", {2, 3})};
    body.inputs = {0, 1, 2};
    body.outputs = {6, 1, 2};
    body.operators = {{.name = "READ_VARIABLE", .inputs = {1}, .outputs = {3}},
                      {.name = "SHAPE", .inputs = {2}, .outputs = {7}},
                      {.name = "RESHAPE", .inputs = {3, 7}, .outputs = {8}},
                      {.name = "ADD", .inputs = {8, 2}, .outputs = {4}},
                      {.name = "ASSIGN_VARIABLE", .inputs = {1, 4}},
                      {.name = "ADD", .inputs = {0, 5}, .outputs = {6}}};
    return draft;
}

TfliteDraft if_draft()
{
    namespace field = tflite_field::if_;
    TfliteDraft draft;
    draft.subgraphs.resize(4);
    TfliteDraftSubgraph& main = draft.subgraphs[0];
    main.tensors = {truth("flag"), real("x", {3}), real("w", {3}, {2, 3, 4}), real("y", {3})};
    main.inputs = {0, 1};
    main.outputs = {3};
    main.operators = {{.name = "IF", .inputs = {0, 1, 2}, .outputs = {3},
                       .options = {{field::then_subgraph_index, int32_t{1}},
                                   {field::else_subgraph_index, int32_t{2}}}}};
    const Tensors tensors = {real("x", {3}), real("w", {3}), real("y", {3})};
    draft.subgraphs[1] = {.name = "then", .tensors = tensors, .inputs = {0, 1}, .outputs = {2},
                          .operators = {{.name = "CALL", .inputs = {0, 1}, .outputs = {2},
                                         .options = {{tflite_field::call::subgraph,
                                                      int32_t{3}}}}}};
    draft.subgraphs[2] = {.name = "else", .tensors = tensors, .inputs = {0, 1}, .outputs = {2},
                          .operators = {{.name = "ADD", .inputs = {0, 0}, .outputs = {2}}}};
    draft.subgraphs[3] = {.name = "called", .tensors = tensors, .inputs = {0, 1}, .outputs = {2},
                          .operators = {{.name = "MUL", .inputs = {0, 1}, .outputs = {2}}}};
    return draft;
}

std::vector<std::pair<std::string, TfliteDraft>> control_drafts()
{
    return {{"while", while_draft()}, {"variable_loop", variable_loop_draft()}, {"if", if_draft()}};
}

}  // namespace thimble
