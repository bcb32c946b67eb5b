#include "passes/spell_out.h"

#include "base/error.h"
#include "formats/tflite.h"
#include "numeric/float16.h"
#include "ops/concat.h"
#include "ops/control.h"
#include "ops/new_node.h"
#include "ops/op.h"
#include "ops/recurrent.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

[[noreturn]] void refuse(const Node& node, std::string found, std::string expected)
{
    fail(ErrorCode::T0202, {fmt::format("layer '{}'", node.name), std::move(found),
                            std::move(expected), "use another form of the layer"});
}

std::vector<float> real_values(const Node& node, const Tensor& tensor)
{
    if (!tensor.is_constant()) refuse(node, "weights that are computed", "constant weights");
    std::vector<float> values(static_cast<size_t>(tensor.count()));
    const int64_t row =
        tensor.shape.empty() || tensor.shape[0] == 0 ? 1 : tensor.count() / tensor.shape[0];
    for (size_t i = 0; i < values.size(); ++i) {
        if (tensor.type == DType::f32)
            values[i] = tensor.values<float>()[i];
        else if (tensor.type == DType::f16)
            values[i] = float16_value(tensor.values<uint16_t>()[i]);
        else
            values[i] = static_cast<float>(static_cast<int8_t>((*tensor.data)[i])) *
                        tensor.quant.scale_at(static_cast<int64_t>(i) / row);
    }
    return values;
}

// Builds the nodes that stand in the place of one.
class Speller {
public:
    Speller(SpelledOut& result, const Node& node)
        : result_(result), graph_(result.graph), node_(node)
    {
    }

    TensorId op(std::string_view source_op, std::vector<TensorId> inputs, std::string_view what)
    {
        nodes_.push_back(new_node(graph_, source_op, std::move(inputs), name(what)));
        return nodes_.back().outputs[0];
    }
    std::vector<TensorId> cut(TensorId whole, size_t parts, std::string_view what);
    TensorId activated(CellActivation activation, TensorId x, std::string_view what);
    TensorId integers(std::string_view what, const std::vector<int64_t>& values)
    {
        return add_integers(graph_, name(what), values);
    }
    TensorId floats(std::string_view what, Shape shape, const std::vector<float>& values);
    // Rows of several matrices (or vectors) below each other; kNoTensor when the first is absent.
    TensorId joined(std::string_view what, size_t first, size_t count);
    // Of a state: its initial value.
    TensorId initial(size_t input);
    bool has(size_t input) const { return graph_.has_input(node_, input); }
    const Tensor& input(size_t i) const { return graph_.input(node_, i); }

    // [n, i] for each step, in the order of time.
    std::vector<TensorId> rows(const RecurrentAttributes& attributes);
    // Runs `step` on each row and writes the node's outputs; `states` are h and perhaps c.
    template <typename Step>
    void run(const RecurrentAttributes& attributes, std::vector<TensorId> states, const Step& step);
    void run_scan(const ScanAttributes& attributes);

    // The tensor `made` is what the node's output `original` was.
    void retarget(TensorId made, TensorId original);
    std::vector<Node> take() { return std::move(nodes_); }

private:
    std::string name(std::string_view what)
    {
        return turn_ < 0 ? fmt::format("{}/{}", node_.name, what)
                         : fmt::format("{}/{}/{}", node_.name, turn_, what);
    }
    void tie_turns(const std::vector<TensorId>& begins, TensorId end);
    void copy_body(const Graph& body, std::vector<TensorId>& ids);

    SpelledOut& result_;
    Graph& graph_;
    const Node& node_;
    std::vector<Node> nodes_;
    int64_t turn_ = -1;
};

