#include "recurrent_drafts.h"

#include "formats/tflite_fields.h"

#include <cmath>
#include <cstring>

namespace thimble {

namespace {

std::vector<uint8_t> int32_bytes(const std::vector<int32_t>& values)
{
    std::vector<uint8_t> bytes(values.size() * 4);
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

// Adds tensors and operators to one subgraph.
class Writer {
public:
    Writer(TfliteDraftSubgraph& subgraph, const RecurrentDraft& form)
        : subgraph_(subgraph), form_(form)
    {
    }
    int tensor(const std::string& name, std::vector<int64_t> shape, float scale = 1.0f / 64)
    {
        TfliteDraftTensor tensor;
        tensor.name = name + "_" + std::to_string(subgraph_.tensors.size());
        tensor.shape = std::move(shape);
        if (form_.quantized) {
            tensor.type = TfliteType::int8;
            tensor.scales = {scale};
            tensor.zero_points = {scale == 1.0f / 256 ? -128 : 0};
            if (has_own_scale(name)) {
                const auto id = static_cast<int64_t>(subgraph_.tensors.size());
                tensor.scales[0] *= 1 + 0.031f * static_cast<float>((7 * step_ + 5 * id) % 11);
                tensor.zero_points[0] = (3 * step_ + id) % 19 - 9;
            }
        }
        subgraph_.tensors.push_back(std::move(tensor));
        return static_cast<int>(subgraph_.tensors.size()) - 1;
    }
    int integers(std::vector<int64_t> shape, const std::vector<int32_t>& values)
    {
        const int id = tensor("integers", std::move(shape));
        TfliteDraftTensor& integer = subgraph_.tensors[static_cast<size_t>(id)];
        integer.type = TfliteType::int32;
        integer.scales.clear();
        integer.zero_points.clear();
        if (!values.empty()) integer.data = int32_bytes(values);
        return id;
    }
    // Values in [-amplitude, amplitude] that depend on the seed alone.
    int weights(std::vector<int64_t> shape, uint32_t seed, float amplitude = 0.5f)
    {
        int64_t count = 1;
        for (const int64_t size : shape) count *= size;
        const int id = tensor("weights", std::move(shape), amplitude / 127);
        std::vector<uint8_t>& data = subgraph_.tensors[static_cast<size_t>(id)].data;
        for (int64_t i = 0; i < count; ++i) {
            seed = seed * 1664525u + 1013904223u;
            const auto q = static_cast<int8_t>(static_cast<int>(seed >> 24) % 255 - 127);
            if (form_.quantized) {
                data.push_back(static_cast<uint8_t>(q));
                continue;
            }
            const float value = amplitude * static_cast<float>(q) / 127;
            data.resize(data.size() + 4);
            std::memcpy(data.data() + data.size() - 4, &value, 4);
        }
        return id;
    }
    int zeros(std::vector<int64_t> shape, float scale = 1.0f / 64)
    {
        int64_t count = form_.quantized ? 1 : 4;
        for (const int64_t size : shape) count *= size;
        const int id = tensor("zeros", std::move(shape), scale);
        subgraph_.tensors[static_cast<size_t>(id)].data.assign(static_cast<size_t>(count), 0);
        return id;
    }
    void op(const std::string& name, std::vector<int> inputs, std::vector<int> outputs,
            std::vector<TfliteOption> options = {})
    {
        TfliteDraftOperator source;
        source.name = name;
        source.inputs = std::move(inputs);
        source.outputs = std::move(outputs);
        source.options = std::move(options);
        subgraph_.operators.push_back(std::move(source));
    }
    int one(const std::string& name, std::vector<int> inputs, std::vector<int64_t> shape,
            float scale = 1.0f / 64, std::vector<TfliteOption> options = {})
    {
        const int id = tensor(name, std::move(shape), scale);
        op(name, std::move(inputs), {id}, std::move(options));
        return id;
    }
    int one_integer(const std::string& name, std::vector<int> inputs, std::vector<int64_t> shape)
    {
        const int id = integers(std::move(shape), {});
        op(name, std::move(inputs), {id});
        return id;
    }

    struct State {
        int h, c;
    };
    // The weights are made once and shared by all steps.
    void make_weights()
    {
        const int64_t gates = form_.cell == RecurrentDraft::lstm         ? 4
                              : form_.cell == RecurrentDraft::simple_rnn ? 1
                                                                         : 3;
        input_weights_ = weights({gates * form_.units, form_.in_count}, 1);
        recurrent_weights_ = weights({gates * form_.units, form_.units}, 2);
        other_weights_ = weights({gates * form_.units, form_.units}, 3);
        candidate_weights_ = weights({form_.units, form_.units}, 4);
        bias_ = weights({gates * form_.units}, 5);
        one_ = weights({}, 0);
        axis_ = integers({}, {1});
        if (form_.quantized) return;
        const float one = 1;
        std::memcpy(subgraph_.tensors[static_cast<size_t>(one_)].data.data(), &one, 4);
    }
    void end_of_steps() { step_ = -1; }
    // One step; `t` only chooses what is different on purpose.
    State step(int x, State state, int64_t t)
    {
        h_scale_ = t == form_.rescaled_step ? 1.0f / 100 : 1.0f / 128;
        step_ = t;
        const int recurrent = t == form_.changed_step ? other_weights_ : recurrent_weights_;
        const bool first = t == 0 && form_.folded_zero;
        switch (form_.cell) {
        case RecurrentDraft::lstm:
            return lstm_step(x, state, recurrent, first);
        case RecurrentDraft::simple_rnn:
            return simple_step(x, state, recurrent, first);
        default:
            return gru_step(x, state, recurrent);
        }
    }

private:
    // The functions of gates have fixed scales; hidden states that are packed share one.
    bool has_own_scale(const std::string& name) const
    {
        return form_.own_scales && step_ >= 0 && !packed_ && name != "LOGISTIC" && name != "TANH";
    }
    int hidden(const std::string& name, std::vector<int> inputs)
    {
        packed_ = form_.sequences;
        const int id = one(name, std::move(inputs), row(), h_scale_);
        packed_ = false;
        return id;
    }
    std::vector<int64_t> row(int64_t count = 1) const { return {1, count * form_.units}; }
    int product(int x, int matrix, int64_t count)
    {
        return one("FULLY_CONNECTED", {x, matrix, -1}, row(count), 1.0f / 32,
                   {{tflite_field::fully_connected::fused_activation,
                     static_cast<int8_t>(form_.clamped ? 1 : 0)}});
    }
    std::vector<int> cut(int whole, int64_t parts)
    {
        std::vector<int> outputs;
        for (int64_t i = 0; i < parts; ++i) {
            outputs.push_back(tensor("gate", row(), 1.0f / 32));
            const TfliteDraftTensor& from = subgraph_.tensors[static_cast<size_t>(whole)];
            subgraph_.tensors.back().scales = from.scales;
            subgraph_.tensors.back().zero_points = from.zero_points;
        }
        op("SPLIT", {axis_, whole}, outputs,
           {{tflite_field::split::num_splits, static_cast<int32_t>(parts)}});
        return outputs;
    }
    int sigmoid(int x) { return one("LOGISTIC", {x}, row(), 1.0f / 256); }
    int squash(int x) { return one("TANH", {x}, row(), 1.0f / 128); }

    State lstm_step(int x, State state, int recurrent, bool first)
    {
        int sum = product(x, input_weights_, 4);
        if (!first) sum = one("ADD", {sum, product(state.h, recurrent, 4)}, row(4), 1.0f / 32);
        const std::vector<int> gates = cut(one("ADD", {sum, bias_}, row(4), 1.0f / 32), 4);
        int c = one("MUL", {sigmoid(gates[0]), squash(gates[2])}, row());
        if (!first) c = one("ADD", {one("MUL", {sigmoid(gates[1]), state.c}, row()), c}, row());
        const int o = sigmoid(gates[3]);
        return {hidden("MUL", {o, squash(c)}), c};
    }
    State simple_step(int x, State state, int recurrent, bool first)
    {
        int sum = one("FULLY_CONNECTED", {x, input_weights_, -1}, row(), 1.0f / 32);
        if (!first) sum = one("ADD", {sum, product(state.h, recurrent, 1)}, row(), 1.0f / 32);
        return {squash(one("ADD", {sum, bias_}, row(), 1.0f / 32)), state.c};
    }
    State gru_step(int x, State state, int recurrent)
    {
        const std::vector<int> in =
            cut(one("ADD", {product(x, input_weights_, 3), bias_}, row(3), 1.0f / 32), 3);
        const std::vector<int> re = cut(product(state.h, recurrent, 3), 3);
        const int z = sigmoid(one("ADD", {in[0], re[0]}, row(), 1.0f / 32));
        const int r = sigmoid(one("ADD", {in[1], re[1]}, row(), 1.0f / 32));
        const int reset = form_.cell == RecurrentDraft::gru
                              ? one("MUL", {r, re[2]}, row(), 1.0f / 32)
                              : product(one("MUL", {r, state.h}, row()), candidate_weights_, 1);
        const int g = squash(one("ADD", {in[2], reset}, row(), 1.0f / 32));
        const int fresh = one("MUL", {one("SUB", {one_, z}, row()), g}, row());
        return {hidden("ADD", {one("MUL", {z, state.h}, row()), fresh}), state.c};
    }

    TfliteDraftSubgraph& subgraph_;
    const RecurrentDraft& form_;
    float h_scale_ = 1.0f / 128;
    int64_t step_ = -1;
    bool packed_ = false;
    int input_weights_ = 0, recurrent_weights_ = 0, other_weights_ = 0, candidate_weights_ = 0;
    int bias_ = 0, one_ = 0, axis_ = 0;
};

}  // namespace

TfliteDraft unrolled_draft(const RecurrentDraft& form)
{
    TfliteDraft draft;
    draft.subgraphs.resize(1);
    Writer writer(draft.subgraphs[0], form);
    const int x = writer.tensor("x", {1, form.steps, form.in_count});
    writer.make_weights();
    std::vector<int> rows;
    for (int64_t t = 0; t < form.steps; ++t)
        rows.push_back(writer.tensor("row", {1, form.in_count}));
    writer.op("UNPACK", {x}, rows,
              {{tflite_field::unpack::num, static_cast<int32_t>(form.steps)},
               {tflite_field::unpack::axis, 1}});
    Writer::State state = {writer.zeros({1, form.units}, 1.0f / 128),
                           writer.zeros({1, form.units})};
    std::vector<int> hidden;
    for (int64_t t = 0; t < form.steps; ++t) {
        const int64_t at = form.backwards ? form.steps - 1 - t : t;
        state = writer.step(rows[static_cast<size_t>(at)], state, t);
        hidden.push_back(state.h);
    }
    int y = state.h;
    writer.end_of_steps();
    if (form.sequences)
        y = writer.one("PACK", hidden, {1, form.steps, form.units}, 1.0f / 128,
                       {{tflite_field::pack::values_count, static_cast<int32_t>(form.steps)},
                        {tflite_field::pack::axis, 1}});
    draft.subgraphs[0].inputs = {x};
    draft.subgraphs[0].outputs = {y};
    return draft;
}

namespace {

// What the loop carries: two counters, the list, h, perhaps c, and x.
struct Loop {
    explicit Loop(const RecurrentDraft& form)
        : form(form),
          lstm(form.cell == RecurrentDraft::lstm),
          list({form.sequences ? form.steps : 1, 1, form.units}),
          sequence({form.steps, 1, form.in_count}),
          limit(static_cast<int>(form.steps))
    {
    }
    const RecurrentDraft& form;
    const bool lstm;
    const std::vector<int64_t> list, sequence;
    const int limit;

