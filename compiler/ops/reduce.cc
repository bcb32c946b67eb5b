// Reductions over any set of axes: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_ANY,
// REDUCE_ALL.
//
// Quantised MEAN and SUM add the stored values in int32 and requantise once (docs/numerics.md):
//   y = clamp(z_out + multiply(sum(q) - n * z_in, m)),  m = QM(s_in / s_out), of a MEAN over n
// Every other form works on stored values; MAX and MIN need equal quantisation. Elements are taken
// in row-major order, so float sums round as the reference kernels' do.
//
// Lowering drops axes of size 1 and merges neighbours, which leaves [outer][reduced][inner] for all
// common layers. Reductions that alternate with kept axes are first transposed into scratch memory.
#include "formats/tflite.h"
#include "formats/tflite_fields.h"
#include "numeric/reference.h"
#include "numeric/requantize.h"
#include "ops/coordinates.h"
#include "ops/legacy_uint8.h"
#include "ops/move.h"
#include "ops/op.h"
#include "ops/quantization_rule.h"
#include "ops/shapes.h"
#include "ops/tflite_export.h"

#include <fmt/format.h>
#include <limits>

namespace thimble {

namespace {

enum class Reduction { mean, sum, max, min, prod, any, all };

struct ReduceAttributes {
    Reduction reduction = Reduction::mean;
    bool keep_dims = false;
    std::vector<bool> reduced;  // by input axis; set by infer
    bool operator==(const ReduceAttributes&) const = default;
};

template <Reduction reduction> void import_reduce(const TfliteOperator& source, Graph&, Node& node)
{
    node.attributes =
        ReduceAttributes{reduction, source.options.boolean(tflite_field::reducer::keep_dims), {}};
}

const ReduceAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const ReduceAttributes&>(node.attributes);
}

bool is_quantized(DType type)
{
    return type == DType::i8 || type == DType::u8 || type == DType::i16;
}

void check_types(const Graph& graph, const Node& node, Reduction reduction)
{
    const DType type = graph.input(node, 0).type;
    switch (reduction) {
    case Reduction::any:
    case Reduction::all: require_input_type(graph, node, 0, {DType::boolean}); return;
    case Reduction::prod:
        require_input_type(graph, node, 0, {DType::f32, DType::i32, DType::i64});
        return;
    default:
        require_input_type(graph, node, 0,
                           {DType::f32, DType::i8, DType::u8, DType::i16, DType::i32, DType::i64});
    }
    if (!is_quantized(type)) return;
    if (reduction == Reduction::max || reduction == Reduction::min)
        return require_same_quantization(graph, node, 0);
    require_quantized(graph, node, {0});
    require_output_quantized(graph, node);
}

void export_reduce(TfliteExport& file, const Node& node)
{
    constexpr std::string_view names[] = {"MEAN",        "SUM",        "REDUCE_MAX", "REDUCE_MIN",
                                          "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL"};
    const ReduceAttributes& a = attributes_of(node);
    file.write(node, names[static_cast<size_t>(a.reduction)],
               {{tflite_field::reducer::keep_dims, a.keep_dims}});
}

void infer(Graph& graph, Node& node)
{
    auto& attributes = std::any_cast<ReduceAttributes&>(node.attributes);
    require_inputs(node, 2, 2);
    require_outputs(node, 1);
    check_types(graph, node, attributes.reduction);
    const Tensor& in = graph.input(node, 0);
    const size_t rank = in.shape.size();
    attributes.reduced.assign(rank, false);
    for (const int64_t axis : constant_integers(graph, node, 1, "axes"))
        if (rank > 0) attributes.reduced[normal_axis(axis, rank)] = true;
    Shape shape;
    for (size_t d = 0; d < rank; ++d) {
        if (!attributes.reduced[d]) shape.push_back(in.shape[d]);
        else if (attributes.keep_dims) shape.push_back(1);
    }
    require_shape(in.count() > 0 || attributes.reduction != Reduction::mean,
                  "a mean over no elements", "at least one element");
    set_output(graph, node, 0, in.type, shape);
}

// ---- oracle ----

// Index of the output element that each input element belongs to.
std::vector<size_t> oracle_targets(const EvalContext& c)
{
    const ReduceAttributes& attributes = attributes_of(c.node);
    const Shape& in = c.input(0).shape;
    Shape kept = in;
    for (size_t d = 0; d < in.size(); ++d)
        if (attributes.reduced[d]) kept[d] = 1;
    std::vector<size_t> targets;
    Shape at(in.size(), 0);
    for (int64_t e = 0; e < c.input(0).count(); ++e, advance(at, in)) {
        Shape target = at;
        for (size_t d = 0; d < in.size(); ++d)
            if (attributes.reduced[d]) target[d] = 0;
        targets.push_back(static_cast<size_t>(index_of(target, kept)));
    }
    return targets;
}

// `first` starts every output; `step` takes the next element.
template <typename T, typename Acc, typename Step>
std::vector<Acc> oracle_reduce(EvalContext& c, Acc first, Step step)
{
    std::vector<Acc> acc(static_cast<size_t>(c.output().count()), first);
    const std::vector<size_t> targets = oracle_targets(c);
    const auto in = c.in<T>(0);
    for (size_t e = 0; e < in.size(); ++e)
        acc[targets[e]] = step(acc[targets[e]], static_cast<Acc>(in[e]));
    return acc;
}

template <typename T> void eval_quantized(EvalContext& c)
{
    const auto sums = oracle_reduce<T>(c, int64_t{0}, [](int64_t a, int64_t b) { return a + b; });
    const int64_t n = c.output().count() > 0 ? c.input(0).count() / c.output().count() : 0;
    const Quantization& in = c.input(0).quant;
    const Quantization& out = c.output().quant;
    const double factor = static_cast<double>(in.scale()) / static_cast<double>(out.scale());
    const reference::Multiplier m = attributes_of(c.node).reduction == Reduction::mean
                                        ? reference::mean_multiplier(factor, n)
                                        : reference::quantize_multiplier(factor);
    const reference::Clamp limits = reference::type_limits(c.output().type);
    for (size_t o = 0; o < sums.size(); ++o) {
        const int32_t sum = reference::wrap32(sums[o] - n * in.zero_point());
        c.out<T>()[o] = static_cast<T>(
            reference::saturate(int64_t{reference::multiply(sum, m)} + out.zero_point(),
                                limits.lowest, limits.highest));
    }
}

// Integer sums and products wrap; `Acc` is unsigned there so that C++ defines it.
template <typename T, typename Acc> void eval_plain(EvalContext& c)
{
    std::vector<Acc> acc;
    const auto less = [](Acc a, Acc b) { return static_cast<T>(a) < static_cast<T>(b); };
    switch (attributes_of(c.node).reduction) {
    case Reduction::mean:
    case Reduction::sum:
        acc = oracle_reduce<T>(c, Acc{0}, [](Acc a, Acc b) { return a + b; });
        break;
    case Reduction::prod:
        acc = oracle_reduce<T>(c, Acc{1}, [](Acc a, Acc b) { return a * b; });
        break;
    case Reduction::max:
    case Reduction::any:
        acc = oracle_reduce<T>(c, static_cast<Acc>(std::numeric_limits<T>::lowest()),
                               [&](Acc a, Acc b) { return less(b, a) ? a : b; });
        break;
    case Reduction::min:
    case Reduction::all:
        acc = oracle_reduce<T>(c, static_cast<Acc>(std::numeric_limits<T>::max()),
                               [&](Acc a, Acc b) { return less(a, b) ? a : b; });
        break;
    }
    for (size_t o = 0; o < acc.size(); ++o) c.out<T>()[o] = static_cast<T>(acc[o]);
}

template <typename T> void eval_integer_mean(EvalContext& c)
{
    const auto sums =
        oracle_reduce<T>(c, uint64_t{0}, [](uint64_t a, uint64_t b) { return a + b; });
    const int64_t n = c.input(0).count() / std::max<int64_t>(c.output().count(), 1);
    for (size_t o = 0; o < sums.size(); ++o)
        c.out<T>()[o] = static_cast<T>(static_cast<int64_t>(sums[o]) / n);
}

void eval_float(EvalContext& c)
{
    eval_plain<float, float>(c);
    if (attributes_of(c.node).reduction != Reduction::mean) return;
    const int64_t n = c.input(0).count() / std::max<int64_t>(c.output().count(), 1);
    for (float& value : c.out<float>()) value = value / static_cast<float>(n);
}

void eval(EvalContext& c)
{
    const Reduction reduction = attributes_of(c.node).reduction;
    const bool adds = reduction == Reduction::mean || reduction == Reduction::sum;
    const bool mean = reduction == Reduction::mean;
    switch (c.input(0).type) {
    case DType::i8: return adds ? eval_quantized<int8_t>(c) : eval_plain<int8_t, uint32_t>(c);
    case DType::u8: return adds ? eval_quantized<uint8_t>(c) : eval_plain<uint8_t, uint32_t>(c);
    case DType::i16: return adds ? eval_quantized<int16_t>(c) : eval_plain<int16_t, uint32_t>(c);
    case DType::i32: return mean ? eval_integer_mean<int32_t>(c) : eval_plain<int32_t, uint32_t>(c);
    case DType::i64: return mean ? eval_integer_mean<int64_t>(c) : eval_plain<int64_t, uint64_t>(c);
    case DType::boolean: return eval_plain<uint8_t, uint32_t>(c);
    default: return eval_float(c);
    }
}

// ---- lowering ----

// The input as [outer][reduced][inner].
struct Canonical {
    Arg in;
    Arg flash;
    int64_t outer = 1, count = 1, inner = 1;
};

struct Group {
    bool reduced;
    int64_t count;
};

std::vector<Group> groups_of(const Shape& shape, const std::vector<bool>& reduced)
{
    std::vector<Group> groups;
    for (size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] == 1) continue;
        if (!groups.empty() && groups.back().reduced == reduced[d]) groups.back().count *= shape[d];
        else groups.push_back({reduced[d], shape[d]});
    }
    return groups;
}

