// Random graphs with scans, whiles and ifs inside of each other: the C on this computer against the
// oracle. What they hand over is drawn without regard for sense: values that change places, go
// through twice, or are constants are as likely as any other.
#include "control_graphs.h"

#include <gtest/gtest.h>

#include <fmt/format.h>
#include <random>

namespace thimble {
namespace {

using Ids = std::vector<TensorId>;
const Shape kShape = {1, 1};

class RandomGraph {
public:
    explicit RandomGraph(uint32_t seed) : random_(seed) {}

    Graph make()
    {
        GraphBuilder b;
        Ids pool;
        for (int i = 0; i < 3; ++i)
            pool.push_back(b.input(fmt::format("in{}", i), DType::i32, kShape));
        fill(b, pool, 4, 0);
        add_scan(b, pool, 0);
        fill(b, pool, 2, 0);
        // What is made last, and some others, each once.
        for (size_t i = 0; i < pool.size(); ++i)
            if (i + 3 >= pool.size() || below(3) == 0) b.graph.outputs.push_back(pool[i]);
        return b.graph;
    }

private:
    int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }
    TensorId any(const Ids& pool)
    {
        return pool[static_cast<size_t>(below(static_cast<int>(pool.size())))];
    }
    Ids some(const Ids& pool, int count)
    {
        Ids ids;
        for (int i = 0; i < count; ++i) ids.push_back(any(pool));
        return ids;
    }

    void fill(GraphBuilder& b, Ids& pool, int count, int depth)
    {
        for (int i = 0; i < count; ++i) {
            const int kind = below(depth < 2 ? 10 : 6);
            if (kind < 4) add_sum(b, pool);
            else if (kind == 4) pool.push_back(b.constant<int32_t>("k", kShape, {below(9) - 4}));
            else if (kind == 5) add_reshaped(b, pool);
            else if (kind == 6) add_if(b, pool, depth);
            else if (kind == 7) add_while(b, pool, depth);
            else add_scan(b, pool, depth);
        }
    }

    // max(min(a +- b, 1000), -1000): no sum leaves the type.
    void add_sum(GraphBuilder& b, Ids& pool)
    {
        const TensorId sum = b.add(below(2) ? "ADD" : "SUB", some(pool, 2));
        const TensorId high = b.constant<int32_t>("high", kShape, {1000});
        const TensorId low = b.constant<int32_t>("low", kShape, {-1000});
        pool.push_back(b.add("MAXIMUM", {b.add("MINIMUM", {sum, high}), low}));
    }

    void add_reshaped(GraphBuilder& b, Ids& pool)
    {
        const TensorId shape = b.constant<int32_t>("shape", {2}, {1, 1});
        pool.push_back(b.add("RESHAPE", {any(pool), shape}));
    }

    std::shared_ptr<const Graph> body(GraphBuilder& b, const Ids& inputs, int outputs, int depth)
    {
        Ids pool = inputs;
        if (pool.empty()) pool.push_back(b.constant<int32_t>("k", kShape, {below(9)}));
        fill(b, pool, 1 + below(4), depth + 1);
        return b.body(some(pool, outputs));
    }

    Ids body_inputs(GraphBuilder& b, int count)
    {
        Ids ids;
        for (int i = 0; i < count; ++i)
            ids.push_back(b.input(fmt::format("b{}", i), DType::i32, kShape));
        return ids;
    }

    void keep(Ids& pool, const Ids& outputs, size_t count)
    {
        for (size_t i = 0; i < count; ++i) pool.push_back(outputs[i]);
    }

    void add_scan(GraphBuilder& b, Ids& pool, int depth)
    {
        const int turns = 1 + below(3), sequences = below(3), carried = below(4);
        const int captured = below(3), stacked = below(3) + (carried == 0);
        Ids inputs;
        for (int i = 0; i < sequences; ++i) {
            const Ids parts = some(pool, turns);
            inputs.push_back(turns == 1 ? parts[0] : b.add("CONCATENATION", parts));
        }
        for (const TensorId id : some(pool, carried + captured)) inputs.push_back(id);
        GraphBuilder inner;
        const Ids taken = body_inputs(inner, sequences + carried + captured);
        ScanAttributes a = {body(inner, taken, carried + stacked, depth), turns, below(2) == 1};
        a.sequence_axes.assign(static_cast<size_t>(sequences), 0);
        a.stacked_axes.assign(static_cast<size_t>(stacked), 0);
        a.carried = carried;
        const Ids out = b.add("scan", inputs, a, static_cast<size_t>(carried + stacked));
        keep(pool, out, static_cast<size_t>(carried));
        const TensorId begin = b.constant<int32_t>("begin", {2}, {below(turns), 0});
        const TensorId size = b.constant<int32_t>("size", {2}, {1, 1});
        for (size_t i = static_cast<size_t>(carried); i < out.size(); ++i)
            pool.push_back(b.add("SLICE", {out[i], begin, size}));
    }

    // Ends after a fixed number of turns, counted by its first value.
    void add_while(GraphBuilder& b, Ids& pool, int depth)
    {
        const int carried = 1 + below(3), captured = below(2);
        GraphBuilder test;
        const Ids tested = body_inputs(test, carried + captured);
        const TensorId limit = test.constant<int32_t>("limit", kShape, {below(4)});
        const auto condition = test.body({test.add("LESS", {tested[0], limit})});
        GraphBuilder inner;
        Ids local = body_inputs(inner, carried + captured);
        const TensorId one = inner.constant<int32_t>("one", kShape, {1});
        const TensorId next = inner.add("ADD", {local[0], one});
        fill(inner, local, 1 + below(3), depth + 1);
        Ids outputs = some(local, carried);
        outputs[0] = next;
        Ids inputs = some(pool, carried + captured);
        inputs[0] = b.constant<int32_t>("zero", kShape, {0});
        keep(pool, b.add("while", inputs, WhileAttributes{condition, inner.body(outputs)},
                         static_cast<size_t>(carried)),
             static_cast<size_t>(carried));
    }

    void add_if(GraphBuilder& b, Ids& pool, int depth)
    {
        const int captured = below(4), outputs = 1 + below(2);
        Ids inputs = some(pool, captured);
        inputs.insert(inputs.begin(), b.add("LESS", some(pool, 2)));
        GraphBuilder first, second;
        const auto yes = body(first, body_inputs(first, captured), outputs, depth);
        const auto no = body(second, body_inputs(second, captured), outputs, depth);
        keep(pool, b.add("if", inputs, IfAttributes{yes, no}, static_cast<size_t>(outputs)),
             static_cast<size_t>(outputs));
    }

    std::mt19937 random_;
};

TEST(RandomControlFlow, GivesWhatTheOracleDoes)
{
    const char* const more = std::getenv("THIMBLE_RANDOM_GRAPHS");
    const int count = more ? std::atoi(more) : 12;
    for (int seed = 1; seed <= count; ++seed) {
        const Graph graph = RandomGraph(static_cast<uint32_t>(seed)).make();
        verify_graph(graph);
        expect_same_on(graph, "host", fmt::format("seed {}", seed).c_str());
    }
}

}  // namespace
}  // namespace thimble
