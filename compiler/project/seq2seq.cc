#include "project/seq2seq.h"

#include "base/error.h"
#include "formats/tflite_fields.h"
#include "ops/beam_select.h"
#include "ops/control.h"
#include "project/graph_builder.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

Tensor with_shape(Tensor tensor, const std::string& name, Shape shape)
{
    tensor.name = name;
    tensor.shape = std::move(shape);
    return tensor;
}

TensorId table_of(GraphBuilder& builder, const Embedding& embedding, const std::string& name)
{
    return builder.constant(name, {embedding.symbols, embedding.width}, embedding.rows);
}

// Ids as a model takes them, embedded where there is a table, in the type and shape of `place`.
TensorId embedded(GraphBuilder& builder, const std::optional<Embedding>& embedding, TensorId ids,
                  const Tensor& place, const std::string& name)
{
    TensorId x = ids;
    if (embedding)
        x = builder.gather(builder.converted(table_of(builder, *embedding, name), place), ids);
    else
        x = builder.converted(ids, place);
    return builder.reshaped(x, place.shape);
}

class Composer {
public:
    Composer(const Seq2seqParts& parts, const std::string& name) : parts_(parts), graph_(name) {}

    Graph compose()
    {
        const TensorId source =
            graph_.input(plain_tensor("source", DType::i32, {parts_.max_source}));
        if (parts_.has_cells)
            encode_with_cells(source);
        else
            encode_whole(source);
        decode();
        Graph graph = graph_.finish();
        graph.notes = notes_;
        return graph;
    }

private:
    const RoledModel& decoder() const { return *parts_.decoder; }

    // Role -> what the encoder ends with, [1, n], in the decoder's type.
    using States = std::map<std::string, std::vector<TensorId>>;

    // One direction: a scan of the cell over the ids.
    void add_direction(const RoledModel& cell, TensorId source, bool reverse, States& ends,
                       std::vector<TensorId>& memory)
    {
        const std::vector<std::string> states = parts_.states_of(cell);
        const std::string output = parts_.output_role(cell);
        const std::string prefix = reverse ? "backward/" : "forward/";
        GraphBuilder body(cell.name, prefix);
        const TensorId id = body.input(plain_tensor("source_symbol", DType::i32, {1}));
        std::vector<TensorId> inputs(cell.graph->inputs.size());
        std::vector<TensorId> outer = {source};
        inputs[cell.inputs.at("x")] = embedded(body, parts_.source_embedding, id,
                                               cell.inputs.tensor("x"), "source_embedding");
        for (const std::string& state : states) {
            const Tensor& place = cell.inputs.tensor(state);
            inputs[cell.inputs.at(state)] = body.input(with_shape(place, state, place.shape));
            outer.push_back(graph_.zeros(state + "_first", place));
        }
        const std::vector<TensorId> outputs = body.inlined(*cell.graph, inputs, prefix);
        for (const std::string& state : states) {
            const Tensor& place = cell.inputs.tensor(state);
            body.output(
                body.reshaped(body.converted(outputs[cell.outputs.at(state)], place), place.shape));
        }
        const TensorId out = outputs[cell.outputs.at(output)];
        body.output(body.reshaped(out, {1, body.tensor(out).count()}));
        ScanAttributes scan;
        scan.body = std::make_shared<const Graph>(body.finish());
        scan.trip_count = parts_.max_source;
        scan.reverse = reverse;
        scan.sequence_axes = {0};
        scan.carried = static_cast<int64_t>(states.size());
        scan.stacked_axes = {0};
        const std::vector<TensorId> results =
            graph_.own_node("scan", outer, scan, states.size() + 1,
                            reverse ? "encoder_backward" : "encoder_forward");
        for (size_t i = 0; i < states.size(); ++i) ends[states[i]].push_back(results[i]);
        memory.push_back(results.back());
    }

    void encode_with_cells(TensorId source)
    {
        States ends;
        std::vector<TensorId> memory;
        for (size_t i = 0; i < parts_.encoders.size(); ++i)
            add_direction(parts_.encoders[i], source, i == 1, ends, memory);
        set_memory(memory);
        for (const std::string& state : parts_.states) set_first(state, ends[state]);
    }