// Kept axes first, then the reduced ones, each in their order.
Canonical transposed(LowerContext& c, const std::vector<Group>& groups)
{
    Shape shape;
    for (const Group& group : groups) shape.push_back(group.count);
    const std::vector<int64_t> steps = row_major_steps(shape);
    Canonical result;
    Shape order_counts;
    std::vector<int64_t> order_steps;
    for (const bool reduced : {false, true}) {
        for (size_t g = 0; g < groups.size(); ++g) {
            if (groups[g].reduced != reduced) continue;
            order_counts.push_back(groups[g].count);
            order_steps.push_back(steps[g]);
            (reduced ? result.count : result.outer) *= groups[g].count;
        }
    }
    const int64_t bytes = element_bytes(c.input(0).type);
    const Arg scratch = c.scratch(c.input(0).bytes(), bytes, "void*");
    emit_move(c, {c.in(0), c.in_flash(0), scratch, bytes}, whole_output(order_counts, order_steps));
    result.in = scratch;
    result.flash = c.key(int64_t{0});
    return result;
}

Canonical canonical(LowerContext& c)
{
    const std::vector<Group> groups = groups_of(c.input(0).shape, attributes_of(c.node).reduced);
    Canonical result;
    result.in = c.in(0);
    result.flash = c.in_flash(0);
    int64_t* sizes[] = {&result.outer, &result.count, &result.inner};
    size_t next = 0;
    for (const Group& group : groups) {
        if (group.reduced != (next == 1)) ++next;
        if (next > 2) return transposed(c, groups);
        *sizes[next++] = group.count;
    }
    return result;
}

