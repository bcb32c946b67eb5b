#include "passes/unrolled_steps.h"

#include "ops/new_node.h"
#include "ops/op.h"

#include <algorithm>
#include <map>

namespace thimble {

namespace {

constexpr size_t kStepsMin = 3;  // two equal layers in a row are no loop

// The same element type, shape and quantisation; with Scales::any, one scale and zero point each.
bool same_form_but_scales(const Tensor& a, const Tensor& b, Scales scales)
{
    if (a.type != b.type || a.shape != b.shape) return false;
    if (same_quant(a.quant, b.quant)) return true;
    return scales == Scales::any && a.quant.present() && b.quant.present() &&
           !a.quant.per_channel() && !b.quant.per_channel();
}

// Whether b may be a copy of a: the same function of inputs of the same form. Where both inputs are
// constants they are equal.
bool same_copy(const Graph& graph, const Links& links, Scales scales, const Node& a, const Node& b)
{
    if (!same_function(a, b) || a.op->has_side_effect || a.inputs.size() != b.inputs.size() ||
        a.outputs.size() != b.outputs.size())
        return false;
    for (size_t i = 0; i < a.inputs.size(); ++i) {
        const TensorId x = a.inputs[i], y = b.inputs[i];
        if ((x == kNoTensor) != (y == kNoTensor)) return false;
        if (x == kNoTensor) continue;
        const Tensor &s = graph.tensor(x), &t = graph.tensor(y);
        if (s.kind == TensorKind::state || t.kind == TensorKind::state) return false;
        if (s.is_constant() && t.is_constant() && may_differ(s, scales) && s.type == t.type &&
            s.shape == t.shape)
            continue;
        if (!same_form_but_scales(s, t, scales)) return false;
        if (s.is_constant() && t.is_constant() &&
            links.canonical[static_cast<size_t>(x)] != links.canonical[static_cast<size_t>(y)])
            return false;
    }
    for (size_t i = 0; i < a.outputs.size(); ++i)
        if (!same_form_but_scales(graph.tensor(a.outputs[i]), graph.tensor(b.outputs[i]), scales))
            return false;
    return true;
}

using NodeList = std::vector<size_t>;

// Nodes of equal form that share a constant and have an input that is computed.
std::vector<NodeList> groups_of_copies(const Graph& graph, const Links& links, Scales scales)
{
    std::vector<NodeList> groups;
    std::map<std::pair<const OpDef*, TensorId>, std::vector<size_t>> by_constant;  // -> groups
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        TensorId constant = kNoTensor;
        bool computed = false;
        for (const TensorId id : node.inputs) {
            if (id == kNoTensor) continue;
            if (!graph.tensor(id).is_constant())
                computed = true;
            else if (constant == kNoTensor && graph.tensor(id).shape.size() >= 2)
                constant = links.canonical[static_cast<size_t>(id)];
        }
        if (!node.op || !computed || constant == kNoTensor) continue;
        std::vector<size_t>& known = by_constant[{node.op, constant}];
        const auto same = std::ranges::find_if(known, [&](size_t g) {
            return same_copy(graph, links, scales, graph.nodes[groups[g][0]], node);
        });
        if (same != known.end()) {
            groups[*same].push_back(n);
        } else {
            known.push_back(groups.size());
            groups.push_back({n});
        }
    }
    return groups;
}

// For every node the number of members of the group that it depends on in a row, itself included.
std::vector<int> depths(const Graph& graph, const Links& links, const NodeList& group)
{
    std::vector<int> depth(graph.nodes.size(), 0);
    size_t next = 0;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
        for (const TensorId id : graph.nodes[n].inputs)
            if (id != kNoTensor && links.producer[static_cast<size_t>(id)] != kNoNode)
                depth[n] = std::max(depth[n], depth[links.producer[static_cast<size_t>(id)]]);
        if (next < group.size() && group[next] == n) {
            ++depth[n];
            ++next;
        }
    }
    return depth;
}

