// LSTM vectors of CMSIS-NN, whose cell arithmetic is TFLM's: scales are found that give the
// vector's multipliers, and the layer runs through the oracle and the generated C.
#include "cmsis_vector.h"

#include "compile.h"
#include "numeric/reference.h"
#include "ops/op.h"
#include "ops/recurrent.h"
#include "verify/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <stdexcept>

namespace thimble {

namespace {

constexpr const char* kGates[4] = {"input", "forget", "cell", "output"};
constexpr float kInputScale = 1.0f / 256;  // any: only its product with a weight's scale counts

struct LstmVector {
    int64_t batches, steps, inputs, units;
    bool time_major;
    Shape rows(int64_t count) const
    {
        return time_major ? Shape{steps, batches, count} : Shape{batches, steps, count};
    }
};

LstmVector lstm_of(const CmsisVector& v)
{
    const bool time_major = v.has("TIME_MAJOR") ? v.number({"TIME_MAJOR"}) != 0
                                                : v.words.at("TIME_MAJOR") == "true";
    return {v.number({"BATCH_SIZE"}), v.number({"TIME_STEPS"}), v.number({"INPUT_SIZE"}),
            v.number({"HIDDEN_SIZE"}), time_major};
}

double real_factor(const CmsisVector& v, const std::string& name)
{
    return std::ldexp(v.real((name + "_MULTIPLIER").c_str()),
                      static_cast<int>(v.real((name + "_SHIFT").c_str())) - 31);
}

// The vectors of 16-bit layers were made with scales in double, which no file can hold: their
// multipliers are met within half a float's last bit, too little to change an output.
constexpr double kMultiplierNear = 128;

double distance(double factor, const CmsisVector& v, const std::string& name)
{
    const reference::Multiplier m = reference::quantize_multiplier(factor);
    if (m.shift != v.real((name + "_SHIFT").c_str())) return INFINITY;
    return std::abs(m.value - v.real((name + "_MULTIPLIER").c_str()));
}

// The scale near `first` whose factor is nearest to the vector's.
template <typename Factor>
float nearest_scale(const CmsisVector& v, const std::string& name, double first, Factor factor)
{
    auto scale = static_cast<float>(first);
    for (int i = 0; i < 4; ++i) scale = std::nextafter(scale, 0.0f);
    float best = scale;
    for (int i = 0; i < 8; ++i, scale = std::nextafter(scale, 1.0f))
        if (distance(factor(scale), v, name) < distance(factor(best), v, name)) best = scale;
    if (distance(factor(best), v, name) > kMultiplierNear)
        throw std::runtime_error(v.name + ": no scale gives " + name);
    return best;
}

// Of a gate's weights that are multiplied with inputs of `in_scale`.
float weight_scale(const CmsisVector& v, const std::string& name, float in_scale)
{
    return nearest_scale(v, name, real_factor(v, name) / 4096 / in_scale, [&](float scale) {
        const float product = in_scale * scale;
        return double{product} * 4096;
    });
}

// Of the result of a product of two numbers in Q0.15.
float product_scale(const CmsisVector& v, const std::string& name)
{
    return nearest_scale(v, name, std::ldexp(1.0, -30) / real_factor(v, name),
                         [&](float scale) { return std::ldexp(1.0, -30) / double{scale}; });
}

// Puts the vector's tensors into a graph of one lstm node.
class Builder {
public:
    explicit Builder(const CmsisVector& v) : v_(v), size_(lstm_of(v))
    {
        node_.op = find_op("lstm");
        node_.name = v.name;
        node_.inputs.assign(lstm_input::count, kNoTensor);
    }

    template <typename T>
    void constant(size_t input, const std::string& array, Shape shape, float scale)
    {
        const std::vector<T> values = v_.values<T>({array.c_str()});
        const auto* raw = reinterpret_cast<const uint8_t*>(values.data());
        node_.inputs[input] = add(array, dtype_of<T>(), std::move(shape), scale, 0);
        graph_.set_constant(node_.inputs[input], {raw, raw + values.size() * sizeof(T)});
    }

    void state(size_t input, DType type, float scale, int32_t zero_point)
    {
        const TensorId id = add(fmt::format("state {}", input), type, {size_.batches, size_.units},
                                scale, zero_point);
        Tensor& tensor = graph_.tensor(id);
        tensor.kind = TensorKind::state;
        tensor.per_sequence = true;
        tensor.data = std::make_shared<const std::vector<uint8_t>>(
            static_cast<size_t>(tensor.bytes()), static_cast<uint8_t>(zero_point));
        node_.inputs[input] = id;
    }

    Graph finish(DType type, float x_scale, int32_t x_zero, float h_scale, int32_t h_zero,
                 float clip)
    {
        node_.inputs[lstm_input::x] = add("x", type, size_.rows(size_.inputs), x_scale, x_zero);
        node_.outputs = {add("y", type, {}, h_scale, h_zero)};
        LstmAttributes attributes;
        attributes.time_major = size_.time_major;
        attributes.cell_clip = clip;
        node_.attributes = attributes;
        node_.op->infer(graph_, node_);
        graph_.inputs = {node_.inputs[lstm_input::x]};
        graph_.outputs = node_.outputs;
        graph_.nodes = {node_};
        return graph_;
    }