std::vector<TensorId> Speller::cut(TensorId whole, size_t parts, std::string_view what)
{
    const bool rows = what == "rows";
    const TfliteMatch match = find_tflite_op(rows ? "UNPACK" : "SPLIT");
    Node node;
    node.op = match.op;
    node.source_op = match.import->source_op;
    node.name = name(what);
    node.inputs = {whole};
    if (!rows) {
        const TensorId axis = integers("axis", {1});
        graph_.tensor(axis).shape = {};
        node.inputs = {axis, whole};
    }
    for (size_t i = 0; i < parts; ++i) {
        Tensor part;
        part.name = fmt::format("{}_{}", node.name, i);
        node.outputs.push_back(graph_.add_tensor(std::move(part)));
    }
    match.import->import(TfliteOperator{}, graph_, node);
    node.op->infer(graph_, node);
    nodes_.push_back(node);
    return node.outputs;
}

TensorId Speller::activated(CellActivation activation, TensorId x, std::string_view what)
{
    switch (activation) {
    case CellActivation::relu:
        return op("RELU", {x}, what);
    case CellActivation::relu6:
        return op("RELU6", {x}, what);
    case CellActivation::tanh:
        return op("TANH", {x}, what);
    case CellActivation::sigmoid:
        return op("LOGISTIC", {x}, what);
    case CellActivation::none:
        break;
    }
    return x;
}

TensorId Speller::floats(std::string_view what, Shape shape, const std::vector<float>& values)
{
    Tensor tensor;
    tensor.name = fmt::format("{}/{}", node_.name, what);
    tensor.shape = std::move(shape);
    const TensorId id = graph_.add_tensor(std::move(tensor));
    std::vector<uint8_t> bytes(values.size() * sizeof(float));
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    graph_.set_constant(id, std::move(bytes));
    return id;
}

TensorId Speller::joined(std::string_view what, size_t first, size_t count)
{
    if (!has(first)) return kNoTensor;
    std::vector<float> all;
    Shape shape = input(first).shape;
    for (size_t i = first; i < first + count; ++i) {
        const std::vector<float> part = real_values(node_, input(i));
        all.insert(all.end(), part.begin(), part.end());
    }
    if (shape.size() == 2)
        shape[0] *= static_cast<int64_t>(count);
    else
        shape = {static_cast<int64_t>(all.size())};
    return floats(what, std::move(shape), all);
}

TensorId Speller::initial(size_t i)
{
    const Tensor& state = input(i);
    if (state.kind != TensorKind::state) return node_.inputs[i];
    Tensor value = state;
    value.name += "/initial";
    value.kind = TensorKind::constant;
    return graph_.add_tensor(std::move(value));
}

std::vector<TensorId> Speller::rows(const RecurrentAttributes& attributes)
{
    TensorId x = node_.inputs[0];
    const Shape shape = graph_.tensor(x).shape;
    if (shape.size() == 2) return {x};
    const size_t time = attributes.time_major ? 0 : 1;
    const Shape time_major = {shape[time], shape[1 - time], shape[2]};
    if (!attributes.time_major && shape[0] == 1) {
        nodes_.push_back(new_reshape(graph_, x, time_major, name("time_major")));
        x = nodes_.back().outputs[0];
    } else if (!attributes.time_major) {
        x = op("TRANSPOSE", {x, integers("permutation", {1, 0, 2})}, "time_major");
    }
    return cut(x, static_cast<size_t>(time_major[0]), "rows");
}

// Tensors that equal places of the turns made are one tensor of the loop.
void Speller::tie_turns(const std::vector<TensorId>& begins, TensorId end)
{
    if (begins.size() < 2) return;
    const TensorId count = begins[1] - begins[0];
    THIMBLE_CHECK(end - begins.back() == count, "turns of different length");
    for (TensorId k = 0; k < count; ++k) {
        std::vector<TensorId> turn;
        for (const TensorId begin : begins) turn.push_back(begin + k);
        result_.turns.push_back(std::move(turn));
    }
}

void Speller::retarget(TensorId made, TensorId original)
{
    const auto place = [&](TensorId& id) {
        if (id == made) id = original;
    };
    for (Node& node : nodes_) {
        std::ranges::for_each(node.inputs, place);
        std::ranges::for_each(node.outputs, place);
    }
    for (std::vector<TensorId>& turn : result_.turns) std::ranges::for_each(turn, place);
}

