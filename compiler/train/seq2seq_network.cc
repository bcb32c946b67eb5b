#include "train/seq2seq_network.h"

#include "base/error.h"
#include "formats/tflite_fields.h"
#include "project/vocabulary.h"

#include <fmt/format.h>

namespace thimble {

namespace {

namespace field = tflite_field;

class DecoderBuilder {
public:
    DecoderBuilder(const Seq2seqSpec& spec, uint64_t seed) : spec_(spec), build_("decoder", seed) {}

    TrainableNetwork build()
    {
        build_.set_prefix("decoder");
        Tensor symbol;
        symbol.name = "x";
        symbol.type = DType::i32;
        symbol.shape = {1};
        const TensorId id = graph_.input(symbol);
        h_ = graph_.input(real("h", {1, spec_.units}));
        if (spec_.cell == "lstm") c_ = graph_.input(real("c", {1, spec_.units}));
        if (spec_.attention) {
            context_ = graph_.input(real("context", {1, spec_.width()}));
            memory_ = graph_.input(real("memory", {1, spec_.places, spec_.width()}));
        }
        constexpr double kEvenIn = 0.5;
        const TensorId table = build_.weight("table", {spec_.symbols, spec_.embedding}, kEvenIn);
        x_ = graph_.gather(table, id);
        if (spec_.attention) x_ = graph_.concat({x_, context_}, 1);
        if (spec_.cell == "lstm")
            lstm();
        else
            gru();
        if (spec_.attention) attend();
        TensorId seen = spec_.attention ? graph_.concat({h_, context_}, 1) : h_;
        TrainableNetwork network;
        if (spec_.dropout > 0) network.dropout[seen] = spec_.dropout;
        graph_.output(build_.dense(seen, "logits_", spec_.symbols), "logits");
        graph_.output(h_, "h");
        if (spec_.cell == "lstm") graph_.output(c_, "c");
        if (spec_.attention) graph_.output(context_, "context");
        return build_.finish(std::move(network));
    }

private:
    static Tensor real(const std::string& name, Shape shape)
    {
        Tensor tensor;
        tensor.name = name;
        tensor.shape = std::move(shape);
        return tensor;
    }

    TensorId gate(TensorId in, const std::string& name, const std::string& function,
                  float first_bias = 0)
    {
        return build_.function(
            function, build_.dense(in, name, spec_.units, field::kActivationNone, first_bias));
    }
    TensorId combine(const std::string& op, TensorId a, TensorId b)
    {
        return graph_.node(op, {a, b}, {}, DType::f32);
    }

    void lstm()
    {
        const TensorId in = graph_.concat({x_, h_}, 1);
        const TensorId i = gate(in, "input_", "LOGISTIC");
        const TensorId f = gate(in, "forget_", "LOGISTIC", 1);
        const TensorId o = gate(in, "output_", "LOGISTIC");
        const TensorId g = gate(in, "candidate_", "TANH");
        c_ = combine("ADD", combine("MUL", f, c_), combine("MUL", i, g));
        h_ = combine("MUL", o, build_.function("TANH", c_));
    }

    void gru()
    {
        const TensorId in = graph_.concat({x_, h_}, 1);
        const TensorId z = gate(in, "update_", "LOGISTIC");
        const TensorId r = gate(in, "reset_", "LOGISTIC");
        const TensorId kept = graph_.concat({x_, combine("MUL", r, h_)}, 1);
        const TensorId g = gate(kept, "candidate_", "TANH");
        h_ = combine("ADD", g, combine("MUL", z, combine("SUB", h_, g)));
    }