    const LstmVector& size() const { return size_; }

private:
    TensorId add(const std::string& name, DType type, Shape shape, float scale, int32_t zero_point)
    {
        Tensor tensor;
        tensor.name = name;
        tensor.type = type;
        tensor.shape = std::move(shape);
        if (scale != 0) tensor.quant = {{scale}, {zero_point}, 0};
        return graph_.add_tensor(std::move(tensor));
    }

    const CmsisVector& v_;
    LstmVector size_;
    Graph graph_;
    Node node_;
};

template <typename T, typename B>
Graph integer_graph(const CmsisVector& v)
{
    Builder builder(v);
    const LstmVector& size = builder.size();
    const auto zero = [&](const char* name) { return static_cast<int32_t>(v.number({name})); };
    const float h_scale = product_scale(v, "OUTPUT");
    const float c_scale = product_scale(v, "INPUT_TO_CELL");
    for (size_t g = 0; g < 4; ++g) {
        const std::string gate = std::string(kGates[g]) + "_gate_";
        std::string upper = gate;
        std::ranges::transform(upper, upper.begin(),
                               [](unsigned char c) { return std::toupper(c); });
        builder.constant<int8_t>(lstm_input::input_weights + g, gate + "input_weights",
                                 {size.units, size.inputs},
                                 weight_scale(v, upper + "INPUT", kInputScale));
        builder.constant<int8_t>(lstm_input::recurrent_weights + g, gate + "hidden_weights",
                                 {size.units, size.units},
                                 weight_scale(v, upper + "HIDDEN", h_scale));
        builder.constant<B>(lstm_input::biases + g, gate + "bias", {size.units}, 0);
    }
    // Stored as an offset, the negated zero point; that of the output is the zero point itself.
    const int32_t h_zero = zero("OUTPUT_ZERO_POINT");
    builder.state(lstm_input::hidden, dtype_of<T>(), h_scale, h_zero);
    builder.state(lstm_input::cell, DType::i16, c_scale, 0);
    // Beyond every cell: 32767, the clip of all vectors.
    return builder.finish(dtype_of<T>(), kInputScale, -zero("INPUT_ZERO_POINT"), h_scale, h_zero,
                          1e6f);
}

Graph float_graph(const CmsisVector& v)
{
    Builder builder(v);
    const LstmVector& size = builder.size();
    for (size_t g = 0; g < 4; ++g) {
        const std::string gate = std::string(kGates[g]) + "_";
        builder.constant<float>(lstm_input::input_weights + g, gate + "input_weights",
                                {size.units, size.inputs}, 0);
        builder.constant<float>(lstm_input::recurrent_weights + g, gate + "hidden_weights",
                                {size.units, size.units}, 0);
        builder.constant<float>(lstm_input::biases + g, gate + "bias", {size.units}, 0);
    }
    builder.state(lstm_input::hidden, DType::f32, 0, 0);
    builder.state(lstm_input::cell, DType::f32, 0, 0);
    return builder.finish(DType::f32, 0, 0, 0, 0, 0);
}

template <typename T>
std::vector<T> elements(const std::vector<uint8_t>& bytes)
{
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
}

// The same result from the oracle and from the generated C.
template <typename T>
CmsisResult run_graph(const Graph& graph, const std::vector<T>& x, const std::vector<T>& expected,
                      CmsisResult (*compare)(const std::vector<T>&, const std::vector<T>&))
{
    const auto* raw = reinterpret_cast<const uint8_t*>(x.data());
    const std::vector<TensorBytes> inputs = {{{raw, raw + x.size() * sizeof(T)}}};
    const ResolvedTarget host = find_target("host");
    const Program program =
        compile(graph, {.name = "vector", .target = host.facts, .keep_state = true});
    CmsisResult result =
        compare(elements<T>(run_oracle(graph, Match::tflm, true, inputs)[0].outputs[0]), expected);
    if (result.state != CmsisResult::State::passed) return result;
    result = compare(elements<T>(run_on_target(program, host, inputs)[0].outputs[0]), expected);
    if (result.state != CmsisResult::State::passed) result.reason = "host: " + result.reason;
    return result;
}

// One file holds arrays of two generations; where they share a name the older one's are left: the
// biases, which in all vectors of the newer generation are zero.
CmsisVector newer_generation(CmsisVector v)
{
    if (v.has_array("input_to_cell_w"))
        for (const char* gate : kGates)
            for (double& bias : v.arrays.at(std::string(gate) + "_gate_bias")) bias = 0;
    return v;
}

}  // namespace

CmsisResult run_cmsis_lstm(const CmsisVector& all)
{
    const CmsisVector v = newer_generation(all);
    if (v.name.ends_with("f32"))
        return run_graph<float>(float_graph(v), v.values<float>({"input"}),
                                v.values<float>({"output_ref"}), compare_floats);
    if (v.name.ends_with("s16"))
        return run_graph<int16_t>(integer_graph<int16_t, int64_t>(v),
                                  v.values<int16_t>({"input_tensor"}),
                                  v.values<int16_t>({"output"}), compare_exactly<int16_t>);
    return run_graph<int8_t>(integer_graph<int8_t, int32_t>(v), v.values<int8_t>({"input_tensor"}),
                             v.values<int8_t>({"output"}), compare_exactly<int8_t>);
}

}  // namespace thimble