Arg typed(Arg arg, std::string c_type)
{
    arg.c_type = std::move(c_type);
    return arg;
}

void lower_quantized(LowerContext& c)
{
    const Canonical size = canonical(c);
    const Quantization& in = c.input(0).quant;
    const Quantization& out = c.output().quant;
    const double factor = double{in.scale()} / double{out.scale()};
    const Requant requant = attributes_of(c.node).reduction == Reduction::mean
                                ? mean_requant_of(factor, size.count)
                                : requant_of(factor);
    const bool wide = c.input(0).type == DType::i16;
    if (!wide && c.input(0).type != DType::i8) refuse_uint8(c);
    const StoredClamp limits = limits_of(c.output().type);
    const auto start = static_cast<int32_t>(
        static_cast<uint32_t>(static_cast<uint64_t>(-size.count * in.zero_point())));
    c.call(wide ? "thb_reduce_sum_s16" : "thb_reduce_sum_s8",
           {typed(size.in, wide ? "const int16_t*" : "const int8_t*"), size.flash, c.out(),
            c.number(size.outer, "thb_index_t"), c.number(size.count, "thb_index_t"),
            c.number(size.inner, "thb_index_t"), c.number(int64_t{start}, "int32_t"),
            c.number(int64_t{requant.multiplier}, "int32_t"),
            c.number(int64_t{requant.shift}, "int8_t"), c.number(out.zero_point(), "int16_t"),
            c.number(limits.lowest, "int16_t"), c.number(limits.highest, "int16_t")});
}