// Pairs of copies, one step apart.
class Pairs {
public:
    Pairs(const Graph& graph, const Links& links, Scales scales)
        : older(graph.nodes.size(), kNoNode),
          newer(graph.nodes.size(), kNoNode),
          graph_(graph),
          links_(links),
          scales_(scales)
    {
    }
    std::vector<size_t> older;  // by node: its copy one step earlier
    std::vector<size_t> newer;

    // The same, but only when all that leads to these two agrees.
    void pair_exactly(size_t later, size_t earlier)
    {
        const std::vector<size_t> old_older = older, old_newer = newer;
        pair(later, earlier);
        for (size_t b = 0; b < older.size(); ++b) {
            if (older[b] == old_older[b] || agrees(graph_.nodes[b], graph_.nodes[older[b]]))
                continue;
            older = old_older;
            newer = old_newer;
            return;
        }
    }

    // Pairs everything that leads to these two, as far as the forms agree.
    void pair(size_t later, size_t earlier)
    {
        std::vector<std::pair<size_t, size_t>> open = {{later, earlier}};
        while (!open.empty()) {
            const auto [b, a] = open.back();
            open.pop_back();
            if (a == b || older[b] != kNoNode || newer[a] != kNoNode ||
                !same_copy(graph_, links_, scales_, graph_.nodes[a], graph_.nodes[b]))
                continue;
            older[b] = a;
            newer[a] = b;
            for (size_t i = 0; i < graph_.nodes[a].inputs.size(); ++i) {
                const TensorId from = graph_.nodes[b].inputs[i], to = graph_.nodes[a].inputs[i];
                if (from == kNoTensor || from == to) continue;
                const auto s = static_cast<size_t>(from), t = static_cast<size_t>(to);
                if (links_.producer[s] == kNoNode || links_.producer[t] == kNoNode ||
                    links_.output_index[s] != links_.output_index[t])
                    continue;
                open.push_back({links_.producer[s], links_.producer[t]});
            }
        }
    }

private:
    // Every input is the same tensor, made by copies, or cut out of something by two slices.
    bool agrees(const Node& b, const Node& a) const
    {
        for (size_t i = 0; i < b.inputs.size(); ++i) {
            const TensorId from = b.inputs[i], to = a.inputs[i];
            if (from == to) continue;
            const auto s = static_cast<size_t>(from), t = static_cast<size_t>(to);
            const size_t maker = links_.producer[s], older_maker = links_.producer[t];
            if (maker == kNoNode && older_maker == kNoNode) {
                if (links_.canonical[s] != links_.canonical[t] &&
                    !may_differ(graph_.tensor(from), scales_))
                    return false;
                continue;
            }
            if (maker == kNoNode || older_maker == kNoNode) return false;
            const bool copies = older[maker] == older_maker &&
                                links_.output_index[s] == links_.output_index[t];
            if (!copies && !(cuts(maker) && cuts(older_maker))) return false;
        }
        return true;
    }
    bool cuts(size_t n) const
    {
        const std::string_view op = graph_.nodes[n].op->name;
        return older[n] == kNoNode && newer[n] == kNoNode &&
               (op == "split" || op == "slice" || op == "gather");
    }

    const Graph& graph_;
    const Links& links_;
    const Scales scales_;
};

