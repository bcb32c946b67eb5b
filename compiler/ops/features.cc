// Statistics of a window, channel by channel: x[n, c] gives y[c, f].
//
//   mean                 S1 / n             S1 = sum_t x[t]
//   std                  sqrt((n * S2 - S1^2) / n^2)      S2 = sum_t x[t]^2
//   min, max
//   rms                  sqrt(S2 / n)
//   zero_crossings       number of t >= 1 with (x[t - 1] < 0) != (x[t] < 0)
//   mean_abs_difference  sum_t |x[t] - x[t - 1]| / (n - 1), 0 for a single row
//   energy               S2 / n
//
// Of int8 and int16 the results are int32: sums are exact, quotients and roots lose their fraction
// (mean toward zero). Of float32 they are float32: sums in the order of the rows, and the deviation
// from the mean in a second pass, sqrt(sum_t (x[t] - mean)^2 / n).
//
// The import hook is for text cases: option `list`, names with `+` between them.
#include "ops/features.h"

#include "ops/elements.h"
#include "ops/op.h"
#include "ops/signal.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kRowsMax = INT16_MAX;  // so that n * S2 of int16 fits 64 bits

const FeaturesAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const FeaturesAttributes&>(node.attributes);
}

void import_features(const TfliteOperator& source, Graph&, Node& node)
{
    std::string text = signal_options(source).string("list") + "+";
    FeaturesAttributes attributes;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('+', at);
        const std::string name = text.substr(at, end - at);
        const auto* known = std::ranges::find(kFeatureNames, name);
        require(known != std::end(kFeatureNames), ErrorCode::T0202,
                {"", fmt::format("feature '{}'", name), "mean, std, min, max, rms, ...",
                 "correct the name"});
        attributes.list.push_back(static_cast<Feature>(known - kFeatureNames));
        at = end + 1;
    }
    node.attributes = attributes;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 1, 1);
    require_outputs(node, 1);
    const Tensor& in = graph.input(node, 0);
    require_plain_type(in.type, {DType::i8, DType::i16, DType::f32});
    require_shape(in.shape.size() == 2 && in.count() > 0 && in.shape[0] <= kRowsMax,
                  "input " + shape_text(in.shape),
                  fmt::format("[rows, channels], at most {} rows", kRowsMax));
    const size_t count = attributes_of(node).list.size();
    require_shape(count >= 1 && count <= 64, fmt::format("{} features", count), "1 to 64");
    Tensor& out = graph.tensor(node.outputs[0]);
    out.type = in.type == DType::f32 ? DType::f32 : DType::i32;
    out.shape = {in.shape[1], static_cast<int64_t>(count)};
}

// ---- oracle ----

int64_t root_of(int64_t square)
{
    auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(square)));
    while (root * root > square) --root;
    while ((root + 1) * (root + 1) <= square) ++root;
    return root;
}

int64_t feature_of(Feature feature, const std::vector<int64_t>& x)
{
    const auto n = static_cast<int64_t>(x.size());
    int64_t sum = 0, squares = 0, crossings = 0, differences = 0;
    for (size_t t = 0; t < x.size(); ++t) {
        sum += x[t];
        squares += x[t] * x[t];
        if (t == 0) continue;
        crossings += (x[t - 1] < 0) != (x[t] < 0);
        differences += std::abs(x[t] - x[t - 1]);
    }
    switch (feature) {
    case Feature::mean: return sum / n;
    case Feature::std: return root_of((n * squares - sum * sum) / (n * n));
    case Feature::min: return *std::ranges::min_element(x);
    case Feature::max: return *std::ranges::max_element(x);
    case Feature::rms: return root_of(squares / n);
    case Feature::zero_crossings: return crossings;
    case Feature::mean_abs_difference: return n > 1 ? differences / (n - 1) : 0;
    default: return squares / n;
    }
}

float feature_of(Feature feature, const std::vector<float>& x)
{
    const auto n = static_cast<float>(x.size());
    float sum = 0, squares = 0, differences = 0;
    int crossings = 0;
    for (size_t t = 0; t < x.size(); ++t) {
        sum += x[t];
        squares += x[t] * x[t];
        if (t == 0) continue;
        crossings += (x[t - 1] < 0) != (x[t] < 0);
        differences += std::fabs(x[t] - x[t - 1]);
    }
    float deviations = 0;
    for (const float value : x) deviations += (value - sum / n) * (value - sum / n);
    switch (feature) {
    case Feature::mean: return sum / n;
    case Feature::std: return std::sqrt(deviations / n);
    case Feature::min: return *std::ranges::min_element(x);
    case Feature::max: return *std::ranges::max_element(x);
    case Feature::rms: return std::sqrt(squares / n);
    case Feature::zero_crossings: return static_cast<float>(crossings);
    case Feature::mean_abs_difference: return x.size() > 1 ? differences / (n - 1) : 0;
    default: return squares / n;
    }
}

template <typename Value, typename Out> void eval_as(EvalContext& c)
{
    const FeaturesAttributes& a = attributes_of(c.node);
    const std::vector<double> in = c.raw(0);
    const auto channels = static_cast<size_t>(c.input(0).shape[1]);
    size_t written = 0;
    for (size_t channel = 0; channel < channels; ++channel) {
        std::vector<Value> column;
        for (size_t i = channel; i < in.size(); i += channels)
            column.push_back(static_cast<Value>(in[i]));
        for (const Feature feature : a.list)
            c.out<Out>()[written++] = static_cast<Out>(feature_of(feature, column));
    }
}

void eval(EvalContext& c)
{
    if (c.input(0).type == DType::f32) return eval_as<float, float>(c);
    return eval_as<int64_t, int32_t>(c);
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const FeaturesAttributes& a = attributes_of(c.node);
    std::vector<uint8_t> list;
    int64_t wanted = 0;  // a bit for each, so that the kernel's instance computes no others
    for (const Feature feature : a.list) {
        list.push_back(static_cast<uint8_t>(feature));
        wanted |= int64_t{1} << static_cast<int>(feature);
    }
    const Tensor& in = c.input(0);
    std::vector<Arg> args = {c.in(0), c.in_flash(0)};
    if (in.type != DType::f32) args.push_back(type_key(c, in.type));
    args.insert(args.end(), {c.out(), c.number(in.shape[0], "thb_index_t"),
                             c.number(in.shape[1], "thb_index_t"), c.key(wanted),
                             c.table(list, "features of " + c.node.name, false),
                             c.number(static_cast<int64_t>(list.size()), "uint8_t")});
    c.call(in.type == DType::f32 ? "thb_features_f32" : "thb_features_int", args);
}

}  // namespace

extern const OpDef op_features;
const OpDef op_features = {.name = "features",
                           .tflite = {{"CUSTOM:ThimbleFeatures", import_features}},
                           .infer = infer,
                           .eval = eval,
                           .lower = lower,
                           .same_attributes = equal_attributes<FeaturesAttributes>};

}  // namespace thimble