// Names of device/kernels/reduce.h.
std::string kind_key(Reduction reduction)
{
    switch (reduction) {
    case Reduction::mean: return "THB_REDUCE_MEAN";
    case Reduction::sum: return "THB_REDUCE_SUM";
    case Reduction::prod: return "THB_REDUCE_PROD";
    case Reduction::max:
    case Reduction::any: return "THB_REDUCE_MAX";
    default: return "THB_REDUCE_MIN";
    }
}

std::string type_key(DType type)
{
    switch (type) {
    case DType::i8: return "THB_REDUCE_S8";
    case DType::i16: return "THB_REDUCE_S16";
    case DType::i32: return "THB_REDUCE_S32";
    case DType::i64: return "THB_REDUCE_S64";
    default: return "THB_REDUCE_U8";
    }
}

void lower(LowerContext& c)
{
    const Reduction reduction = attributes_of(c.node).reduction;
    const bool mean = reduction == Reduction::mean;
    const DType type = c.input(0).type;
    if (is_quantized(type) && (mean || reduction == Reduction::sum)) return lower_quantized(c);
    if (c.output().count() == 0) return;
    const Canonical size = canonical(c);
    std::vector<Arg> args = {typed(size.in, "const void*"),
                             size.flash,
                             typed(c.out(), "void*"),
                             c.number(size.outer, "thb_index_t"),
                             c.number(size.count, "thb_index_t"),
                             c.number(size.inner, "thb_index_t"),
                             c.key_text(kind_key(reduction))};
    if (type == DType::f32) return c.call("thb_reduce_f32", args);
    args.push_back(c.key_text(type_key(type)));
    c.call(type == DType::i64 || mean ? "thb_reduce_s64" : "thb_reduce_s32", args);
}

}  // namespace

extern const OpDef op_reduce;
const OpDef op_reduce = {.name = "reduce",
                         .tflite = {{"MEAN", import_reduce<Reduction::mean>},
                                    {"SUM", import_reduce<Reduction::sum>},
                                    {"REDUCE_MAX", import_reduce<Reduction::max>},
                                    {"REDUCE_MIN", import_reduce<Reduction::min>},
                                    {"REDUCE_PROD", import_reduce<Reduction::prod>},
                                    {"REDUCE_ANY", import_reduce<Reduction::any>},
                                    {"REDUCE_ALL", import_reduce<Reduction::all>}},
                         .infer = infer,
                         .eval = eval,
                         .lower = lower,
                         .same_attributes = equal_attributes<ReduceAttributes>,
                         .export_tflite = export_reduce,
                         .quantization = [](const Graph& graph, const Node& node) {
                             const Reduction form = attributes_of(node).reduction;
                             QuantizationRule rule =
                                 form == Reduction::max || form == Reduction::min
                                     ? rule_for_moves(graph, node)
                                     : rule_for_values(graph, node);
                             if (form == Reduction::prod) rule.int8 = rule.int16 = false;
                             return rule;
                         }};

}  // namespace thimble
