#include "train/trainable.h"

#include "base/error.h"
#include "formats/tflite_fields.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

int64_t TrainableNetwork::weight_count() const
{
    int64_t count = 0;
    for (const TensorId id : weights) count += graph.tensor(id).count();
    return count;
}

void WeightedBuilder::set_prefix(const std::string& prefix)
{
    prefix_ = prefix;
    graph.set_prefix(prefix + "/");
}

TensorId WeightedBuilder::weight(const std::string& name, Shape shape, double limit, float middle)
{
    std::vector<float> values(static_cast<size_t>(element_count(shape)));
    for (float& value : values) value = middle + static_cast<float>(random_.uniform(-limit, limit));
    weights_.push_back(graph.constant(prefix_ + "/" + name, std::move(shape), values));
    return weights_.back();
}

TensorId WeightedBuilder::glorot(const std::string& name, Shape shape, int64_t inputs,
                                 int64_t outputs)
{
    return weight(name, std::move(shape), std::sqrt(6.0 / static_cast<double>(inputs + outputs)));
}

TensorId WeightedBuilder::bias(const std::string& name, int64_t count, float value)
{
    return weight(name, {count}, 0, value);
}

TensorId WeightedBuilder::dense(TensorId in, const std::string& name, int64_t units,
                                int8_t activation, float first_bias)
{
    const int64_t count = graph.tensor(in).shape.back();
    const bool rows = graph.tensor(in).shape.size() > 2;
    const TensorId w = glorot(name + "weights", {units, count}, count, units);
    const TensorId b = bias(name + "bias", units, first_bias);
    return graph.node("FULLY_CONNECTED", {in, w, b},
                      {{tflite_field::fully_connected::fused_activation, activation},
                       {tflite_field::fully_connected::keep_num_dims, rows}},
                      DType::f32);
}

TensorId WeightedBuilder::function(const std::string& tflite_op, TensorId in)
{
    std::vector<TfliteOption> options;
    if (tflite_op == "SOFTMAX") options = {{tflite_field::softmax::beta, 1.0f}};
    return graph.node(tflite_op, {in}, options, DType::f32);
}

TrainableNetwork WeightedBuilder::finish(TrainableNetwork network)
{
    network.graph = graph.finish();
    network.weights = std::move(weights_);
    return network;
}

void copy_weights(const TrainableNetwork& from, TrainableNetwork& to)
{
    std::map<std::string_view, TensorId> known;
    for (const TensorId id : from.weights) known[from.graph.tensor(id).name] = id;
    for (const TensorId id : to.weights) {
        const auto found = known.find(to.graph.tensor(id).name);
        THIMBLE_CHECK(found != known.end(), to.graph.tensor(id).name);
        to.graph.set_constant(id, *from.graph.tensor(found->second).data);
    }
}

}  // namespace thimble
