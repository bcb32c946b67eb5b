// Whether a decision is reported: it is certain, its label counts, and the last report lies more
// than `pause` decisions back.
//
//   inputs    label int32 [1], certain bool [1], waiting int32 [1] (state): decisions still passed
//             over
//   output    bool [1]
//
//   report = certain and waiting = 0 and label not in silent
//   waiting = report ? pause : max(waiting - 1, 0)
//
// The import hook is for text cases: options pause and silent, one label.
#include "ops/report.h"

#include "ops/op.h"
#include "ops/shapes.h"
#include "ops/signal.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

enum : size_t { kLabel, kCertain, kWaiting };

const ReportAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ReportAttributes&>(node.attributes);
}

constexpr int64_t kPauseMax = 1'000'000'000;

void import_report(const TfliteOperator& source, Graph& graph, Node& node)
{
    const FlexMap options = signal_options(source);
    node.attributes = ReportAttributes{{signal_option(options, "silent", 0, INT32_MAX)},
                                       signal_option(options, "pause", 0, kPauseMax)};
    require_inputs(node, 2, 2);
    add_signal_state(graph, node, "waiting", {1}, int32_t{0});
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 3, 3);
    require_outputs(node, 1);
    require_input_type(graph, node, kLabel, {DType::i32});
    require_input_type(graph, node, kCertain, {DType::boolean});
    require_input_type(graph, node, kWaiting, {DType::i32});
    for (const size_t input : {kLabel, kCertain, kWaiting})
        require_shape(graph.input(node, input).count() == 1,
                      shape_text(graph.input(node, input).shape), "one element");
    const int64_t pause = attributes_of(node).pause;
    require_shape(pause >= 0 && pause <= kPauseMax, fmt::format("a pause of {}", pause),
                  "0 to 10^9");
    set_output(graph, node, 0, DType::boolean, {1});
}

// ---- oracle ----

void eval(EvalContext& c)
{
    const ReportAttributes& a = attributes_of(c.node);
    int32_t& waiting = c.state<int32_t>(kWaiting)[0];
    const bool counts = std::ranges::find(a.silent, c.in<int32_t>(kLabel)[0]) == a.silent.end();
    const bool report = c.in<uint8_t>(kCertain)[0] != 0 && waiting == 0 && counts;
    if (report) waiting = static_cast<int32_t>(a.pause);
    else waiting = std::max(waiting - 1, 0);
    c.out<uint8_t>()[0] = report;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const ReportAttributes& a = attributes_of(c.node);
    const std::vector<int32_t> silent(a.silent.begin(), a.silent.end());
    c.call("thb_report",
           {c.in(kLabel), c.in(kCertain), c.state(kWaiting), c.out(),
            silent.empty() ? c.null("const int32_t*")
                           : c.table(silent, "silent labels of " + c.node.name, false),
            c.number(static_cast<int64_t>(silent.size()), "thb_index_t"),
            c.number(a.pause, "int32_t")});
}

}  // namespace

extern const OpDef op_report;
const OpDef op_report = {.name = "report",
                         .tflite = {{"CUSTOM:ThimbleReport", import_report}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .has_side_effect = true};

}  // namespace thimble
