#include "quantize/assemble.h"

#include "base/error.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "quantize/groups.h"
#include "quantize/weights.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

using Role = QuantizationRule::Role;
using Output = QuantizationRule::Output;

bool is_integer(Precision precision)
{
    return precision != Precision::real && precision != Precision::half;
}

DType activation_type(Precision precision)
{
    if (!is_integer(precision)) return DType::f32;
    return precision == Precision::int16 ? DType::i16 : DType::i8;
}

bool same_scale(const Quantization& a, const Quantization& b)
{
    return a.scales == b.scales && a.zero_points == b.zero_points &&
           (!a.per_channel() || a.axis == b.axis);
}

class Assembler {
public:
    Assembler(const FloatNetwork& network, const Ranges& ranges,
              const std::vector<Precision>& precision, const AssembleOptions& options)
        : from_(network.graph),
          turns_(network.turns),
          ranges_(ranges),
          precision_(precision),
          options_(options),
          groups_(network, ranges, precision)
    {
    }
    Assembled run();

private:
    struct Form {
        DType type;
        Quantization quant;
        TensorId id;
    };
    // The float network's tensor in a certain form: itself, a constant, or behind a conversion.
    TensorId in_form(TensorId id, DType type, const Quantization& quant);
    TensorId constant_in_form(TensorId id, DType type, const Quantization& quant);
    TensorId converted(TensorId id, DType type, const Quantization& quant);
    void add_real(const Node& node, bool half);
    void add_integer(const Node& node, size_t index);
    void set_state(Node& node, size_t input, DType type, Quantization quant);
    DType input_type(TensorId id) const;

    const Graph& from_;
    const std::vector<std::vector<TensorId>>& turns_;
    const Ranges& ranges_;
    const std::vector<Precision>& precision_;
    const AssembleOptions& options_;
    const ScaleGroups groups_;
    Assembled made_;
    std::map<TensorId, std::vector<Form>> forms_;  // of constants, and of converted activations
};

// What is carried from an output: as the output is stored. Else as the first integer node that
// reads it wants it.
DType Assembler::input_type(TensorId id) const
{
    if (options_.float_interface) return DType::f32;
    for (const std::vector<TensorId>& turn : turns_) {
        if (std::ranges::find(turn, id) == turn.end()) continue;
        for (size_t n = 0; n < from_.nodes.size(); ++n)
            for (const TensorId output : from_.nodes[n].outputs)
                if (std::ranges::find(turn, output) != turn.end())
                    return activation_type(precision_[n]);
    }
    for (size_t n = 0; n < from_.nodes.size(); ++n) {
        const Node& node = from_.nodes[n];
        const auto at = std::ranges::find(node.inputs, id);
        if (at == node.inputs.end() || !is_integer(precision_[n])) continue;
        return activation_type(precision_[n]);
    }
    return DType::f32;
}

TensorId Assembler::constant_in_form(TensorId id, DType type, const Quantization& quant)
{
    std::vector<Form>& forms = forms_[id];
    for (const Form& form : forms)
        if (form.type == type && same_scale(form.quant, quant)) return form.id;
    Tensor tensor = from_.tensor(id);
    const std::vector<uint8_t> bytes = rounded(tensor, type, quant);
    tensor.type = type;
    tensor.quant = quant;
    // The first form takes the tensor's own place.
    TensorId place = id;
    if (forms.empty()) {
        made_.graph.tensor(id) = tensor;
    } else {
        tensor.name += fmt::format("_{}", forms.size());
        place = made_.graph.add_tensor(tensor);
        made_.float_of.resize(made_.graph.tensors.size(), kNoTensor);
    }
    made_.graph.set_constant(place, bytes);
    made_.float_of[static_cast<size_t>(place)] = id;
    forms.push_back({type, quant, place});
    return place;
}