template <typename Step>
void Speller::run(const RecurrentAttributes& attributes, std::vector<TensorId> states,
                  const Step& step)
{
    const Shape out_shape = graph_.output(node_, 0).shape;
    const std::vector<TensorId> in = rows(attributes);
    std::vector<TensorId> hidden(in.size()), begins;
    std::vector<std::vector<TensorId>> carried(states.size());
    for (size_t s = 0; s < states.size(); ++s) carried[s].push_back(states[s]);
    for (size_t k = 0; k < in.size(); ++k) {
        const size_t t = attributes.reverse ? in.size() - 1 - k : k;
        turn_ = static_cast<int64_t>(k);
        begins.push_back(static_cast<TensorId>(graph_.tensors.size()));
        states = step(in[t], states);
        for (size_t s = 0; s < states.size(); ++s) carried[s].push_back(states[s]);
        hidden[t] = states[0];
    }
    tie_turns(begins, static_cast<TensorId>(graph_.tensors.size()));
    for (auto& one : carried) result_.turns.push_back(std::move(one));
    turn_ = -1;
    TensorId y = states[0];
    const bool sequences = graph_.input(node_, 0).shape.size() == 3 && attributes.return_sequences;
    if (sequences) {
        y = op("PACK", hidden, "sequence");
        if (!attributes.time_major && out_shape[0] > 1) {
            y = op("TRANSPOSE", {y, integers("back", {1, 0, 2})}, "batch_major");
        } else if (!attributes.time_major) {
            nodes_.push_back(new_reshape(graph_, y, out_shape, name("batch_major")));
            y = nodes_.back().outputs[0];
        }
    } else if (node_.outputs.size() > 1) {
        nodes_.push_back(new_reshape(graph_, y, out_shape, name("last")));
        y = nodes_.back().outputs[0];
    }
    retarget(y, node_.outputs[0]);
    for (size_t s = 0; s < states.size() && s + 1 < node_.outputs.size(); ++s)
        retarget(states[s], node_.outputs[s + 1]);
}

void spell_gru(Speller& s, const GruAttributes& a)
{
    const TensorId w = s.joined("weights", gru_input::input_weights, 3);
    const TensorId b = s.joined("biases", gru_input::input_biases, 3);
    const size_t together = a.reset_after ? 3 : 2;
    const TensorId u = s.joined("recurrent_weights", gru_input::recurrent_weights, together);
    const TensorId r = s.joined("recurrent_biases", gru_input::recurrent_biases, together);
    const TensorId last_u = s.joined("candidate_weights", gru_input::recurrent_weights + 2, 1);
    const TensorId last_r = s.joined("candidate_biases", gru_input::recurrent_biases + 2, 1);
    const TensorId one = s.floats("one", {}, {1.0f});
    s.run(a, {s.initial(gru_input::hidden)}, [&](TensorId x, const std::vector<TensorId>& states) {
        const TensorId h = states[0];
        const auto in = s.cut(s.op("FULLY_CONNECTED", {x, w, b}, "input"), 3, "gates");
        const auto re =
            s.cut(s.op("FULLY_CONNECTED", {h, u, r}, "recurrent"), together, "recurrent_gates");
        const auto gate = [&](size_t g, const char* what) {
            return s.activated(a.recurrent_activation, s.op("ADD", {in[g], re[g]}, what), what);
        };
        const TensorId update = gate(0, "update"), reset = gate(1, "reset");
        const TensorId remembered =
            a.reset_after ? s.op("MUL", {reset, re[2]}, "remembered")
                          : s.op("FULLY_CONNECTED",
                                 {s.op("MUL", {reset, h}, "kept"), last_u, last_r}, "remembered");
        const TensorId fresh =
            s.activated(a.activation, s.op("ADD", {in[2], remembered}, "sum"), "candidate");
        const TensorId share = s.op("SUB", {one, update}, "share");
        return std::vector{
            s.op("ADD", {s.op("MUL", {update, h}, "old"), s.op("MUL", {share, fresh}, "new")},
                 "hidden")};
    });
}

