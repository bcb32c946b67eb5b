// What stands around a recurrent layer in a .tflite file, see recurrent_layer.h.
#include "formats/tflite_fields.h"
#include "ops/recurrent_layer.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>

namespace thimble {

namespace {

struct Frame {
    TfliteExport& file;
    const Node& node;
    const RecurrentAttributes& attributes;
    size_t time_axis;
};

// Tensor `in` of shape `shape` backwards in time, as `out` or as a tensor of its own.
int reversed(const Frame& f, int in, const Tensor& like, const Shape& shape, std::string name,
             int out = -1)
{
    const int axis = f.file.add_integers(name + "/axis", {static_cast<int64_t>(f.time_axis)});
    if (out < 0) out = f.file.add(like, std::move(name), shape);
    f.file.write({.name = "REVERSE_V2", .inputs = {in, axis}, .outputs = {out}});
    return out;
}

// The step that was computed last, without time axis.
void write_last_step(const Frame& f, int sequence, const Shape& shape, int out)
{
    namespace field = tflite_field::strided_slice;
    Shape begin(3, 0);
    begin[f.time_axis] = shape[f.time_axis] - 1;
    const std::string name = f.node.name + "/last";
    f.file.write({.name = "STRIDED_SLICE",
                  .inputs = {sequence, f.file.add_integers(name + "_begin", begin),
                             f.file.add_integers(name + "_end", shape),
                             f.file.add_integers(name + "_strides", {1, 1, 1})},
                  .outputs = {out},
                  .options = {{field::shrink_axis_mask, int32_t{1} << f.time_axis}}});
}

void write_reshape(TfliteExport& file, int in, int out, const Shape& shape, const std::string& name)
{
    file.write({.name = "RESHAPE",
                .inputs = {in, file.add_integers(name + "/shape", shape)},
                .outputs = {out}});
}

void check_states(const Graph& graph, const Node& node, size_t state)
{
    if (graph.input(node, state).kind != TensorKind::state)
        refuse_export(fmt::format("a recurrent layer whose first state is '{}'",
                                  graph.input(node, state).name),
                      "a state of the layer's own", "spell the cell out in single operators");
    for (size_t i = 1; i < node.outputs.size(); ++i)
        if (std::ranges::any_of(graph.nodes,
                                [&](const Node& other) {
                                    return std::ranges::find(other.inputs, node.outputs[i]) !=
                                           other.inputs.end();
                                }) ||
            std::ranges::find(graph.outputs, node.outputs[i]) != graph.outputs.end())
            refuse_export("a recurrent layer whose final state is an output",
                          "a layer that returns its sequence or its last step",
                          "spell the cell out in single operators");
}

}  // namespace

void export_sequence(TfliteExport& file, const Node& node, size_t state,
                     const std::function<void(int in, int out)>& layer)
{
    const RecurrentAttributes& a = *recurrent_attributes(node);
    check_states(file.graph, node, state);
    const Frame f{file, node, a, a.time_major ? size_t{0} : size_t{1}};
    const Tensor& x = file.graph.input(node, 0);
    const Tensor& y = file.graph.output(node, 0);
    int in = file.tensor(node.inputs[0]);
    int out = file.tensor(node.outputs[0]);
    Shape in_shape = x.shape;
    if (x.shape.size() == 2) {
        in_shape.insert(in_shape.begin() + static_cast<ptrdiff_t>(f.time_axis), 1);
        const int step = file.add(x, node.name + "/step", in_shape);
        write_reshape(file, in, step, in_shape, node.name + "/step");
        in = step;
    }
    if (a.reverse) in = reversed(f, in, x, in_shape, node.name + "/reversed_input");
    Shape sequence = in_shape;
    sequence.back() = y.shape.back();
    const bool framed = a.reverse || y.shape != sequence;
    const int rows = framed ? file.add(y, node.name + "/rows", sequence) : out;
    layer(in, rows);
    if (x.shape.size() == 2)
        write_reshape(file, rows, out, y.shape, node.name + "/row");
    else if (!a.return_sequences)
        write_last_step(f, rows, sequence, out);
    else if (a.reverse)
        reversed(f, rows, y, sequence, node.name + "/reversed_output", out);
}

}  // namespace thimble