    void encode_whole(TensorId source)
    {
        const RoledModel& encoder = parts_.encoders[0];
        const TensorId x = embedded(graph_, parts_.source_embedding, source,
                                    encoder.inputs.tensor("x"), "source_embedding");
        const std::vector<TensorId> outputs = graph_.inlined(*encoder.graph, {x}, "encoder/");
        if (encoder.outputs.has("memory")) set_memory({outputs[encoder.outputs.at("memory")]});
        for (const std::string& state : parts_.states) {
            std::vector<TensorId> found;
            if (encoder.outputs.has(state)) found = {outputs[encoder.outputs.at(state)]};
            set_first(state, found);
        }
    }

    // Joins the directions along the last axis, in the type and shape that the decoder takes.
    void set_memory(const std::vector<TensorId>& parts)
    {
        if (!decoder().inputs.has("memory")) return;
        const Tensor& place = decoder().inputs.tensor("memory");
        std::vector<TensorId> rows;
        for (const TensorId part : parts) {
            const TensorId converted = graph_.converted(part, place);
            const int64_t width = graph_.tensor(converted).count() / parts_.max_source;
            rows.push_back(graph_.reshaped(converted, {parts_.max_source, width}));
        }
        memory_ = graph_.reshaped(graph_.concat(rows, 1), place.shape);
    }

    // What a state is made of inside of the loop: the decoder's own input, or its context output.
    const Tensor& state_place(const std::string& state) const
    {
        return decoder().inputs.has(state) ? decoder().inputs.tensor(state)
                                           : decoder().outputs.tensor(state);
    }

    // The decoder's first state for every beam, [beams, n].
    void set_first(const std::string& state, const std::vector<TensorId>& parts)
    {
        const Tensor& place = state_place(state);
        std::vector<TensorId> rows;
        for (const TensorId part : parts) {
            const TensorId converted = graph_.converted(part, place);
            rows.push_back(graph_.reshaped(converted, {1, graph_.tensor(converted).count()}));
        }
        if (rows.empty()) {
            if (state != "context")
                notes_.push_back(
                    fmt::format("decoder state '{}' starts from zero: the encoder "
                                "gives none",
                                state));
            rows = {graph_.zeros(state + "_first", with_shape(place, state, {1, place.count()}))};
        }
        const TensorId joined = graph_.concat(rows, 1);
        first_.push_back(
            graph_.concat(std::vector<TensorId>(static_cast<size_t>(parts_.beams), joined), 0));
    }

    // The decoder's next input: the last symbol, and the context where it is fed back.
    TensorId decoder_x(GraphBuilder& body, TensorId token, TensorId context) const
    {
        const Tensor& place = decoder().inputs.tensor("x");
        if (parts_.feeding == "none")
            return embedded(body, parts_.target_embedding, token, place, "target_embedding");
        const TensorId row =
            body.gather(table_of(body, *parts_.target_embedding, "target_embedding"), token);
        const TensorId fed = body.real(context);
        const TensorId x = parts_.feeding == "add"
                               ? body.node("ADD", {row, body.reshaped(fed, body.tensor(row).shape)},
                                           {}, DType::f32)
                               : body.concat({row, fed}, 1);
        return body.reshaped(body.converted(x, place), place.shape);
    }