void spell_lstm(Speller& s, const Node& node, const LstmAttributes& a)
{
    const bool plain = s.has(lstm_input::input_weights) && !s.has(lstm_input::peepholes + 1) &&
                       !s.has(lstm_input::projection) && !s.has(lstm_input::layer_norm + 1) &&
                       a.cell_clip == 0;
    if (!plain)
        refuse(node, "an LSTM with a clip, peepholes, projection or layer normalisation",
               "four gates with weights and biases alone");
    const TensorId w = s.joined("weights", lstm_input::input_weights, 4);
    const TensorId u = s.joined("recurrent_weights", lstm_input::recurrent_weights, 4);
    const TensorId b = s.joined("biases", lstm_input::biases, 4);
    s.run(a, {s.initial(lstm_input::hidden), s.initial(lstm_input::cell)},
          [&](TensorId x, const std::vector<TensorId>& states) {
              const TensorId sum = s.op("ADD",
                                        {s.op("FULLY_CONNECTED", {x, w, b}, "input"),
                                         s.op("FULLY_CONNECTED", {states[0], u}, "recurrent")},
                                        "sum");
              const auto gates = s.cut(sum, 4, "gates");
              const auto gate = [&](size_t g, const char* what) {
                  return s.activated(a.recurrent_activation, gates[g], what);
              };
              const TensorId added =
                  s.op("MUL", {gate(0, "in"), s.activated(a.activation, gates[2], "candidate")},
                       "added");
              const TensorId c =
                  s.op("ADD", {s.op("MUL", {gate(1, "forget"), states[1]}, "kept"), added}, "cell");
              const TensorId h =
                  s.op("MUL", {gate(3, "out"), s.activated(a.activation, c, "shown")}, "hidden");
              return std::vector{h, c};
          });
}

void spell_simple_rnn(Speller& s, const Node& node, const SimpleRnnAttributes& a)
{
    if (a.clip > 0) refuse(node, "an RNN with a clip", "no clip");
    const TensorId w = s.joined("weights", simple_rnn_input::input_weights, 1);
    const TensorId u = s.joined("recurrent_weights", simple_rnn_input::recurrent_weights, 1);
    const TensorId b = s.joined("bias", simple_rnn_input::bias, 1);
    s.run(a, {s.initial(simple_rnn_input::hidden)},
          [&](TensorId x, const std::vector<TensorId>& states) {
              const TensorId sum = s.op("ADD",
                                        {s.op("FULLY_CONNECTED", {x, w, b}, "input"),
                                         s.op("FULLY_CONNECTED", {states[0], u}, "recurrent")},
                                        "sum");
              return std::vector{s.activated(a.activation, sum, "hidden")};
          });
}

// One turn: the body's nodes on tensors of the graph; `ids` says which of them stand for the
// body's, and grows.
void Speller::copy_body(const Graph& body, std::vector<TensorId>& ids)
{
    for (const Node& source : body.nodes) {
        Node node = source;
        node.name = name(source.name);
        for (std::vector<TensorId>* list : {&node.inputs, &node.outputs})
            for (TensorId& id : *list) {
                if (id == kNoTensor) continue;
                TensorId& place = ids[static_cast<size_t>(id)];
                if (place == kNoTensor) {
                    Tensor copy = body.tensor(id);
                    if (copy.by_turn) refuse(node_, "scales that change from turn to turn", "none");
                    copy.name = copy.is_constant() ? copy.name : name(copy.name);
                    place = graph_.add_tensor(std::move(copy));
                }
                id = place;
            }
        nodes_.push_back(std::move(node));
    }
}

