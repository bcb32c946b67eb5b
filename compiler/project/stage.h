// A pipeline stage: operators appended to the tick graph (ir/pipeline.h).
//
// Each kind is one file in stages/ that defines `stage_<kind>`, one line in stages.def, and its
// keys in schema.def. Stages see what the stage before gives and append nodes; a stage that has
// something to give only in some ticks says so with `only_when`, and all that follows lies inside
// of an `if`. Nothing else about time needs to be known.
#pragma once

#include "ir/pipeline.h"
#include "project/graph_builder.h"
#include "project/project_file.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

// A tensor of the tick graph and the depth of branches at which it was made; 0: outside of all.
struct Place {
    size_t depth = 0;
    TensorId id = kNoTensor;
};

// The tick graph while stages are appended to it: a graph, and inside of it one branch in another.
class TickBuilder {
public:
    explicit TickBuilder(std::string name);

    // The innermost branch: nodes are appended here.
    GraphBuilder& graph() { return *levels_.back().graph; }
    const Tensor& tensor(TensorId id) const { return levels_.back().graph->tensor(id); }
    // An input of the tick graph, seen from the innermost branch.
    TensorId input(Tensor tensor);
    // A state that lives from tick to tick, seen from the innermost branch. `tensor` gives name,
    // type, shape, per_sequence and `data`, its initial value; without data it is zeros.
    TensorId state(Tensor tensor);
    // All that is appended from now on runs only in ticks in which `valid`, a bool [1], is true.
    void only_when(TensorId valid);
    // A tensor of the innermost branch, to be seen from branches inside of it later.
    Place place(TensorId id) const { return {levels_.size() - 1, id}; }
    TensorId seen(const Place& place);
    // Names of the nodes appended from now on begin with it.
    void set_prefix(const std::string& prefix);
    const std::string& prefix() const { return prefix_; }

    // Ends the graph: `valid` in every tick that reaches the innermost branch, and these outputs.
    Graph finish(const std::vector<TensorId>& outputs, const std::vector<std::string>& names);

private:
    struct Level {
        std::unique_ptr<GraphBuilder> graph;
        TensorId valid = kNoTensor;                // of the level outside
        std::vector<TensorId> outer;               // what the branch captures, seen from outside
        std::map<TensorId, TensorId> captured;     // outer -> inner
    };
    TensorId capture(size_t level, TensorId outer);
    Graph empty_branch(const Level& level, const Graph& then) const;

    std::string prefix_;
    std::vector<Level> levels_;
};

struct TokenStream;  // project/token_stream.h

// What one stage hands to the next.
struct Flow {
    // Words of a text that nobody has collected yet: `value` is not what this stage gives. Set by
    // hash_tokens and vocabulary; for stages that do not take them the composer collects the ids.
    std::shared_ptr<const TokenStream> tokens;
    TensorId value = kNoTensor;       // seen from the innermost branch
    double per_second = 0;            // how often it comes at most; 0: not known
    std::vector<std::string> labels;  // of a decision
    std::optional<TensorId> scores;   // of a decision: as many as `value`; none: not wanted
};

struct StageContext {
    const Settings& settings;
    TickBuilder& tick;
    Flow& flow;
    PipelineInterface& interface;
    std::optional<Place> end;          // the second input of a text pipeline
    std::vector<std::string>& notes;   // said to the user
    bool cuts = false;                 // the tick's samples are those of this stage's StageDef::cut

    GraphBuilder& graph() { return tick.graph(); }
    const Tensor& value() { return tick.tensor(flow.value); }
    // TickBuilder::only_when, and takes flow.value along.
    void only_when(TensorId valid);
    // The key `labels`: as many as there are values; without it, their numbers.
    std::vector<std::string> labels(int64_t count) const;
    // Refuses the stage: what was found in it or before it.
    [[noreturn]] void wrong(const std::string& key, const std::string& found,
                            const std::string& expected, const std::string& remedy) const;
};

// The samples of a tick, which the first stage may choose.
struct Cut {
    int64_t window = 1, hop = 1;
};

struct StageDef {
    std::string_view kind;
    // Appends the stage's nodes; reads and replaces flow.value. Throws T0106 and what reading its
    // files throws.
    void (*build)(StageContext& stage);
    // Of a stage that is the first one and cuts the stream itself; null: it takes single samples.
    Cut (*cut)(const Settings& stage, const PipelineInterface& input) = nullptr;
    bool takes_tokens = false;  // of a stage that reads Flow::tokens itself
};

// Null when there is no such kind.
const StageDef* find_stage(std::string_view kind);

}  // namespace thimble