    std::vector<int> carried(Writer& writer) const
    {
        std::vector<int> ids = {writer.integers({}, {}), writer.integers({}, {}),
                                writer.tensor("y", list, 1.0f / 128),
                                writer.tensor("h", {1, form.units}, 1.0f / 128)};
        if (lstm) ids.push_back(writer.tensor("c", {1, form.units}));
        ids.push_back(writer.tensor("x", sequence));
        return ids;
    }
};

TfliteDraftSubgraph loop_main(const Loop& loop)
{
    TfliteDraftSubgraph graph;
    Writer writer(graph, loop.form);
    const RecurrentDraft& form = loop.form;
    const int x = writer.tensor("x", {1, form.steps, form.in_count});
    const int shape = writer.integers({3}, {loop.limit, 1, static_cast<int>(form.in_count)});
    int time_major = writer.one("RESHAPE", {x, shape}, loop.sequence);
    if (form.backwards)
        time_major =
            writer.one("REVERSE_V2", {time_major, writer.integers({1}, {0})}, loop.sequence);
    const int zero = writer.integers({}, {0});
    std::vector<int> inputs = {zero, zero, writer.zeros(loop.list, 1.0f / 128),
                               writer.zeros({1, form.units}, 1.0f / 128)};
    if (loop.lstm) inputs.push_back(writer.zeros({1, form.units}));
    inputs.push_back(time_major);
    const std::vector<int> outputs = loop.carried(writer);
    writer.op("WHILE", inputs, outputs,
              {{tflite_field::while_::cond_subgraph_index, 1},
               {tflite_field::while_::body_subgraph_index, 2}});
    graph.inputs = {x};
    graph.outputs = {outputs[2]};
    return graph;
}

TfliteDraftSubgraph loop_condition(const Loop& loop)
{
    TfliteDraftSubgraph graph;
    Writer writer(graph, loop.form);
    graph.inputs = loop.carried(writer);
    const auto boolean = [&](const char* name, std::vector<int> in) {
        const int id = writer.one_integer(name, std::move(in), {});
        graph.tensors[static_cast<size_t>(id)].type = TfliteType::boolean;
        return id;
    };
    const int end = writer.integers({}, {loop.limit});
    const int a = boolean("LESS", {graph.inputs[0], end});
    const int b = boolean("LESS", {graph.inputs[1], end});
    graph.outputs = {boolean("LOGICAL_AND", {a, b})};
    return graph;
}

// y with `element` in place `counter`.
int write_element(Writer& writer, const Loop& loop, int y, int element, int counter, int next)
{
    const int single = writer.integers({1}, {1});
    const auto joined = [&](int index, int32_t rest) {
        const int first = writer.one_integer("RESHAPE", {index, single}, {1});
        return writer.one_integer("CONCATENATION", {first, writer.integers({2}, {rest, rest})},
                                  {3});
    };
    const int size = joined(counter, -1), begin = joined(next, 0);
    const int before =
        writer.one("SLICE", {y, writer.integers({3}, {0, 0, 0}), size}, {1, 1, 1}, 1.0f / 128);
    const int after = writer.one("SLICE", {y, begin, writer.integers({3}, {-1, -1, -1})},
                                 {1, 1, loop.form.units}, 1.0f / 128);
    return writer.one("CONCATENATION", {before, element, after}, loop.list, 1.0f / 128);
}

TfliteDraftSubgraph loop_body(const Loop& loop)
{
    TfliteDraftSubgraph graph;
    Writer writer(graph, loop.form);
    const std::vector<int> inputs = graph.inputs = loop.carried(writer);
    writer.make_weights();
    const int one = writer.integers({}, {1});
    const int next_a = writer.one_integer("ADD", {inputs[0], one}, {});
    const int next_b = writer.one_integer("ADD", {inputs[1], one}, {});
    const int x = writer.one("GATHER", {inputs.back(), inputs[1]}, {1, loop.form.in_count});
    const Writer::State state = writer.step(x, {inputs[3], loop.lstm ? inputs[4] : 0}, -1);
    const int shape = writer.integers({3}, {1, 1, static_cast<int>(loop.form.units)});
    int written = writer.one("RESHAPE", {state.h, shape}, {1, 1, loop.form.units}, 1.0f / 128);
    if (loop.form.sequences)
        written = write_element(writer, loop, inputs[2], written, inputs[1], next_b);
    graph.outputs = {next_a, next_b, written, state.h};
    if (loop.lstm) graph.outputs.push_back(state.c);
    graph.outputs.push_back(inputs.back());
    return graph;
}

}  // namespace

TfliteDraft cell_draft(const RecurrentDraft& form)
{
    TfliteDraft draft;
    draft.subgraphs.resize(1);
    Writer writer(draft.subgraphs[0], form);
    const int x = writer.tensor("x", {1, form.in_count});
    const Writer::State state = {writer.tensor("h", {1, form.units}, 1.0f / 128),
                                 writer.tensor("c", {1, form.units})};
    writer.make_weights();
    const Writer::State next = writer.step(x, state, -1);
    draft.subgraphs[0].inputs = {x, state.h, state.c};
    draft.subgraphs[0].outputs = {next.h, next.c};
    if (form.cell != RecurrentDraft::lstm) {
        draft.subgraphs[0].inputs.pop_back();
        draft.subgraphs[0].outputs.pop_back();
    }
    return draft;
}

TfliteDraft loop_draft(const RecurrentDraft& form)
{
    const Loop loop(form);
    TfliteDraft draft;
    draft.subgraphs = {loop_main(loop), loop_condition(loop), loop_body(loop)};
    return draft;
}

}  // namespace thimble
