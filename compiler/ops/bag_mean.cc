// The mean of the rows that bag_add summed up, as a quantised MEAN over all places of a text gives
// it; the sums begin anew.
//
//   inputs    sums int32 [c], taken int32 [1]: the states of bag_add; pad int8 [c], a constant: the
//             row of the table that stands for "no word", with the quantisation of all rows
//   output    int8 [1, c]
//
//   sum  = sums[c] + (limit - taken) * pad[c]
//   y[c] = clamp(z_out + multiply(sum - limit * z_in, m)),  m = QM(s_in / s_out) / limit
//
// with the multiplier of MEAN (reduce.cc): the same bits as that layer over a list of `limit` rows,
// without the list.
#include "formats/tflite.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/bag.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kSums, kTaken, kPad };

const BagMeanAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BagMeanAttributes&>(node.attributes);
}

void import_bag_mean(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    require_outputs(node, 1);
    const Quantization& quant = graph.tensor(node.outputs[0]).quant;
    require_shape(quant.present(), "an output without scale", "a quantised one");
    node.attributes = BagMeanAttributes{text_number(options, "limit", 1, kBagLimitMost, 1),
                                        quant.scale(), quant.zero_point()};
}

void infer(Graph& graph, Node& node)
{
    const BagMeanAttributes& a = attributes_of(node);
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_text_state(graph, node, kSums, DType::i32);
    require_text_state(graph, node, kTaken, DType::i32);
    require_input_type(graph, node, kPad, {DType::i8});
    require_quantized(graph, node, {kPad});
    const Tensor& pad = graph.input(node, kPad);
    const int64_t count = graph.input(node, kSums).count();
    require_shape(count > 0 && graph.input(node, kTaken).count() == 1, "no sums",
                  "sums and one count");
    require_shape(pad.is_constant() && pad.count() == count, "pads " + shape_text(pad.shape),
                  fmt::format("{} constants", count));
    require_shape(a.limit >= 1 && a.limit <= kBagLimitMost, fmt::format("a limit of {}", a.limit),
                  fmt::format("1 to {}", kBagLimitMost));
    graph.tensor(node.outputs[0]).quant = {{a.scale}, {a.zero_point}, 0};
    set_output(graph, node, 0, DType::i8, {1, count});
    require_output_quantized(graph, node);
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const int64_t limit = attributes_of(c.node).limit;
    const Quantization &in = c.input(kPad).quant, &out = c.output().quant;
    const reference::Multiplier m = reference::mean_multiplier(
        static_cast<double>(in.scale()) / static_cast<double>(out.scale()), limit);
    const auto sums = c.state<int32_t>(kSums), taken = c.state<int32_t>(kTaken);
    for (size_t i = 0; i < sums.size(); ++i) {
        const int64_t pads = (limit - taken[0]) * c.in<int8_t>(kPad)[i];
        const int32_t sum = reference::wrap32(sums[i] + pads - limit * in.zero_point());
        c.out<int8_t>()[i] = static_cast<int8_t>(reference::saturate(
            int64_t{reference::multiply(sum, m)} + out.zero_point(), INT8_MIN, INT8_MAX));
        sums[i] = 0;
    }
    taken[0] = 0;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const int64_t limit = attributes_of(c.node).limit;
    const Quantization &in = c.input(kPad).quant, &out = c.output().quant;
    const Requant requant = mean_requant_of(double{in.scale()} / double{out.scale()}, limit);
    c.call("thb_bag_mean_s8",
           {c.state(kSums), c.state(kTaken), c.in(kPad), c.out(),
            c.number(c.output().count(), "thb_index_t"), c.number(limit, "int32_t"),
            c.number(-limit * in.zero_point(), "int32_t"),
            c.number(int64_t{requant.multiplier}, "int32_t"),
            c.number(int64_t{requant.shift}, "int8_t"), c.number(out.zero_point(), "int16_t")});
}

}  // namespace

extern const OpDef op_bag_mean;
const OpDef op_bag_mean = {.name = "bag_mean",
                           .tflite = {{"CUSTOM:ThimbleBagMean", import_bag_mean}},
                           .infer = infer,
                           .eval = eval,
                           .lower = lower,
                           .has_side_effect = true,
                           .same_attributes = equal_attributes<BagMeanAttributes>};

}  // namespace thimble