    void attend()
    {
        TensorId query = h_;
        if (spec_.mask) {
            const TensorId one = graph_.constant("decoder/one", {1, 1}, std::vector<float>{1});
            query = graph_.concat({h_, one}, 1);
        }
        query = graph_.reshaped(query, {1, 1, spec_.width()});
        const TensorId scores = graph_.node("BATCH_MATMUL", {query, memory_},
                                            {{field::batch_matmul::adj_y, true}}, DType::f32);
        const TensorId shares = build_.function("SOFTMAX", scores);
        const TensorId sum = graph_.node("BATCH_MATMUL", {shares, memory_}, {}, DType::f32);
        context_ = graph_.reshaped(sum, {1, spec_.width()});
    }

    const Seq2seqSpec& spec_;
    WeightedBuilder build_;
    GraphBuilder& graph_ = build_.graph;
    TensorId x_ = kNoTensor, h_ = kNoTensor, c_ = kNoTensor, context_ = kNoTensor;
    TensorId memory_ = kNoTensor;
};

// How wide the rows are that the encoder gives.
int64_t memory_width(const Seq2seqSpec& spec, const Settings& stage)
{
    const TrainableNetwork encoder = build_network(spec.encoder, 1);
    const Shape shape = encoder.graph.tensor(encoder.graph.outputs[0]).shape;
    require(shape.size() == 3 && shape[1] == spec.places, ErrorCode::T0106,
            {stage.place("layers"), fmt::format("the last layer gives {}", shape_text(shape)),
             fmt::format("a row for each of the {} places of the source", spec.places),
             "layers = [{embedding = 32}, {lstm = 32, sequences = true, bidirectional = true}]"});
    return shape[2];
}

int64_t tokens_of(const Settings& stage, const std::string& key)
{
    require(stage.has(key), ErrorCode::T0106,
            {stage.place(key), "is missing", "the tokens of the texts to train on, one a line",
             key + " = \"words.txt\""});
    return static_cast<int64_t>(read_vocabulary(stage, key).size());
}

}  // namespace

Seq2seqSpec seq2seq_spec(const Settings& stage)
{
    Seq2seqSpec spec;
    const Settings* writer = stage.table("decoder_network");
    require(
        stage.has("layers") && writer != nullptr, ErrorCode::T0106,
        {stage.place("layers"), "no layers to train", "layers of the encoder, and decoder_network",
         "layers = [{embedding = 32}, {lstm = 32, sequences = true, bidirectional = true}] and "
         "decoder_network = {embedding = 32}"});
    require(stage.text("input_feeding") == "none", ErrorCode::T0106,
            {stage.place("input_feeding"), "beside layers to train",
             "a decoder_network with attention, which takes its context in by itself",
             "remove input_feeding"});
    spec.places = stage.whole("max_source");
    spec.max_target = stage.whole("max_target");
    spec.begin = stage.whole("begin");
    spec.end = stage.whole("end");
    spec.pad = stage.whole("pad");
    spec.cell = writer->text("cell");
    spec.embedding = writer->whole("embedding");
    spec.attention = writer->text("attention") == "dot";
    spec.mask = spec.attention && writer->flag("mask");
    spec.dropout = writer->number("dropout");
    spec.symbols = tokens_of(stage, "target_vocabulary");
    spec.encoder.layers = stage.tables("layers");
    spec.encoder.input.type = DType::i32;
    spec.encoder.input.shape = {spec.places};
    spec.encoder.ids = tokens_of(stage, "source_vocabulary");
    for (const auto& [key, id] : {std::pair("begin", spec.begin), {"end", spec.end}})
        require(id < spec.symbols, ErrorCode::T0106,
                {stage.place(key), fmt::format("id {}", id),
                 fmt::format("a token of the target vocabulary, below {}", spec.symbols),
                 fmt::format("{} = {}", key, spec.symbols - 1)});
    spec.units = memory_width(spec, stage);
    spec.encoder.bridge = spec.units;
    spec.encoder.mask = spec.mask;
    spec.encoder.pad = spec.pad;
    return spec;
}

TrainableNetwork build_decoder(const Seq2seqSpec& spec, uint64_t seed)
{
    return DecoderBuilder(spec, seed).build();
}

}  // namespace thimble
