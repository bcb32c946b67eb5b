// One step of a search for the best sequence of symbols, with B hypotheses (beams) at a time:
//
//   inputs    logits float32, int8 or int16 [B, V]; ids int32 [B, N]; lengths int32 [B];
//             step int32 [1]; with B > 1 scores float32, or int32 with 16 fraction bits, [B]
//   outputs   tokens int32 [B]; ids, lengths, step as above; active bool [1]; with B > 1 scores,
//             and parents int32 [B]
//
// A hypothesis is live while its length equals `step`: it goes on with a symbol v, which adds
// log P(v) = x[v] - ln(sum_k e^x[k]) to its score. `end` and `pad` end it and do not count in its
// length; the places of ids behind the length hold `pad`. One that has ended goes on as it is.
//
// B = 1 (greedy): v is the place of the greatest logit, the first of equals. No score is computed.
// B > 1: beam 0 always holds what the greedy search would hold, so that the result never scores
// below it; the others are the best of all other continuations, falling; of equals the one of the
// lower beam, then of the lower symbol. (A plain beam search keeps the same set, unless it loses
// the greedy hypothesis.) `parents` tells which beam each one continues. Beams with the score
// "none" hold no hypothesis; at the start all but beam 0, which always holds one.
//
// `active`: the search may go on: step < N, and some live hypothesis scores above the best that has
// ended (scores never rise).
//
// Arithmetic: float32 scores for float32 logits. int8 logits with B > 1: scores in Q16, exact:
//   x[max] - x[v] = round(2^16 * d * scale), d = q[max] - q[v]
//   sum = sum_k round(2^16 * e^(-d[k] * scale)), ln(sum) = log2(sum) * ln 2 with log2 by 16
//   squarings
// (docs/numerics.md, "Beam search"). int16 logits with B > 1 must be dequantised first.
// Source: own; beam search as in Graves 2012, arXiv:1211.3711.
#include "ops/beam_select.h"

#include "ops/move.h"
#include "ops/op.h"
#include "ops/shapes.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thimble {

namespace {

namespace in_at = beam_select_input;
namespace out_at = beam_select_output;

struct SearchSizes {
    int64_t beams, symbols, places;
};

const BeamSelectAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const BeamSelectAttributes&>(node.attributes);
}

SearchSizes sizes_of(const Graph& graph, const Node& node)
{
    const Shape& logits = graph.input(node, in_at::logits).shape;
    return {logits[0], logits[1], graph.input(node, in_at::ids).shape[1]};
}

void require_int32(const Graph& graph, const Node& node, size_t input, const Shape& shape)
{
    require_input_type(graph, node, input, {DType::i32});
    require_shape(graph.input(node, input).shape == shape,
                  fmt::format("input {} {}", input, shape_text(graph.input(node, input).shape)),
                  shape_text(shape));
}

void infer(Graph& graph, Node& node)
{
    constexpr int64_t kBeamsMax = 4, kSymbolsMax = 32767;
    require_rank(graph, node, in_at::logits, 2, 2);
    require_rank(graph, node, in_at::ids, 2, 2);
    const SearchSizes size = sizes_of(graph, node);
    require_shape(size.beams >= 1 && size.beams <= kBeamsMax, fmt::format("{} beams", size.beams),
                  "1 to 4");
    require_shape(size.symbols >= 1 && size.symbols <= kSymbolsMax && size.places >= 1 &&
                      size.places <= kSymbolsMax,
                  fmt::format("{} symbols, {} places", size.symbols, size.places), "1 to 32767");
    for (const TensorId id : node.inputs)
        if (id != kNoTensor && graph.tensor(id).is_constant())
            fail_type("a constant input", "values that are computed at run time");
    const bool greedy = size.beams == 1;
    require_inputs(node, greedy ? in_at::greedy_count : in_at::beam_count,
                   greedy ? in_at::greedy_count : in_at::beam_count);
    require_outputs(node, greedy ? out_at::greedy_count : out_at::beam_count);
    if (greedy)
        require_input_type(graph, node, 0, {DType::f32, DType::i8, DType::i16});
    else
        require_input_type(graph, node, 0, {DType::f32, DType::i8});
    if (graph.input(node, 0).type != DType::f32) require_quantized(graph, node, {0});
    require_shape(!graph.input(node, 0).quant.per_channel(), "logits with several scales", "one");
    require_int32(graph, node, in_at::ids, {size.beams, size.places});
    require_int32(graph, node, in_at::lengths, {size.beams});
    require_int32(graph, node, in_at::step, {1});
    set_output(graph, node, out_at::tokens, DType::i32, {size.beams});
    set_output(graph, node, out_at::ids, DType::i32, {size.beams, size.places});
    set_output(graph, node, out_at::lengths, DType::i32, {size.beams});
    set_output(graph, node, out_at::step, DType::i32, {1});
    set_output(graph, node, out_at::active, DType::boolean, {1});
    if (greedy) return;
    const DType scores =
        graph.input(node, in_at::logits).type == DType::f32 ? DType::f32 : DType::i32;
    require_input_type(graph, node, in_at::scores, {scores});
    require_shape(graph.input(node, in_at::scores).shape == Shape{size.beams}, "scores",
                  "one per beam");
    set_output(graph, node, out_at::scores, scores, {size.beams});
    set_output(graph, node, out_at::parents, DType::i32, {size.beams});
}