// The steps of nodes, by the rules of the head comment. One class of copies ("orbit") is named by
// its node at the reference step.
class Steps {
public:
    Steps(const Graph& graph, const Links& links, Scales scales, const NodeList& anchors)
        : graph_(graph),
          links_(links),
          anchors_(anchors),
          depth_(depths(graph, links, anchors)),
          pairs_(graph, links, scales)
    {
    }
    bool anchors_follow_each_other() const
    {
        for (size_t k = 0; k < anchors_.size(); ++k)
            if (depth_[anchors_[k]] != static_cast<int>(k) + 1) return false;
        return true;
    }
    std::vector<NodeList> find()
    {
        for (size_t k = anchors_.size(); k-- > 1;) pairs_.pair(anchors_[k], anchors_[k - 1]);
        pair_last_step();
        label();
        reference_ = static_cast<int>(anchors_.size()) / 2;
        for (size_t n = 0; n < graph_.nodes.size(); ++n)
            if (label_[n] == reference_ && (paired(n))) add_orbit(n);
        if (orbits_.empty()) return {};
        while (move_one()) {
        }
        return common_steps();
    }

private:
    struct Orbit {
        size_t node;      // at the reference step
        int first, last;  // labels of which it has a copy
        bool free;        // depends on no anchor: belongs to the step that uses it first
        int offset = 0;   // steps to which it was moved
    };
    bool paired(size_t n) const { return pairs_.older[n] != kNoNode || pairs_.newer[n] != kNoNode; }
    void pair_last_step();
    void label();
    void add_orbit(size_t n);
    size_t copy_at(const Orbit& orbit, int label) const;
    int64_t crossing_bytes(std::vector<int>& offsets) const;
    void settle_free(std::vector<int>& offsets) const;
    bool move_one();
    std::vector<NodeList> common_steps() const;

    const Graph& graph_;
    const Links& links_;
    const NodeList& anchors_;
    std::vector<int> depth_;
    Pairs pairs_;
    std::vector<int> label_;  // by node
    int reference_ = 0;
    std::vector<Orbit> orbits_;
    std::map<size_t, size_t> orbit_of_;  // by node, all copies
};

// The last step's nodes lead to no anchor: each is tried against the last copies known.
void Steps::pair_last_step()
{
    const auto last = static_cast<int>(anchors_.size());
    NodeList ends;
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
        if (depth_[n] == last - 1 && pairs_.older[n] != kNoNode && pairs_.newer[n] == kNoNode)
            ends.push_back(n);
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
        if (depth_[n] != last || pairs_.older[n] != kNoNode) continue;
        for (const size_t end : ends) {
            if (pairs_.newer[end] != kNoNode) continue;
            pairs_.pair_exactly(n, end);
            if (pairs_.older[n] != kNoNode) break;
        }
    }
}

void Steps::label()
{
    label_.assign(graph_.nodes.size(), -1);
    for (size_t n = graph_.nodes.size(); n-- > 0;) {
        if (depth_[n] > 0) {
            label_[n] = depth_[n] - 1;
            continue;
        }
        for (const TensorId id : graph_.nodes[n].outputs) {
            if (id == kNoTensor) continue;
            for (const Use& use : links_.uses[static_cast<size_t>(id)])
                if (label_[use.node] >= 0 && paired(use.node) &&
                    (label_[n] < 0 || label_[use.node] < label_[n]))
                    label_[n] = label_[use.node];
        }
    }
}

void Steps::add_orbit(size_t n)
{
    Orbit orbit{n, reference_, reference_, depth_[n] == 0};
    orbit_of_[n] = orbits_.size();
    for (size_t m = n; pairs_.older[m] != kNoNode; m = pairs_.older[m]) {
        if (label_[pairs_.older[m]] != label_[m] - 1) break;
        --orbit.first;
        orbit_of_[pairs_.older[m]] = orbits_.size();
    }
    for (size_t m = n; pairs_.newer[m] != kNoNode; m = pairs_.newer[m]) {
        if (label_[pairs_.newer[m]] != label_[m] + 1) break;
        ++orbit.last;
        orbit_of_[pairs_.newer[m]] = orbits_.size();
    }
    orbits_.push_back(orbit);
}

size_t Steps::copy_at(const Orbit& orbit, int label) const
{
    size_t n = orbit.node;
    for (int at = reference_; at > label; --at) n = pairs_.older[n];
    for (int at = reference_; at < label; ++at) n = pairs_.newer[n];
    return n;
}

// Free orbits go to the step of their first use. Uses come later in the order of nodes, so one
// sweep backwards settles chains of them.
void Steps::settle_free(std::vector<int>& offsets) const
{
    for (size_t o = orbits_.size(); o-- > 0;) {
        if (!orbits_[o].free) continue;
        int first = INT32_MAX;
        for (const TensorId id : graph_.nodes[orbits_[o].node].outputs) {
            if (id == kNoTensor) continue;
            for (const Use& use : links_.uses[static_cast<size_t>(id)]) {
                const auto it = orbit_of_.find(use.node);
                if (it != orbit_of_.end())
                    first = std::min(first, label_[use.node] - reference_ + offsets[it->second]);
            }
        }
        if (first != INT32_MAX) offsets[o] = first;
    }
}