TensorId Assembler::converted(TensorId id, DType type, const Quantization& quant)
{
    for (const Form& form : forms_[id])
        if (form.type == type && same_scale(form.quant, quant)) return form.id;
    Node node;
    node.source_op = type == DType::f32 ? "DEQUANTIZE" : "QUANTIZE";
    node.op = find_tflite_op(node.source_op).op;
    node.name = fmt::format("{}_{}", made_.graph.tensor(id).name, dtype_name(type));
    node.inputs = {id};
    Tensor out;
    out.name = node.name;
    out.type = type;
    out.shape = made_.graph.tensor(id).shape;
    out.quant = quant;
    node.outputs = {made_.graph.add_tensor(std::move(out))};
    made_.float_of.resize(made_.graph.tensors.size(), kNoTensor);
    node.op->infer(made_.graph, node);
    const TensorId result = node.outputs[0];
    made_.graph.nodes.push_back(std::move(node));
    forms_[id].push_back({type, quant, result});
    return result;
}

TensorId Assembler::in_form(TensorId id, DType type, const Quantization& quant)
{
    if (from_.tensor(id).is_constant()) return constant_in_form(id, type, quant);
    const Tensor& now = made_.graph.tensor(id);
    if (now.type == type && (type == DType::f32 || same_scale(now.quant, quant))) return id;
    return converted(id, type, quant);
}

// A node that stays in float; of float16 networks its larger constants are stored in half, behind a
// DEQUANTIZE.
void Assembler::add_real(const Node& node, bool half)
{
    Node copy = node;
    const QuantizationRule rule = rule_of(from_, node);
    for (size_t i = 0; i < copy.inputs.size(); ++i) {
        TensorId& id = copy.inputs[i];
        if (id == kNoTensor || from_.tensor(id).type != DType::f32) continue;
        if (from_.tensor(id).kind == TensorKind::state) continue;
        const bool stored_half =
            half && from_.tensor(id).is_constant() &&
            (rule.inputs[i].role == Role::weights || from_.tensor(id).count() >= 64);
        id = stored_half ? converted(constant_in_form(id, DType::f16, {}), DType::f32, {})
                         : in_form(id, DType::f32, {});
    }
    made_.graph.nodes.push_back(std::move(copy));
}

// A state holds zero of its scale at first, or what it held in the float network.
void Assembler::set_state(Node& node, size_t input, DType type, Quantization quant)
{
    Tensor& state = made_.graph.tensor(node.inputs[input]);
    Tensor values = from_.tensor(node.inputs[input]);
    values.kind = TensorKind::constant;
    state.data = std::make_shared<const std::vector<uint8_t>>(rounded(values, type, quant));
    state.type = type;
    state.quant = std::move(quant);
}