// ---- oracle ----

// A way to go on.
struct Candidate {
    int64_t parent = 0;
    int64_t symbol = -1;  // -1: the parent has ended and stays as it is
    double score = 0;     // float32 or Q16, exact in double
};

bool ends(const EvalContext& c, int64_t symbol)
{
    return symbol == attributes_of(c.node).end || symbol == attributes_of(c.node).pad;
}

int64_t greatest_of(const std::vector<double>& row)
{
    return std::max_element(row.begin(), row.end()) - row.begin();
}

// log P of every symbol of one row of stored logits, as the arithmetic above says.
std::vector<double> log_probabilities(const EvalContext& c, const std::vector<double>& row)
{
    const double highest = row[static_cast<size_t>(greatest_of(row))];
    std::vector<double> result;
    if (c.input(0).type == DType::f32) {
        double sum = 0;
        for (const double x : row) sum += std::exp(x - highest);
        for (const double x : row) result.push_back(x - highest - std::log(sum));
        return result;
    }
    const double scale = c.input(0).quant.scale();
    uint64_t sum = 0;
    for (const double q : row)
        sum += static_cast<uint64_t>(std::floor(65536 * std::exp((q - highest) * scale) + 0.5));
    uint64_t whole = 0;  // log2 of sum / 2^16, 16 fraction bits
    for (uint64_t left = sum >> 17; left > 0; left >>= 1) whole += 65536;
    uint64_t mantissa = (sum << 31) >> (16 + whole / 65536);  // in [2^31, 2^32)
    for (uint64_t bit = 32768; bit > 0; bit /= 2) {
        mantissa = mantissa * mantissa >> 31;
        if (mantissa < (uint64_t{1} << 32)) continue;
        whole += bit;
        mantissa >>= 1;
    }
    const double log_sum = static_cast<double>((whole * 45426 + 32768) >> 16);
    for (const double q : row)
        result.push_back(-std::min(std::floor(65536 * (highest - q) * scale + 0.5), 16777216.0) -
                         log_sum);
    return result;
}

double added(const EvalContext& c, double score, double more)
{
    if (c.input(0).type == DType::f32)
        return static_cast<float>(static_cast<float>(score) + static_cast<float>(more));
    return std::max(score + more, -1073741824.0);
}

// What every beam becomes: beam 0 greedily, then the best of the others.
std::vector<Candidate> continuations(const EvalContext& c)
{
    const SearchSizes size = sizes_of(c.graph, c.node);
    const std::vector<double> logits = c.raw(in_at::logits), scores = c.raw(in_at::scores);
    const auto lengths = c.in<int32_t>(in_at::lengths);
    const int32_t step = c.in<int32_t>(in_at::step)[0];
    const double none = c.input(0).type == DType::f32 ? kNoScore : kNoScoreQ16;
    std::vector<Candidate> all;
    size_t greedy = 0;
    for (int64_t b = 0; b < size.beams; ++b) {
        const double score = scores[static_cast<size_t>(b)];
        if (b > 0 && score <= none) continue;
        if (lengths[static_cast<size_t>(b)] != step) {
            all.push_back({b, -1, score});
            continue;
        }
        const std::vector<double> row(logits.begin() + b * size.symbols,
                                      logits.begin() + (b + 1) * size.symbols);
        const std::vector<double> more = log_probabilities(c, row);
        if (b == 0) greedy = static_cast<size_t>(greatest_of(row));
        for (int64_t v = 0; v < size.symbols; ++v)
            all.push_back({b, v, added(c, score, more[static_cast<size_t>(v)])});
    }
    std::vector<Candidate> kept = {all[greedy]};
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(greedy));
    std::stable_sort(all.begin(), all.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    for (size_t b = 1; b < static_cast<size_t>(size.beams); ++b)
        kept.push_back(b <= all.size() ? all[b - 1] : Candidate{0, -1, none});
    return kept;
}