    // One pass of the decoder: the next states, each [1, n], then the logits, [1, symbols].
    std::vector<TensorId> decoder_pass(GraphBuilder& body, TensorId token,
                                       const std::vector<TensorId>& states, TensorId memory) const
    {
        const std::vector<std::string>& names = parts_.states;
        std::vector<TensorId> inputs(decoder().graph->inputs.size());
        TensorId context = kNoTensor;
        for (size_t i = 0; i < names.size(); ++i) {
            if (names[i] == "context") context = states[i];
            if (decoder().inputs.has(names[i]))
                inputs[decoder().inputs.at(names[i])] =
                    body.reshaped(states[i], decoder().inputs.tensor(names[i]).shape);
        }
        if (memory != kNoTensor) inputs[decoder().inputs.at("memory")] = memory;
        inputs[decoder().inputs.at("x")] = decoder_x(body, token, context);
        const std::vector<TensorId> outputs = body.inlined(*decoder().graph, inputs, "decoder/");
        std::vector<TensorId> result;
        for (const std::string& name : names) {
            const Tensor& place = state_place(name);
            const TensorId next = body.converted(outputs[decoder().outputs.at(name)], place);
            result.push_back(body.reshaped(next, {1, place.count()}));
        }
        TensorId logits = outputs[decoder().outputs.at("logits")];
        if (!exact_logits()) logits = body.real(logits);
        result.push_back(body.reshaped(logits, {1, parts_.symbols}));
        return result;
    }

    // True when the search reads the logits as they are stored.
    bool exact_logits() const
    {
        const DType type = decoder().outputs.tensor("logits").type;
        return type == DType::f32 || type == DType::i8 || (type == DType::i16 && parts_.beams == 1);
    }

    // The decoder for every hypothesis in turn: a scan over the rows of tokens and states.
    std::vector<TensorId> all_beams(GraphBuilder& body, TensorId tokens,
                                    const std::vector<TensorId>& states, TensorId memory) const
    {
        if (parts_.beams == 1) return decoder_pass(body, tokens, states, memory);
        GraphBuilder one("decoder_beam", "decoder/");
        ScanAttributes scan;
        const TensorId token = one.input(plain_tensor("token", DType::i32, {1}));
        std::vector<TensorId> inner, outer = {tokens};
        for (const TensorId state : states) {
            const Tensor& all = body.tensor(state);
            inner.push_back(one.input(with_shape(all, all.name, {1, all.shape[1]})));
            outer.push_back(state);
        }
        scan.sequence_axes.assign(outer.size(), 0);
        TensorId captured = kNoTensor;
        if (memory != kNoTensor) {
            captured = one.input(body.tensor(memory));
            outer.push_back(memory);
        }
        const std::vector<TensorId> results = decoder_pass(one, token, inner, captured);
        for (const TensorId id : results) one.output(id);
        scan.body = std::make_shared<const Graph>(one.finish());
        scan.trip_count = parts_.beams;
        scan.stacked_axes.assign(results.size(), 0);
        return body.own_node("scan", outer, scan, results.size(), "beams");
    }

    // What the loop carries besides the decoder's states, in the order of beam_select's outputs.
    std::vector<Tensor> search_places() const
    {
        const int64_t beams = parts_.beams;
        std::vector<Tensor> places = {plain_tensor("tokens", DType::i32, {beams}),
                                      plain_tensor("ids", DType::i32, {beams, parts_.max_target}),
                                      plain_tensor("lengths", DType::i32, {beams}),
                                      plain_tensor("step", DType::i32, {1}),
                                      plain_tensor("active", DType::boolean, {1})};
        if (beams > 1)
            places.push_back(
                plain_tensor("scores", integer_scores() ? DType::i32 : DType::f32, {beams}));
        return places;
    }

    bool integer_scores() const { return decoder().outputs.tensor("logits").type == DType::i8; }

    std::vector<TensorId> search_start()
    {
        const auto beams = static_cast<size_t>(parts_.beams);
        const auto begin = static_cast<int32_t>(parts_.begin),
                   pad = static_cast<int32_t>(parts_.pad);
        const int64_t rows = parts_.beams, places = parts_.max_target;
        const std::vector<int32_t> empty(beams * static_cast<size_t>(places), pad), none(beams, 0);
        std::vector<TensorId> start = {
            graph_.constant("begin", {rows}, std::vector<int32_t>(beams, begin)),
            graph_.constant("no_ids", {rows, places}, empty),
            graph_.constant("no_lengths", {rows}, none),
            graph_.constant("first_step", {1}, std::vector<int32_t>{0}),
            graph_.constant("search", DType::boolean, {1}, {1})};
        if (beams == 1) return start;
        std::vector<int32_t> whole(beams, kNoScoreQ16);
        std::vector<float> real(beams, kNoScore);
        whole[0] = 0;
        real[0] = 0;
        start.push_back(integer_scores() ? graph_.constant("no_scores", {rows}, whole)
                                         : graph_.constant("no_scores", {rows}, real));
        return start;
    }

