// One loop that was written out, on its way to a scan (reroll_unrolled.cc, reroll_body.cc).
#pragma once

#include "passes/first_step.h"
#include "passes/links.h"
#include "passes/places.h"
#include "passes/unrolled_steps.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thimble {

// What a node of the step reads.
struct Operand {
    enum Source {
        absent,
        constant,
        changing_constant,  // another one in every step
        captured,
        sequence,
        same_step,
        previous_step
    } source = absent;
    size_t place = 0;   // same_step, previous_step: which node of the step
    size_t output = 0;  // and which of its outputs
    size_t index = 0;   // sequence: which one
    bool operator==(const Operand&) const = default;
};

struct Sequence {
    TensorId root;
    size_t axis;
    int64_t first;      // position of the first step
    int64_t direction;  // +1 or -1
    bool operator==(const Sequence&) const = default;
};

using Value = std::pair<size_t, size_t>;  // place in the step, output

// Where the values of all steps lie together.
struct Stack {
    TensorId whole = kNoTensor;
    size_t axis = 0;
    bool mirrored = false;    // against the order in which the scan writes
    size_t writer = kNoNode;  // the node that wrote `whole`
    size_t joiner = kNoNode;  // the node that joined the steps
};

// How the loop begins: with the first copy, or with a step before it, which is a copy with states
// of zero, or whatever stands there in the graph.
enum class Begin { first_copy, zero_state, branch };

class Reroll {
public:
    Reroll(Graph& graph, const Links& links, Movements& movements, const UnrolledSteps& steps,
           Scales scales)
        : graph_(graph),
          links_(links),
          movements_(movements),
          all_(steps.nodes),
          scales_(scales)
    {
    }
    // Finds the run of steps; false when there is none of at least three.
    bool analyse();
    // Rewrites the graph; false when this form is not possible.
    bool rewrite(Begin begin);
    size_t steps() const { return trip_count_; }
    // Why the last call of the two gave false, for the user.
    const std::string& reason() const { return reason_; }
    // Flash for scales and biases that change from turn to turn.
    int64_t scale_bytes() const { return scale_bytes_; }

private:
    const Node& node(size_t step, size_t place) const { return graph_.nodes[all_[step][place]]; }
    TensorId value(size_t step, Value v) const { return node(step, v.first).outputs[v.second]; }
    Operand operand(size_t step, size_t place, size_t input) const;
    bool fits(size_t step, bool first) const;
    bool find_sequences();
    std::optional<Sequence> sequence_of(size_t place, size_t input) const;
    bool find_states(Begin begin);
    TensorId zero_of(Tensor form);
    std::vector<TensorId> values_over_time(Value v) const;
    std::optional<Stack> stack_of(const std::vector<TensorId>& values);
    bool used_outside(TensorId id, size_t except) const;
    bool is_carried(Value v) const { return std::ranges::count(carried_, v) > 0; }
    bool find_results();
    void mark_dying();
    TensorId first_value(Value v) const;
    bool find_first();
    const Tensor& value_at(size_t turn, Value v) const;
    const Tensor& state_at(size_t turn, size_t carried) const;
    template <typename At>
    void set_scales(Tensor& tensor, const At& at) const;
    void set_data(Tensor& tensor, size_t place, size_t input) const;
    struct Body {
        Graph graph;
        std::vector<TensorId> slices, states, captures;       // its inputs
        std::map<Value, TensorId> values;                     // of its nodes
        std::map<TensorId, TensorId> constants;               // by tensor of the outer graph
        std::map<std::pair<size_t, Shape>, TensorId> shaped;  // slices in the shape that is read
    };
    Graph body();
    void set_unused_scales(Body& made) const;
    TensorId operand_in(Body& made, size_t p, size_t i, TensorId id);
    TensorId add_stack(size_t k);
    Node make_scan();
    TensorId sequence_tensor(const Sequence& sequence);
    void drop_writer(TensorId id);

    Graph& graph_;
    const Links& links_;
    Movements& movements_;
    const std::vector<std::vector<size_t>>& all_;
    const Scales scales_;
    std::string reason_;
    int64_t scale_bytes_ = 0;
    size_t first_ = 0, last_ = 0, reference_ = 0;  // steps in all_
    size_t trip_count_ = 0;
    bool reverse_ = false;
    Begin begin_ = Begin::first_copy;
    std::optional<FirstStep> first_step_;  // with Begin::branch
    std::vector<std::map<size_t, size_t>> place_of_;  // by step: node -> place
    std::vector<std::vector<Operand>> operands_;      // by place, input
    std::vector<Sequence> sequences_;
    std::vector<TensorId> captured_;
    std::map<std::pair<size_t, size_t>, size_t> captured_index_;
    std::vector<Value> carried_;
    std::vector<TensorId> initial_;  // of carried_
    std::vector<Value> stacked_;
    std::vector<Stack> stacks_;  // of stacked_
    std::vector<Node> added_;
    std::vector<bool> removed_;  // by node
    std::vector<bool> dying_;    // by node: will have no reader, see mark_dying
};

}  // namespace thimble