// Writes beam `b`; returns whether it is live.
bool write_beam(EvalContext& c, int64_t b, const Candidate& from)
{
    const SearchSizes size = sizes_of(c.graph, c.node);
    const auto to = static_cast<size_t>(b), parent = static_cast<size_t>(from.parent);
    const auto places = static_cast<size_t>(size.places);
    const int32_t step = c.in<int32_t>(in_at::step)[0];
    const auto pad = static_cast<int32_t>(attributes_of(c.node).pad);
    const bool live = from.symbol >= 0 && !ends(c, from.symbol);
    const auto ids = c.in<int32_t>(in_at::ids).subspan(parent * places, places);
    std::ranges::copy(
        ids, c.out<int32_t>(out_at::ids).begin() + static_cast<std::ptrdiff_t>(to * places));
    const int32_t symbol = live ? static_cast<int32_t>(from.symbol) : pad;
    if (step >= 0 && step < size.places)
        c.out<int32_t>(out_at::ids)[to * places + static_cast<size_t>(step)] = symbol;
    c.out<int32_t>(out_at::tokens)[to] = symbol;
    c.out<int32_t>(out_at::lengths)[to] = live ? step + 1 : c.in<int32_t>(in_at::lengths)[parent];
    return live;
}

void eval(EvalContext& c)
{
    const SearchSizes size = sizes_of(c.graph, c.node);
    const int32_t step = c.in<int32_t>(in_at::step)[0];
    c.out<int32_t>(out_at::step)[0] = step + 1;
    bool active = false;
    if (size.beams == 1) {
        active = write_beam(c, 0, {0, greatest_of(c.raw(in_at::logits)), 0});
    } else {
        const std::vector<Candidate> kept = continuations(c);
        double best_live = -std::numeric_limits<double>::infinity(), best_ended = best_live;
        for (int64_t b = 0; b < size.beams; ++b) {
            const Candidate& from = kept[static_cast<size_t>(b)];
            double& best = write_beam(c, b, from) ? best_live : best_ended;
            best = std::max(best, from.score);
            c.out<int32_t>(out_at::parents)[static_cast<size_t>(b)] =
                static_cast<int32_t>(from.parent);
            if (c.input(0).type == DType::f32)
                c.out<float>(out_at::scores)[static_cast<size_t>(b)] =
                    static_cast<float>(from.score);
            else
                c.out<int32_t>(out_at::scores)[static_cast<size_t>(b)] =
                    static_cast<int32_t>(from.score);
        }
        active = best_live > best_ended;
    }
    c.out<uint8_t>(out_at::active)[0] = active && step + 1 < size.places;
}

// ---- lowering ----

// e^-(d * scale) and d * scale for the differences d of two int8 logits, 16 fraction bits.
struct DifferenceTables {
    std::vector<uint32_t> exps;
    std::vector<int32_t> costs;
};

DifferenceTables difference_tables(double scale)
{
    DifferenceTables tables;
    constexpr double kCostMax = 1 << 24;  // e^-256: nothing is left
    for (int d = 0; d < 256; ++d) {
        tables.exps.push_back(
            static_cast<uint32_t>(std::floor(65536 * std::exp(-d * scale) + 0.5)));
        tables.costs.push_back(
            static_cast<int32_t>(std::min(std::floor(65536 * d * scale + 0.5), kCostMax)));
    }
    return tables;
}

void lower(LowerContext& c)
{
    const SearchSizes size = sizes_of(c.graph, c.node);
    const BeamSelectAttributes& a = attributes_of(c.node);
    const bool greedy = size.beams == 1, real = c.input(0).type == DType::f32;
    std::vector<Arg> args;
    if (greedy)
        args = {untyped_in(c.in(in_at::logits)), c.key_text(element_key(c.input(0).type))};
    else
        args = {c.in(in_at::logits)};
    if (!greedy && !real) {
        const DifferenceTables tables = difference_tables(c.input(0).quant.scale());
        args.push_back(c.table(tables.exps, "powers of e", false));
        args.push_back(c.table(tables.costs, "logarithms", false));
    }
    const int inputs = greedy ? in_at::greedy_count : in_at::beam_count;
    for (int i = in_at::ids; i < inputs; ++i) args.push_back(c.in(static_cast<size_t>(i)));
    const int outputs = greedy ? out_at::greedy_count : out_at::beam_count;
    for (int i = 0; i < outputs; ++i) args.push_back(c.out(static_cast<size_t>(i)));
    if (!greedy) args.push_back(c.key(size.beams));
    for (const int64_t number : {size.symbols, size.places})
        args.push_back(c.number(number, "thb_index_t"));
    for (const int64_t symbol : {a.end, a.pad}) args.push_back(c.number(symbol, "int32_t"));
    c.call(greedy ? "thb_greedy_select"
           : real ? "thb_beam_select_f32"
                  : "thb_beam_select_s8",
           std::move(args));
    if (greedy) c.allow_in_place(in_at::ids, out_at::ids);
}

}  // namespace

extern const OpDef op_beam_select;
const OpDef op_beam_select = {
    .name = "beam_select", .tflite = {}, .infer = infer, .eval = eval, .lower = lower};

}  // namespace thimble