    std::shared_ptr<const Graph> loop_body(const std::vector<Tensor>& places) const
    {
        GraphBuilder body("decoder", "decoder/");
        std::vector<TensorId> search, states;
        for (const Tensor& place : places) search.push_back(body.input(place));
        for (const TensorId id : first_) states.push_back(body.input(graph_.tensor(id)));
        TensorId memory = kNoTensor;
        if (memory_ != kNoTensor) memory = body.input(graph_.tensor(memory_));
        std::vector<TensorId> results = all_beams(body, search[0], states, memory);
        // tokens and active are outputs of the search only.
        std::vector<TensorId> inputs = {results.back(), search[1], search[2], search[3]};
        if (parts_.beams > 1) inputs.push_back(search[5]);
        results.pop_back();
        const bool greedy = parts_.beams == 1;
        const std::vector<TensorId> chosen = body.own_node(
            "beam_select", inputs, BeamSelectAttributes{parts_.end, parts_.pad},
            greedy ? beam_select_output::greedy_count : beam_select_output::beam_count, "search");
        for (size_t i = 0; i < places.size(); ++i) body.output(chosen[i]);
        for (const TensorId next : results)
            body.output(greedy ? next : body.gather(next, chosen[beam_select_output::parents]));
        return std::make_shared<const Graph>(body.finish());
    }

    // Goes on while the search says so.
    std::shared_ptr<const Graph> loop_condition(const std::vector<Tensor>& places) const
    {
        GraphBuilder condition("decoding");
        std::vector<TensorId> inputs;
        for (const Tensor& place : places) inputs.push_back(condition.input(place));
        for (const TensorId id : first_) condition.input(graph_.tensor(id));
        if (memory_ != kNoTensor) condition.input(graph_.tensor(memory_));
        condition.output(inputs[beam_select_output::active]);
        return std::make_shared<const Graph>(condition.finish());
    }

    void decode()
    {
        const std::vector<Tensor> places = search_places();
        std::vector<TensorId> inputs = search_start();
        inputs.insert(inputs.end(), first_.begin(), first_.end());
        const size_t carried = inputs.size();
        if (memory_ != kNoTensor) inputs.push_back(memory_);
        const WhileAttributes loop = {loop_condition(places), loop_body(places)};
        const std::vector<TensorId> results =
            graph_.own_node("while", inputs, loop, carried, "decoder");
        TensorId ids = results[beam_select_output::ids];
        TensorId count = results[beam_select_output::lengths];
        if (parts_.beams > 1) {
            const TensorId axis = graph_.constant("best_axis", {1}, std::vector<int32_t>{0});
            const TensorId scores = results[beam_select_output::scores];
            const TensorId best = graph_.reshaped(
                graph_.node(
                    "ARG_MAX", {scores, axis},
                    {{tflite_field::arg_max::output_type, static_cast<int8_t>(TfliteType::int32)}},
                    DType::i32),
                {1});
            ids = graph_.gather(ids, best);
            count = graph_.gather(count, best);
            graph_.output(graph_.reshaped(ids, {parts_.max_target}), "ids");
            graph_.output(count, "count");
            graph_.output(graph_.gather(scores, best), "score");
            return;
        }
        graph_.output(graph_.reshaped(ids, {parts_.max_target}), "ids");
        graph_.output(count, "count");
    }

    const Seq2seqParts& parts_;
    GraphBuilder graph_;
    TensorId memory_ = kNoTensor;
    std::vector<TensorId> first_;  // of every state of the decoder, [beams, n]
    std::vector<std::string> notes_;
};

}  // namespace

Graph seq2seq_graph(const Seq2seqParts& parts, const std::string& name)
{
    return Composer(parts, name).compose();
}

}  // namespace thimble