void Assembler::add_integer(const Node& node, size_t index)
{
    const Precision precision = precision_[index];
    const DType type = activation_type(precision);
    const QuantizationRule rule = rule_of(from_, node);
    Node copy = node;
    const Quantization out =
        rule.output == Output::kept ? Quantization{} : groups_.scale_of(node.outputs[0], type);
    const auto value_scale = [&](size_t i) {
        if (rule.inputs[i].role == Role::hidden || rule.output == Output::moved) return out;
        return groups_.scale_of(node.inputs[i], type);
    };
    std::map<size_t, Quantization> weights;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (rule.inputs[i].role != Role::weights || node.inputs[i] == kNoTensor) continue;
        std::vector<float> bias;
        for (size_t b = 0; b < node.inputs.size(); ++b)
            if (rule.inputs[b].role == Role::bias && rule.inputs[b].of == i &&
                node.inputs[b] != kNoTensor && type == DType::i8)
                bias = float_values(from_.tensor(node.inputs[b]));
        const bool single = node.op->name == "dense" && !options_.per_channel_dense;
        const DType stored =
            precision == Precision::int4 && rule.inputs[i].axis >= 0 ? DType::i4 : DType::i8;
        weights[i] = weight_scales(from_.tensor(node.inputs[i]), single ? -1 : rule.inputs[i].axis,
                                   stored, bias, value_scale(rule.inputs[i].of).scale());
        copy.inputs[i] = constant_in_form(node.inputs[i], stored, weights[i]);
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] == kNoTensor) continue;
        switch (rule.inputs[i].role) {
        case Role::value:
            copy.inputs[i] = in_form(node.inputs[i], type, value_scale(i));
            break;
        case Role::bias: {
            const size_t w = rule.inputs[i].of;
            copy.inputs[i] = constant_in_form(
                node.inputs[i], type == DType::i8 ? DType::i32 : DType::i64,
                bias_scales(weights.at(w), value_scale(rule.inputs[w].of).scale()));
            break;
        }
        case Role::hidden:
            set_state(copy, i, type, out);
            break;
        case Role::cell: {
            // Room for a tenth more than was seen.
            const double greatest = std::max(1.1 * double{ranges_.cells.at(index)}, 1.0);
            const double power = std::ceil(std::log2(greatest)) - 15;
            set_state(copy, i, DType::i16,
                      {.scales = {static_cast<float>(std::ldexp(1.0, static_cast<int>(power)))},
                       .zero_points = {0}});
            break;
        }
        case Role::weights:
        case Role::kept:
            break;
        }
    }
    if (rule.output != Output::kept)
        for (const TensorId id : node.outputs) {
            made_.graph.tensor(id).type = type;
            made_.graph.tensor(id).quant = out;
        }
    try {
        copy.op->infer(made_.graph, copy);
    } catch (Error& error) {
        error.add_context(fmt::format("layer '{}' ({}), quantised", node.name, node.op->name));
        throw;
    }
    made_.graph.nodes.push_back(std::move(copy));
}

Assembled Assembler::run()
{
    made_.graph = from_;
    made_.graph.nodes.clear();
    made_.float_of.assign(from_.tensors.size(), kNoTensor);
    for (const TensorId id : from_.inputs) {
        Tensor& tensor = made_.graph.tensor(id);
        if (tensor.type != DType::f32) continue;
        tensor.type = input_type(id);
        if (tensor.type != DType::f32) tensor.quant = groups_.scale_of(id, tensor.type);
    }
    for (size_t n = 0; n < from_.nodes.size(); ++n) {
        const Node& node = from_.nodes[n];
        if (!is_real(from_, node))
            made_.graph.nodes.push_back(node);
        else if (is_integer(precision_[n]))
            add_integer(node, n);
        else
            add_real(node, precision_[n] == Precision::half);
    }
    if (options_.float_interface)
        for (TensorId& id : made_.graph.outputs)
            if (made_.graph.tensor(id).quant.present()) id = converted(id, DType::f32, {});
    verify_graph(made_.graph);
    return std::move(made_);
}

}  // namespace

Precision possible_precision(const Graph& graph, const Node& node, Precision wanted)
{
    if (wanted == Precision::real || wanted == Precision::half) return wanted;
    const QuantizationRule rule = rule_of(graph, node);
    if (wanted == Precision::int16 && (!rule.int16 || rule.prefers_int8)) wanted = Precision::int8;
    return rule.int8 ? wanted : Precision::real;
}

Assembled assemble(const FloatNetwork& network, const Ranges& ranges,
                   const std::vector<Precision>& precision, const AssembleOptions& options)
{
    return Assembler(network, ranges, precision, options).run();
}

void requantize_weights(Assembled& assembled, const FloatNetwork& network)
{
    for (size_t id = 0; id < assembled.float_of.size(); ++id) {
        if (assembled.float_of[id] == kNoTensor) continue;
        const Tensor& now = assembled.graph.tensors[id];
        assembled.graph.set_constant(
            static_cast<TensorId>(id),
            rounded(network.graph.tensor(assembled.float_of[id]), now.type, now.quant));
    }
}

}  // namespace thimble