// Bytes that one step leaves for later ones; negative when a node would run before its inputs.
int64_t Steps::crossing_bytes(std::vector<int>& offsets) const
{
    settle_free(offsets);
    int64_t bytes = 0;
    for (size_t o = 0; o < orbits_.size(); ++o) {
        for (const TensorId id : graph_.nodes[orbits_[o].node].outputs) {
            if (id == kNoTensor) continue;
            int longest = 0;
            for (const Use& use : links_.uses[static_cast<size_t>(id)]) {
                const auto it = orbit_of_.find(use.node);
                if (it == orbit_of_.end()) continue;
                const int distance =
                    label_[use.node] + offsets[it->second] - reference_ - offsets[o];
                if (distance < 0) return -1;
                longest = std::max(longest, distance);
            }
            bytes += longest * graph_.tensor(id).bytes();
        }
    }
    return bytes;
}

// Moves one orbit, with what uses it in the same step, to the next step; the best such move if any
// saves bytes.
bool Steps::move_one()
{
    std::vector<int> now, best;
    for (const Orbit& orbit : orbits_) now.push_back(orbit.offset);
    int64_t least = crossing_bytes(now);
    for (size_t first = 0; first < orbits_.size(); ++first) {
        std::vector<int> offsets = now;
        std::vector<size_t> open = {first};
        while (!open.empty()) {
            const size_t o = open.back();
            open.pop_back();
            if (offsets[o] != now[o]) continue;
            ++offsets[o];
            for (const TensorId id : graph_.nodes[orbits_[o].node].outputs) {
                if (id == kNoTensor) continue;
                for (const Use& use : links_.uses[static_cast<size_t>(id)]) {
                    const auto it = orbit_of_.find(use.node);
                    if (it != orbit_of_.end() &&
                        label_[use.node] + now[it->second] == reference_ + now[o])
                        open.push_back(it->second);
                }
            }
        }
        const int64_t bytes = crossing_bytes(offsets);
        if (bytes < 0 || bytes >= least) continue;
        least = bytes;
        best = offsets;
    }
    for (size_t o = 0; o < orbits_.size(); ++o) orbits_[o].offset = best.empty() ? now[o] : best[o];
    return !best.empty();
}

std::vector<NodeList> Steps::common_steps() const
{
    int first = 0, last = INT32_MAX;
    for (const Orbit& orbit : orbits_) {
        first = std::max(first, orbit.first + orbit.offset);
        last = std::min(last, orbit.last + orbit.offset);
    }
    std::vector<NodeList> steps;
    for (int step = first; step <= last; ++step) {
        NodeList nodes;
        for (const Orbit& orbit : orbits_) nodes.push_back(copy_at(orbit, step - orbit.offset));
        steps.push_back(std::move(nodes));
    }
    return steps;
}

}  // namespace

bool may_differ(const Tensor& constant, Scales scales)
{
    return scales == Scales::any && constant.is_constant() && constant.type == DType::i32 &&
           constant.quant.present() && constant.shape.size() == 1;
}

UnrolledSteps find_unrolled_steps(const Graph& graph, const Links& links, Scales scales,
                                  std::set<TensorId>& tried)
{
    for (const NodeList& group : groups_of_copies(graph, links, scales)) {
        if (group.size() < kStepsMin) continue;
        UnrolledSteps found;
        found.anchor = graph.nodes[group[0]].outputs[0];
        if (tried.count(found.anchor)) continue;
        tried.insert(found.anchor);
        Steps steps(graph, links, scales, group);
        if (!steps.anchors_follow_each_other()) continue;
        found.nodes = steps.find();
        if (found.nodes.size() >= kStepsMin) return found;
    }
    return {};
}

}  // namespace thimble
