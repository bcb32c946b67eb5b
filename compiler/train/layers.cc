#include "train/layers.h"

#include "base/error.h"
#include "formats/tflite_fields.h"
#include "ops/recurrent.h"
#include "quantize/network.h"

#include <cmath>
#include <fmt/format.h>
#include <set>

namespace thimble {

namespace {

namespace field = tflite_field;

struct Pair {
    int32_t height, width;
};

// The weights that the input meets first. Empty when something stands in front of them that does
// not pass a factor on.
std::vector<TensorId> first_weights(const Graph& graph)
{
    static const std::map<std::string_view, size_t> kWeightInputs = {
        {"FULLY_CONNECTED", 1}, {"CONV_2D", 1}, {"DEPTHWISE_CONV_2D", 1}, {"lstm", 4}, {"gru", 3},
        {"simple_rnn", 1},
    };
    static const std::set<std::string_view> kHomogeneous = {
        "RESHAPE", "RELU", "MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "REDUCE_MAX"};
    std::set<TensorId> scaled(graph.inputs.begin(), graph.inputs.end());
    std::vector<TensorId> weights;
    for (const Node& node : graph.nodes) {
        if (!scaled.contains(node.inputs[0])) continue;
        const auto found = kWeightInputs.find(node.source_op);
        if (found != kWeightInputs.end())
            weights.insert(weights.end(), node.inputs.begin() + 1,
                           node.inputs.begin() + 1 + static_cast<std::ptrdiff_t>(found->second));
        else if (kHomogeneous.contains(node.source_op))
            scaled.insert(node.outputs[0]);
        else
            return {};
    }
    return weights;
}

class NetworkBuilder {
public:
    // `deployed`: fused activations, no batch norms, no dropout.
    NetworkBuilder(const NetworkSpec& spec, uint64_t seed, bool deployed)
        : spec_(spec), layers_(spec.layers), deployed_(deployed), build_("network", seed)
    {
    }

    TrainableNetwork build()
    {
        begin();
        const TensorId ids = value_;
        for (next_ = 0; next_ < layers_.size();) {
            const Settings& layer = *layers_[next_++];
            const std::string kind = kind_of(layer);
            build_.set_prefix(fmt::format("{}_{}", kind, next_));
            add(kind, layer);
        }
        const TensorId rows = value_;
        if (spec_.mask) mask(ids);
        graph_.output(value_, spec_.bridge > 0 ? "memory" : "output");
        value_ = rows;
        if (spec_.bridge > 0) bridge();
        network_ = build_.finish(std::move(network_));
        if (network_.input_scale != 1 && first_weights(network_.graph).empty())
            network_.input_scale = 1;
        return std::move(network_);
    }

private:
    static std::string kind_of(const Settings& layer)
    {
        return layer.section().substr(std::string("layer.").size());
    }

    [[noreturn]] void wrong(const Settings& layer, const std::string& expected,
                            const std::string& remedy) const
    {
        fail(ErrorCode::T0106,
             {layer.place(kind_of(layer)), fmt::format("gets {}", shape_text(inner_shape())),
              expected, remedy});
    }

    const Shape& shape() const { return graph_.tensor(value_).shape; }
    Shape inner_shape() const { return {shape().begin() + 1, shape().end()}; }
    int64_t channels() const { return shape().back(); }

    void begin()
    {
        const Tensor& input = spec_.input;
        const bool embedded = kind_of(*layers_[0]) == "embedding";
        Tensor place;
        place.name = "input";
        place.type = embedded ? DType::i32 : DType::f32;
        place.shape = input.shape;
        place.shape.insert(place.shape.begin(), 1);
        const bool takes =
            embedded ? is_integer(input.type)
                     : is_float(input.type) || input.type == DType::i8 || input.type == DType::u8;
        require(takes, ErrorCode::T0106,
                {layers_[0]->place(kind_of(*layers_[0])),
                 fmt::format("the stage before gives {}{}", dtype_name(input.type),
                             shape_text(input.shape)),
                 embedded ? "ids" : "real numbers, int8 or uint8",
                 embedded ? "put a stage in front: kind = \"hash_tokens\""
                          : "put a stage kind = \"normalize\" in front (thimble data --normalize "
                            "prints it), or begin with {embedding = 16} for ids"});
        value_ = graph_.input(place);
        if (!embedded && input.type == DType::i8) network_.input_scale = 1.0f / 128;
        if (!embedded && input.type == DType::u8) network_.input_scale = 1.0f / 255;
    }

    void add(const std::string& kind, const Settings& layer)
    {
        if (kind == "dense") return dense(layer);
        if (kind == "conv1d") return conv1d(layer);
        if (kind == "conv2d") return conv2d(layer);
        if (kind == "depthwise") return depthwise(layer);
        if (kind == "max_pool" || kind == "average_pool") return pool(layer, kind);
        if (kind == "global_pool") return global_pool(layer);
        if (kind == "batch_norm") return batch_norm(layer);
        if (kind == "embedding") return embedding(layer);
        if (kind == "lstm" || kind == "gru" || kind == "rnn") return recurrent(layer, kind);
        if (kind == "attention") return attention(layer);
        if (kind == "activation") return activate(layer.text(kind));
        if (kind == "flatten") return reshape({1, graph_.tensor(value_).count()});
        if (kind == "reshape") return reshape_to(layer);
        THIMBLE_CHECK(kind == "dropout", kind);
        if (!deployed_) network_.dropout[value_] = layer.number("dropout");
    }

    // ---- layers ----

    // The layer's own activation, or in the deployed form that of the next layer, past a batch norm
    // that is folded.
    std::string following_activation(const Settings& layer)
    {
        std::string activation = layer.text("activation");
        if (!deployed_ || activation != "none") return activation;
        while (next_ < layers_.size() &&
               (kind_of(*layers_[next_]) == "batch_norm" || kind_of(*layers_[next_]) == "dropout"))
            ++next_;
        if (next_ < layers_.size() && kind_of(*layers_[next_]) == "activation") {
            activation = layers_[next_]->text("activation");
            ++next_;
        }
        return activation;
    }

    static int8_t fused(const std::string& activation)
    {
        if (activation == "relu") return field::kActivationRelu;
        return activation == "relu6" ? field::kActivationRelu6 : field::kActivationNone;
    }

    void activate(const std::string& activation)
    {
        static const std::map<std::string, std::string> kOperators = {
            {"relu", "RELU"}, {"relu6", "RELU6"},     {"sigmoid", "LOGISTIC"},
            {"tanh", "TANH"}, {"softmax", "SOFTMAX"},
        };
        if (activation != "none") value_ = build_.function(kOperators.at(activation), value_);
    }

    // Relu and relu6 stand in the layer itself, the others are layers of their own.
    void activate_rest(const std::string& activation)
    {
        if (fused(activation) == field::kActivationNone) activate(activation);
    }

    void dense(const Settings& layer)
    {
        if (layer.flag("flat")) reshape({1, graph_.tensor(value_).count()});
        const std::string activation = following_activation(layer);
        value_ = build_.dense(value_, "", layer.whole("dense"), fused(activation));
        activate_rest(activation);
    }

    static int8_t padding(const Settings& layer)
    {
        return layer.text("padding") == "same" ? field::kPaddingSame : field::kPaddingValid;
    }

    static Pair pair(const Settings& layer, const std::string& key, Pair fallback)
    {
        const std::vector<int64_t> sizes = layer.wholes(key);
        if (sizes.empty()) return fallback;
        return {static_cast<int32_t>(sizes[0]), static_cast<int32_t>(sizes.back())};
    }

    void convolve(const Settings& layer, int64_t filters, Pair kernel, Pair stride)
    {
        const int64_t in = channels();
        const int64_t area = int64_t{kernel.height} * kernel.width;
        const TensorId w = build_.glorot("weights", {filters, kernel.height, kernel.width, in},
                                         area * in, area * filters);
        const std::string activation = following_activation(layer);
        value_ = graph_.node("CONV_2D", {value_, w, build_.bias("bias", filters)},
                             {{field::conv2d::padding, padding(layer)},
                              {field::conv2d::stride_w, stride.width},
                              {field::conv2d::stride_h, stride.height},
                              {field::conv2d::fused_activation, fused(activation)}},
                             DType::f32);
        activation_behind_ = activation;
    }

    void conv1d(const Settings& layer)
    {
        if (shape().size() != 3) wrong(layer, "rows [time, channels]", "{reshape = [50, 3]}");
        const auto kernel = static_cast<int32_t>(layer.whole("kernel"));
        if (padding(layer) == field::kPaddingValid && shape()[1] < kernel)
            wrong(layer, fmt::format("at least {} rows", kernel), "a smaller kernel");
        reshape({1, 1, shape()[1], channels()});
        convolve(layer, layer.whole("conv1d"), {1, kernel},
                 {1, static_cast<int32_t>(layer.whole("stride"))});
        reshape({1, shape()[2], channels()});
        activate_rest(activation_behind_);
    }

    // [1, height, width, channels], a missing last axis being one channel.
    void as_image(const Settings& layer)
    {
        if (shape().size() == 3) reshape({1, shape()[1], shape()[2], 1});
        if (shape().size() != 4)
            wrong(layer, "images [height, width, channels]", "{reshape = [28, 28, 1]}");
    }

    void require_window(const Settings& layer, Pair window)
    {
        if (padding(layer) == field::kPaddingValid &&
            (shape()[1] < window.height || shape()[2] < window.width))
            wrong(layer, fmt::format("at least {} x {}", window.height, window.width),
                  "a smaller window, or padding = \"same\"");
    }

    void conv2d(const Settings& layer)
    {
        as_image(layer);
        const Pair kernel = pair(layer, "kernel", {1, 1});
        require_window(layer, kernel);
        convolve(layer, layer.whole("conv2d"), kernel, pair(layer, "stride", {1, 1}));
        activate_rest(activation_behind_);
    }

    void depthwise(const Settings& layer)
    {
        as_image(layer);
        const Pair kernel = pair(layer, "kernel", {1, 1});
        const Pair stride = pair(layer, "stride", {1, 1});
        require_window(layer, kernel);
        const int64_t multiplier = layer.whole("depthwise"), out = channels() * multiplier;
        const int64_t area = int64_t{kernel.height} * kernel.width;
        const TensorId w =
            build_.glorot("weights", {1, kernel.height, kernel.width, out}, area, area);
        const std::string activation = following_activation(layer);
        value_ = graph_.node(
            "DEPTHWISE_CONV_2D", {value_, w, build_.bias("bias", out)},
            {{field::depthwise_conv2d::padding, padding(layer)},
             {field::depthwise_conv2d::stride_w, stride.width},
             {field::depthwise_conv2d::stride_h, stride.height},
             {field::depthwise_conv2d::depth_multiplier, static_cast<int32_t>(multiplier)},
             {field::depthwise_conv2d::fused_activation, fused(activation)}},
            DType::f32);
        activate_rest(activation);
    }

    void pool(const Settings& layer, const std::string& kind)
    {
        const bool rows = shape().size() == 3 && layer.wholes(kind).size() == 1;
        Pair window = pair(layer, kind, {1, 1});
        if (rows) {
            reshape({1, 1, shape()[1], channels()});
            window.height = 1;
        } else {
            as_image(layer);
        }
        require_window(layer, window);
        Pair stride = pair(layer, "stride", window);
        if (rows) stride.height = 1;
        value_ = graph_.node(kind == "max_pool" ? "MAX_POOL_2D" : "AVERAGE_POOL_2D", {value_},
                             {{field::pool2d::padding, padding(layer)},
                              {field::pool2d::stride_w, stride.width},
                              {field::pool2d::stride_h, stride.height},
                              {field::pool2d::filter_w, window.width},
                              {field::pool2d::filter_h, window.height}},
                             DType::f32);
        if (rows) reshape({1, shape()[2], channels()});
    }

    void global_pool(const Settings& layer)
    {
        if (shape().size() < 3) wrong(layer, "at least two axes", "remove the layer");
        std::vector<int32_t> axes;
        for (size_t axis = 1; axis + 1 < shape().size(); ++axis)
            axes.push_back(static_cast<int32_t>(axis));
        const TensorId list =
            graph_.constant(build_.prefix() + "/axes", {static_cast<int64_t>(axes.size())}, axes);
        value_ = graph_.node(layer.text("global_pool") == "max" ? "REDUCE_MAX" : "MEAN",
                             {value_, list}, {{field::reducer::keep_dims, false}}, DType::f32);
    }

    void batch_norm(const Settings& layer)
    {
        const Settings* front = next_ > 1 ? layers_[next_ - 2].get() : nullptr;
        const bool linear = front && front->has("activation") && kind_of(*front) != "activation" &&
                            front->text("activation") == "none";
        if (!linear)
            wrong(layer, "a convolution or dense layer without activation in front",
                  "{conv2d = 8, kernel = 3}, {batch_norm = true}, {activation = \"relu\"}");
        const int64_t count = channels();
        BatchNorm norm;
        norm.gamma = build_.bias("gamma", count, 1);
        norm.beta = build_.bias("beta", count);
        norm.mean.assign(static_cast<size_t>(count), 0.0f);
        norm.variance.assign(static_cast<size_t>(count), 1.0f);
        norm.node = graph_.node_count();
        value_ = graph_.node("MUL", {value_, norm.gamma}, {}, DType::f32);
        value_ = graph_.node("ADD", {value_, norm.beta}, {}, DType::f32);
        network_.norms.push_back(std::move(norm));
    }

    void embedding(const Settings& layer)
    {
        if (graph_.tensor(value_).type != DType::i32)
            wrong(layer, "ids", "make it the first layer");
        const int64_t count = layer.has("ids") ? layer.whole("ids") : spec_.ids;
        if (count == 0) wrong(layer, "a stage in front that gives ids", "ids = 1000");
        constexpr double kEvenIn = 0.05;
        const TensorId table = build_.weight("table", {count, layer.whole("embedding")}, kEvenIn);
        value_ = graph_.gather(table, value_);
    }

    // One direction of an LSTM, a GRU or a simple RNN. Its file form is that of Keras.
    TensorId one_direction(const std::string& kind, int64_t units, const Settings& layer,
                           bool reverse)
    {
        const std::string name = reverse ? "backward/" : "";
        const int64_t in = channels();
        const size_t gates = kind == "lstm" ? 4 : kind == "gru" ? 3 : 1;
        std::vector<TensorId> input, recurrent, biases;
        for (size_t g = 0; g < gates; ++g) {
            input.push_back(build_.glorot(fmt::format("{}input_weights_{}", name, g), {units, in},
                                          in, units * static_cast<int64_t>(gates)));
            recurrent.push_back(build_.glorot(fmt::format("{}recurrent_weights_{}", name, g),
                                              {units, units}, units, units));
            const bool forgets = kind == "lstm" && g == 1;
            biases.push_back(
                build_.bias(fmt::format("{}bias_{}", name, g), units, forgets ? 1.0f : 0.0f));
        }
        RecurrentAttributes order;
        order.reverse = reverse;
        order.return_sequences = layer.flag("sequences");
        const TensorId hidden = state(name + "hidden", units);
        if (kind == "lstm") {
            std::vector<TensorId> inputs(lstm_input::count, kNoTensor);
            inputs[lstm_input::x] = value_;
            for (size_t g = 0; g < gates; ++g) {
                inputs[lstm_input::input_weights + g] = input[g];
                inputs[lstm_input::recurrent_weights + g] = recurrent[g];
                inputs[lstm_input::biases + g] = biases[g];
            }
            inputs[lstm_input::hidden] = hidden;
            inputs[lstm_input::cell] = state(name + "cell", units);
            LstmAttributes attributes;
            static_cast<RecurrentAttributes&>(attributes) = order;
            return graph_.own_node("lstm", inputs, attributes, 1, "lstm")[0];
        }
        if (kind == "gru") {
            std::vector<TensorId> inputs(gru_input::count, kNoTensor);
            inputs[gru_input::x] = value_;
            const bool after = layer.flag("reset_after");
            for (size_t g = 0; g < gates; ++g) {
                inputs[gru_input::input_weights + g] = input[g];
                inputs[gru_input::recurrent_weights + g] = recurrent[g];
                inputs[gru_input::input_biases + g] = biases[g];
                if (after)
                    inputs[gru_input::recurrent_biases + g] =
                        build_.bias(fmt::format("{}recurrent_bias_{}", name, g), units);
            }
            inputs[gru_input::hidden] = hidden;
            GruAttributes attributes;
            static_cast<RecurrentAttributes&>(attributes) = order;
            attributes.reset_after = after;
            return graph_.own_node("gru", inputs, attributes, 1, "gru")[0];
        }
        SimpleRnnAttributes attributes;
        static_cast<RecurrentAttributes&>(attributes) = order;
        return graph_.own_node("simple_rnn", {value_, input[0], recurrent[0], biases[0], hidden},
                               attributes, 1, "rnn")[0];
    }

    TensorId state(const std::string& name, int64_t units)
    {
        Tensor tensor;
        tensor.name = fmt::format("{}/{}", build_.prefix(), name);
        tensor.shape = {1, units};
        tensor.per_sequence = true;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(
            static_cast<size_t>(units) * sizeof(float), uint8_t{0});
        return graph_.state(std::move(tensor));
    }

    void recurrent(const Settings& layer, const std::string& kind)
    {
        if (shape().size() != 3) wrong(layer, "rows [time, channels]", "{reshape = [50, 3]}");
        const int64_t units = layer.whole(kind);
        const TensorId forward = one_direction(kind, units, layer, false);
        if (!layer.flag("bidirectional")) {
            value_ = forward;
            return;
        }
        const TensorId backward = one_direction(kind, units, layer, true);
        value_ = graph_.concat({forward, backward},
                               static_cast<int>(graph_.tensor(forward).shape.size()) - 1);
    }

    void attention(const Settings& layer)
    {
        if (shape().size() != 3) wrong(layer, "rows [time, channels]", "{reshape = [50, 3]}");
        const int64_t width = layer.whole("attention");
        const TensorId query = build_.dense(value_, "query_", width);
        const TensorId key = build_.dense(value_, "key_", width);
        const TensorId value = build_.dense(value_, "value_", width);
        const TensorId scores = graph_.node("BATCH_MATMUL", {query, key},
                                            {{field::batch_matmul::adj_y, true}}, DType::f32);
        const TensorId factor =
            graph_.constant(build_.prefix() + "/factor", {1},
                            std::vector<float>{1 / std::sqrt(static_cast<float>(width))});
        const TensorId scaled = graph_.node("MUL", {scores, factor}, {}, DType::f32);
        const TensorId shares = build_.function("SOFTMAX", scaled);
        value_ = graph_.node("BATCH_MATMUL", {shares, value}, {}, DType::f32);
    }

    // One value more for each row: whether its id is `pad`.
    void mask(TensorId ids)
    {
        build_.set_prefix("mask");
        std::vector<float> table(static_cast<size_t>(spec_.ids), 0.0f);
        table.at(static_cast<size_t>(spec_.pad)) = kMasked;
        const TensorId masks = graph_.constant("mask/table", {spec_.ids, 1}, table);
        value_ = graph_.concat({value_, graph_.gather(masks, ids)}, 2);
    }

    // The decoder's first state from all that the encoder gives.
    void bridge()
    {
        build_.set_prefix("bridge");
        const TensorId axes = graph_.constant("bridge/axes", {1}, std::vector<int32_t>{1});
        const TensorId mean =
            graph_.node("MEAN", {value_, axes}, {{field::reducer::keep_dims, false}}, DType::f32);
        graph_.output(build_.function("TANH", build_.dense(mean, "", spec_.bridge)), "h");
    }

    void reshape(const Shape& wanted) { value_ = graph_.reshaped(value_, wanted); }

    void reshape_to(const Settings& layer)
    {
        Shape wanted = layer.wholes("reshape");
        if (element_count(wanted) != graph_.tensor(value_).count())
            wrong(layer,
                  fmt::format("{} elements, for {}", element_count(wanted), shape_text(wanted)),
                  "sizes whose product is that of the layer in front");
        wanted.insert(wanted.begin(), 1);
        reshape(wanted);
    }

    const NetworkSpec& spec_;
    const std::vector<std::shared_ptr<const Settings>>& layers_;
    const bool deployed_;
    WeightedBuilder build_;
    GraphBuilder& graph_ = build_.graph;
    TrainableNetwork network_;
    size_t next_ = 0;  // layer behind the one being added
    TensorId value_ = kNoTensor;
    std::string activation_behind_;
};

void scale_weights(Graph& graph, TensorId id, float factor)
{
    std::vector<float> values = float_values(graph.tensor(id));
    for (float& value : values) value *= factor;
    set_floats(graph, id, values);
}

// The layer whose result the batch norm gets: build_network has seen to it that it has weights.
const Node& layer_in_front(const Graph& graph, const BatchNorm& norm)
{
    TensorId from = graph.nodes[norm.node].inputs[0];
    for (size_t n = norm.node; n-- > 0;) {
        const Node& node = graph.nodes[n];
        if (node.outputs[0] != from) continue;
        if (node.source_op != "RESHAPE") return node;
        from = node.inputs[0];
    }
    THIMBLE_CHECK(false, "a batch norm without a layer in front");
}

// y = a (W x + b) + c, a and c per output, is a layer of the same form. Weights [out, ...] but
// those of a depthwise convolution, [1, height, width, out].
void fold(const BatchNorm& norm, TrainableNetwork& network)
{
    Graph& graph = network.graph;
    const Node& layer = layer_in_front(graph, norm);
    const bool outputs_last = layer.source_op == "DEPTHWISE_CONV_2D";
    const std::vector<float> gamma = float_values(graph.tensor(norm.gamma)),
                             beta = float_values(graph.tensor(norm.beta));
    std::vector<float> w = float_values(graph.tensor(layer.inputs[1])),
                       b = float_values(graph.tensor(layer.inputs[2]));
    const size_t row = w.size() / b.size();
    for (size_t o = 0; o < b.size(); ++o) {
        const float a = gamma[o] / std::sqrt(norm.variance[o] + kBatchNormEpsilon);
        b[o] = a * (b[o] - norm.mean[o]) + beta[o];
        for (size_t i = 0; i < row; ++i) w[outputs_last ? i * b.size() + o : o * row + i] *= a;
    }
    set_floats(graph, layer.inputs[1], w);
    set_floats(graph, layer.inputs[2], b);
}

}  // namespace

Graph deployed(const TrainableNetwork& trained, const NetworkSpec& spec)
{
    TrainableNetwork folded = trained;
    for (const BatchNorm& norm : trained.norms) fold(norm, folded);
    TrainableNetwork plain = NetworkBuilder(spec, 0, true).build();
    copy_weights(folded, plain);
    if (trained.input_scale != 1)
        for (const TensorId id : first_weights(plain.graph))
            scale_weights(plain.graph, id, trained.input_scale);
    return std::move(plain.graph);
}

TrainableNetwork build_network(const NetworkSpec& spec, uint64_t seed)
{
    return NetworkBuilder(spec, seed, false).build();
}

}  // namespace thimble
