// Input vectors for verification.
//
// Integers: the whole range of the type; wide integers (indices, counts) small values, since a
// larger one is an index out of range in most models; those that pick rows of a table (symbols of
// an embedding) stay inside of it. Floats: [-1, 1), and +-4 for the extremes.
#include "base/random.h"
#include "ops/control.h"
#include "ops/stream.h"
#include "ops/op.h"
#include "verify/oracle.h"
#include "verify/verify.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

namespace thimble {

namespace {

constexpr int64_t kWideIntegerMax = 100;
constexpr int64_t kTicksLeast = 8;  // of a generated recording

struct Range {
    double least, most, zero;
};

// Rows of the table from which the tensor's values pick; 0: it is no such index.
int64_t rows_picked(const Graph& graph, TensorId id)
{
    for (const Node& node : graph.nodes) {
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            if (node.inputs[i] != id || !node.op) continue;
            const bool is_index = node.op->name == "gather" && i == 1;
            if (is_index && graph.input(node, 0).shape.size() == 2)
                return graph.input(node, 0).shape[0];
            int64_t rows = 0;
            if (node.op->name == "cast" || node.op->name == "reshape")
                rows = rows_picked(graph, node.outputs[0]);
            for (const auto& body : bodies_of(node))
                if (rows == 0 && i < body->inputs.size())
                    rows = rows_picked(*body, body->inputs[i]);
            if (rows > 0) return rows;
        }
    }
    return 0;
}

Range range_of(const Tensor& tensor, int64_t rows)
{
    if (rows > 0 && element_bytes(tensor.type) >= 4 && !is_float(tensor.type))
        return {0, static_cast<double>(rows - 1), 0};
    const double zero = tensor.quant.present() ? tensor.quant.zero_point() : 0;
    switch (tensor.type) {
    case DType::i8: return {-128, 127, zero};
    case DType::i4: return {-8, 7, zero};
    case DType::u8: return {0, 255, zero};
    case DType::i16: return {-32768, 32767, zero};
    case DType::boolean: return {0, 1, 0};
    case DType::f32: return {-4, 4, 0};
    default: return {0, kWideIntegerMax, 0};
    }
}

template <typename T> void store(Bytes& bytes, size_t i, double value)
{
    const T typed = static_cast<T>(value);
    std::memcpy(bytes.data() + i * sizeof(T), &typed, sizeof(T));
}

void store_as(DType type, Bytes& bytes, size_t i, double value)
{
    switch (type) {
    case DType::f32: return store<float>(bytes, i, value);
    case DType::i16: return store<int16_t>(bytes, i, value);
    case DType::u16: return store<uint16_t>(bytes, i, value);
    case DType::i32: return store<int32_t>(bytes, i, value);
    case DType::u32: return store<uint32_t>(bytes, i, value);
    case DType::i64: return store<int64_t>(bytes, i, value);
    case DType::u64: return store<uint64_t>(bytes, i, value);
    case DType::u8: case DType::boolean: return store<uint8_t>(bytes, i, value);
    default: return store<int8_t>(bytes, i, value);
    }
}

double uniform(SplitMix64& random, const Tensor& tensor, const Range& range)
{
    if (tensor.type == DType::f32)
        return static_cast<double>(random.next() >> 40) / (1 << 23) - 1.0;
    const auto span = static_cast<uint64_t>(range.most - range.least) + 1;
    return range.least + static_cast<double>((random.next() >> 32) % span);
}

Bytes fill(SplitMix64& random, const Tensor& tensor, int64_t rows, const std::string& kind)
{
    Bytes bytes(static_cast<size_t>(tensor.bytes()));
    const Range range = range_of(tensor, rows);
    for (size_t i = 0; i < static_cast<size_t>(tensor.count()); ++i) {
        double value = range.zero;
        if (kind == "minimum") value = range.least;
        if (kind == "maximum") value = range.most;
        const bool drawn = kind == "uniform" || (kind == "sparse" && random.next() % 10 == 0);
        if (drawn) value = uniform(random, tensor, range);
        store_as(tensor.type, bytes, i, value);
    }
    return bytes;
}

constexpr const char* kKinds[] = {"uniform", "minimum", "maximum", "zero point", "sparse"};

const char* kind_of(int index)
{
    return index < 5 ? kKinds[index] : index % 4 == 0 ? "sparse" : "uniform";
}

// Words of small letters, now and then a digit or a mark.
Bytes text(SplitMix64& random, int64_t bytes)
{
    static constexpr std::string_view kLetters = "eeetttaaooiinnsshhrrddlucmwfgypbvkxjqz  E.,0'!\n";
    Bytes result;
    for (int64_t i = 0; i < bytes; ++i)
        result.push_back(random.next() % 5 == 0
                             ? ' '
                             : static_cast<uint8_t>(kLetters[random.next() % kLetters.size()]));
    return result;
}

RawRecording make_recording(const Graph& graph, int index, int64_t ticks, uint64_t seed)
{
    const PipelineInterface& interface = *graph.interface;
    SplitMix64 random(seed + static_cast<uint64_t>(index) * 7919);
    Tensor samples = graph.tensor(graph.inputs.at(0));
    const int64_t count = interface.window + (ticks - 1) * interface.hop;
    if (interface.streamed()) samples.shape = {count * interface.row};
    const std::string kind = kind_of(index);
    if (interface.kind == InputKind::text && kind == "uniform") return {kind, text(random, count)};
    return {kind, fill(random, samples, rows_picked(graph, graph.inputs[0]), kind)};
}

// Notes which bodies have run.
class BranchObserver : public BodyObserver {
public:
    void enter(const Node&, const Graph& body) override { seen_.insert(&body); }
    void leave(const Evaluator&) override {}
    bool saw_all(const Graph& graph) const
    {
        for (const Node& node : graph.nodes) {
            if (node.attributes.type() != typeid(IfAttributes)) continue;
            // The second branch is that of a stage with nothing to say.
            const Graph& body = *std::any_cast<const IfAttributes&>(node.attributes).then_graph;
            if (!seen_.count(&body) || !saw_all(body)) return false;
        }
        return true;
    }

private:
    std::set<const Graph*> seen_;
};

// A network that keeps rows from window to window: the first decision says little about it.
bool slides(const Graph& graph)
{
    return std::ranges::any_of(graph.nodes, [](const Node& node) {
        const auto* slide = std::any_cast<SlideAttributes>(&node.attributes);
        const auto* branches = std::any_cast<IfAttributes>(&node.attributes);
        return (slide && slide->sliding) || (branches && slides(*branches->then_graph));
    });
}

// Ticks after which every branch of the graph has run, and half as many again where rows are kept.
int64_t ticks_needed(const Graph& graph, Match match, uint64_t seed)
{
    if (!graph.interface->streamed()) return 1;
    Oracle oracle(graph, match);
    BranchObserver observer;
    int64_t count = 0;
    for (const Tick& tick : cut_ticks(graph, {make_recording(graph, 0, kTicksMax, seed)})) {
        oracle.begin_sequence();
        for (size_t i = 0; i < tick.inputs.size(); ++i) oracle.set_input(i, tick.inputs[i]);
        oracle.run(nullptr, &observer);
        if (++count >= kTicksMax || observer.saw_all(graph)) break;
    }
    if (slides(graph)) count = std::min(count + count / 2, kTicksMax);
    return std::max(count, kTicksLeast);
}

}  // namespace

std::vector<RawRecording> make_recordings(const Graph& graph, Match match, int count, uint64_t seed)
{
    const int64_t ticks = ticks_needed(graph, match, seed);
    std::vector<RawRecording> recordings;
    for (int i = 0; i < count; ++i) recordings.push_back(make_recording(graph, i, ticks, seed));
    return recordings;
}

std::vector<Case> make_cases(const Graph& graph, int count, uint64_t seed)
{
    SplitMix64 random(seed);
    std::vector<Case> cases;
    for (int i = 0; i < count; ++i) {
        Case one;
        one.kind = kind_of(i);
        for (const TensorId id : graph.inputs)
            one.inputs.push_back(
                fill(random, graph.tensor(id), rows_picked(graph, id), one.kind));
        cases.push_back(std::move(one));
    }
    return cases;
}

}  // namespace thimble