void Speller::run_scan(const ScanAttributes& a)
{
    const Graph& body = *a.body;
    const size_t sequences = a.sequence_axes.size(), carried = static_cast<size_t>(a.carried);
    std::vector<TensorId> constants(body.tensors.size(), kNoTensor);
    for (size_t id = 0; id < body.tensors.size(); ++id)
        if (body.tensors[id].is_constant()) constants[id] = graph_.add_tensor(body.tensors[id]);
    std::vector<TensorId> values(
        node_.inputs.begin() + static_cast<ptrdiff_t>(sequences),
        node_.inputs.begin() + static_cast<ptrdiff_t>(sequences + carried));
    std::vector<std::vector<TensorId>> stacked(a.stacked_axes.size());
    std::vector<TensorId> begins;
    for (int64_t k = 0; k < a.trip_count; ++k) {
        const int64_t t = a.reverse ? a.trip_count - 1 - k : k;
        turn_ = k;
        begins.push_back(static_cast<TensorId>(graph_.tensors.size()));
        std::vector<TensorId> ids = constants;
        for (size_t i = 0; i < body.inputs.size(); ++i) {
            TensorId& id = ids[static_cast<size_t>(body.inputs[i])];
            if (i >= sequences) {
                id = i < sequences + carried ? values[i - sequences] : node_.inputs[i];
                continue;
            }
            Shape begin(input(i).shape.size(), 0), size = input(i).shape;
            begin[static_cast<size_t>(a.sequence_axes[i])] = t;
            size[static_cast<size_t>(a.sequence_axes[i])] = 1;
            nodes_.push_back(new_slice(graph_, node_.inputs[i], begin, size, name("step")));
            id = nodes_.back().outputs[0];
        }
        copy_body(body, ids);
        for (size_t i = 0; i < body.outputs.size(); ++i) {
            const TensorId id = ids[static_cast<size_t>(body.outputs[i])];
            if (i < carried)
                values[i] = id;
            else
                stacked[i - carried].insert(
                    a.reverse ? stacked[i - carried].begin() : stacked[i - carried].end(), id);
        }
    }
    tie_turns(begins, static_cast<TensorId>(graph_.tensors.size()));
    turn_ = -1;
    for (size_t i = 0; i < carried; ++i) retarget(values[i], node_.outputs[i]);
    for (size_t i = 0; i < stacked.size(); ++i) {
        Node join;
        join.op = find_op("concat");
        join.source_op = "CONCATENATION";
        join.name = name("stacked");
        join.attributes = ConcatAttributes{a.stacked_axes[i]};
        join.inputs = stacked[i];
        join.outputs = {node_.outputs[carried + i]};
        nodes_.push_back(std::move(join));
    }
}

void spell(Speller& s, const Node& node)
{
    if (const auto* gru = std::any_cast<GruAttributes>(&node.attributes))
        spell_gru(s, *gru);
    else if (const auto* lstm = std::any_cast<LstmAttributes>(&node.attributes))
        spell_lstm(s, node, *lstm);
    else if (const auto* rnn = std::any_cast<SimpleRnnAttributes>(&node.attributes))
        spell_simple_rnn(s, node, *rnn);
    else if (const auto* scan = std::any_cast<ScanAttributes>(&node.attributes))
        s.run_scan(*scan);
    else
        THIMBLE_CHECK(false, "no recurrence: " + node.name);
}

bool has_own_state(const Graph& graph, const Node& node, size_t hidden)
{
    return graph.input(node, hidden).kind == TensorKind::state && node.outputs.size() == 1;
}

}  // namespace

SpelledOut spell_out(const Graph& graph, bool (*wanted)(const Graph& graph, const Node& node))
{
    SpelledOut result;
    result.graph = graph;
    result.graph.nodes.clear();
    for (const Node& node : graph.nodes) {
        if (!node.op || !wanted(graph, node)) {
            result.graph.nodes.push_back(node);
            continue;
        }
        Speller speller(result, node);
        spell(speller, node);
        for (Node& made : speller.take()) result.graph.nodes.push_back(std::move(made));
    }
    verify_graph(result.graph);
    return result;
}

bool has_no_file_form(const Graph& graph, const Node& node)
{
    const std::string_view name = node.op->name;
    if (name == "gru" || name == "scan") return true;
    if (name == "lstm") return !has_own_state(graph, node, lstm_input::hidden);
    if (name == "simple_rnn") return !has_own_state(graph, node, simple_rnn_input::hidden);
    return false;
}

bool has_no_integer_form(const Graph& graph, const Node& node)
{
    return node.op->name == "simple_rnn" || has_no_file_form(graph, node);
}

}  // namespace thimble
