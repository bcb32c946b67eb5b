#include "project/stage.h"

#include "base/error.h"
#include "ops/control.h"

#include <fmt/format.h>

namespace thimble {

#define STAGE(kind) extern const StageDef stage_##kind;
#include "project/stages.def"
#undef STAGE

namespace {

constexpr const StageDef* kStages[] = {
#define STAGE(kind) &stage_##kind,
#include "project/stages.def"
#undef STAGE
};

// As an input of a body: what it stands for, and no more.
TensorId declare_captured(GraphBuilder& body, const Tensor& outer)
{
    return outer.kind == TensorKind::state ? body.state_input(outer) : body.input(outer);
}

}  // namespace

const StageDef* find_stage(std::string_view kind)
{
    for (const StageDef* stage : kStages)
        if (stage->kind == kind) return stage;
    return nullptr;
}

void StageContext::only_when(TensorId valid)
{
    const Place value = tick.place(flow.value);
    tick.only_when(valid);
    flow.value = tick.seen(value);
}

std::vector<std::string> StageContext::labels(int64_t count) const
{
    std::vector<std::string> labels = settings.texts("labels");
    if (labels.empty())
        for (int64_t i = 0; i < count; ++i) labels.push_back(fmt::format("{}", i));
    if (static_cast<int64_t>(labels.size()) != count)
        wrong("labels",
              fmt::format("{} labels, the stage before gives {} values", labels.size(), count),
              fmt::format("{} labels", count), "one label for each value, in their order");
    return labels;
}

void StageContext::wrong(const std::string& key, const std::string& found,
                         const std::string& expected, const std::string& remedy) const
{
    fail(ErrorCode::T0106, {settings.place(key), found, expected, remedy});
}

TickBuilder::TickBuilder(std::string name)
{
    levels_.push_back({.graph = std::make_unique<GraphBuilder>(std::move(name))});
}

TensorId TickBuilder::input(Tensor tensor)
{
    return seen({0, levels_[0].graph->input(std::move(tensor))});
}

TensorId TickBuilder::state(Tensor tensor)
{
    if (!tensor.data)
        tensor.data = std::make_shared<const std::vector<uint8_t>>(
            static_cast<size_t>(tensor.bytes()), uint8_t{0});
    tensor.name = prefix_ + tensor.name;
    return seen({0, levels_[0].graph->state(std::move(tensor))});
}

void TickBuilder::only_when(TensorId valid)
{
    const std::string name = fmt::format("{}then", prefix_);
    levels_.push_back({.graph = std::make_unique<GraphBuilder>(name, prefix_), .valid = valid});
}

TensorId TickBuilder::seen(const Place& place)
{
    TensorId id = place.id;
    for (size_t level = place.depth + 1; level < levels_.size(); ++level) id = capture(level, id);
    return id;
}

TensorId TickBuilder::capture(size_t index, TensorId outer)
{
    Level& level = levels_[index];
    if (const auto it = level.captured.find(outer); it != level.captured.end()) return it->second;
    const TensorId inner =
        declare_captured(*level.graph, levels_[index - 1].graph->tensor(outer));
    level.outer.push_back(outer);
    level.captured[outer] = inner;
    return inner;
}

void TickBuilder::set_prefix(const std::string& prefix)
{
    prefix_ = prefix;
    graph().set_prefix(prefix);
}

// The other branch: takes the same and gives zeros.
Graph TickBuilder::empty_branch(const Level& level, const Graph& then) const
{
    GraphBuilder empty(then.name + "_not");
    for (const TensorId id : then.inputs) declare_captured(empty, then.tensor(id));
    for (const TensorId id : then.outputs)
        empty.output(empty.zeros(then.tensor(id).name, then.tensor(id)));
    THIMBLE_CHECK(then.inputs.size() == level.outer.size(), then.name);
    return empty.finish();
}

Graph TickBuilder::finish(const std::vector<TensorId>& outputs,
                          const std::vector<std::string>& names)
{
    GraphBuilder& inner = graph();
    std::vector<TensorId> results = {
        inner.constant("always", DType::boolean, {1}, std::vector<uint8_t>{1})};
    results.insert(results.end(), outputs.begin(), outputs.end());
    while (levels_.size() > 1) {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        for (const TensorId id : results) level.graph->output(id);
        IfAttributes branches;
        branches.then_graph = std::make_shared<const Graph>(level.graph->finish());
        branches.else_graph =
            std::make_shared<const Graph>(empty_branch(level, *branches.then_graph));
        std::vector<TensorId> inputs = {level.valid};
        inputs.insert(inputs.end(), level.outer.begin(), level.outer.end());
        graph().set_prefix("");
        results = graph().own_node("if", inputs, branches, results.size(),
                                   branches.then_graph->name);
    }
    for (size_t i = 0; i < results.size(); ++i)
        graph().output(results[i], i == 0 ? "valid" : names.at(i - 1));
    return graph().finish();
}

}  // namespace thimble
