#include "passes/cell_pattern.h"

#include "ops/new_node.h"
#include "ops/op.h"
#include "passes/links.h"
#include "passes/places.h"

#include <algorithm>
#include <array>

namespace thimble {

namespace {

struct Activated {
    CellActivation function;
    TensorId argument;
};

class Matcher {
public:
    Matcher(const Graph& body, size_t x, size_t carried)
        : body_(body), links_(body), movements_(body, links_), x_(body.inputs[x])
    {
        for (size_t k = 0; k < carried; ++k) {
            before_.push_back(body.inputs[x + 1 + k]);
            after_.push_back(plain(body.outputs[k]));
        }
    }
    std::optional<CellPattern> lstm(size_t hidden, size_t cell);
    std::optional<CellPattern> gru();
    std::optional<CellPattern> simple_rnn();

private:
    const Node* node(TensorId id, std::string_view op) const;
    TensorId plain(TensorId id) const { return without_reshapes(body_, id); }
    // The two operands of a plain ADD or MUL.
    std::optional<std::array<TensorId, 2>> operands(TensorId id, std::string_view source_op) const;
    std::optional<Activated> activated(TensorId id) const;
    std::optional<Affine> affine(TensorId id, int depth = 0);
    std::optional<Affine> product(const Node& dense) const;
    std::optional<Affine> rows_of(const Node& mover, size_t output, int depth);
    bool reads_only(const Affine& affine, std::initializer_list<TensorId> sources) const;
    bool gates_fit(const CellPattern& cell) const;
    std::optional<CellPattern> gru_with(TensorId update, TensorId kept, TensorId fresh);
    bool candidate(CellPattern& cell, TensorId argument);

    const Graph& body_;
    const Links links_;
    Movements movements_;
    TensorId x_;
    std::vector<TensorId> before_, after_;  // carried values
};

const Node* Matcher::node(TensorId id, std::string_view op) const
{
    if (id == kNoTensor || links_.producer[static_cast<size_t>(id)] == kNoNode) return nullptr;
    const Node& found = body_.nodes[links_.producer[static_cast<size_t>(id)]];
    return found.op && found.op->name == op ? &found : nullptr;
}

std::optional<std::array<TensorId, 2>> Matcher::operands(TensorId id,
                                                         std::string_view source_op) const
{
    const Node* found = node(plain(id), source_op == "MUL" ? "mul" : "add");
    if (!found || found->source_op != source_op || !has_default_attributes(*found))
        return std::nullopt;
    return std::array{plain(found->inputs[0]), plain(found->inputs[1])};
}

std::optional<Activated> Matcher::activated(TensorId id) const
{
    id = plain(id);
    if (const Node* found = node(id, "logistic"))
        return Activated{CellActivation::sigmoid, found->inputs[0]};
    if (const Node* found = node(id, "tanh"))
        return Activated{CellActivation::tanh, found->inputs[0]};
    if (const Node* found = node(id, "relu")) {
        if (found->source_op == "RELU") return Activated{CellActivation::relu, found->inputs[0]};
        if (found->source_op == "RELU6") return Activated{CellActivation::relu6, found->inputs[0]};
    }
    return std::nullopt;
}

// dense(s, W, b), where s may be x and h side by side.
std::optional<Affine> Matcher::product(const Node& dense) const
{
    const Tensor& weights = body_.tensor(dense.inputs[1]);
    if (!weights.is_constant() || !has_default_attributes(dense)) return std::nullopt;
    Affine result;
    const TensorId source = plain(dense.inputs[0]);
    if (const Node* join = node(source, "concat")) {
        int64_t column = 0;
        for (const TensorId id : join->inputs) {
            const int64_t columns = body_.tensor(id).shape.back();
            result.terms.push_back({plain(id), dense.inputs[1], 0, column, columns});
            column += columns;
        }
        if (column != weights.shape[1]) return std::nullopt;  // They follow each other otherwise.
    } else {
        result.terms.push_back({source, dense.inputs[1], 0, 0, weights.shape[1]});
    }
    if (body_.has_input(dense, 2)) {
        if (!body_.input(dense, 2).is_constant()) return std::nullopt;
        result.biases.push_back({dense.inputs[2], 0});
    }
    return result;
}

// Some elements of every row of an affine function.
std::optional<Affine> Matcher::rows_of(const Node& mover, size_t output, int depth)
{
    const std::optional<Movements::Joined> joined = movements_.joined(mover, output);
    if (!joined || joined->inputs.size() != 1) return std::nullopt;
    const TensorId whole = mover.inputs[joined->inputs[0]];
    const int64_t from = body_.tensor(whole).shape.empty() ? 1 : body_.tensor(whole).shape.back();
    const Shape& shape = body_.output(mover, output).shape;
    const int64_t to = shape.empty() ? 1 : shape.back();
    if (joined->places.empty()) return std::nullopt;
    const int64_t first = joined->places[0];
    for (size_t j = 0; j < joined->places.size(); ++j) {
        const auto at = static_cast<int64_t>(j);
        if (joined->places[j] != at / to * from + first + at % to) return std::nullopt;
    }
    std::optional<Affine> result = affine(whole, depth);
    if (!result) return std::nullopt;
    for (AffineTerm& term : result->terms) term.row += first;
    for (AffineBias& bias : result->biases)
        if (body_.tensor(bias.bias).count() > 1) bias.row += first;
    return result;
}

std::optional<Affine> Matcher::affine(TensorId id, int depth)
{
    if (depth > 16) return std::nullopt;
    id = plain(id);
    if (const Node* dense = node(id, "dense")) return product(*dense);
    if (const auto parts = operands(id, "ADD")) {
        Affine sum;
        for (const TensorId part : *parts) {
            if (body_.tensor(part).is_constant()) {
                sum.biases.push_back({part, 0});
                continue;
            }
            const std::optional<Affine> term = affine(part, depth + 1);
            if (!term) return std::nullopt;
            sum.terms.insert(sum.terms.end(), term->terms.begin(), term->terms.end());
            sum.biases.insert(sum.biases.end(), term->biases.begin(), term->biases.end());
        }
        return sum;
    }
    for (const char* op : {"split", "slice"})
        if (const Node* mover = node(id, op))
            return rows_of(*mover, links_.output_index[static_cast<size_t>(id)], depth + 1);
    return std::nullopt;
}

bool Matcher::reads_only(const Affine& affine, std::initializer_list<TensorId> sources) const
{
    if (affine.terms.empty()) return false;
    for (const TensorId source : sources)
        if (std::ranges::count(affine.terms, source, &AffineTerm::source) > 1) return false;
    return std::ranges::all_of(affine.terms, [&](const AffineTerm& term) {
        return std::ranges::count(sources, term.source) > 0;
    });
}

std::optional<CellPattern> Matcher::lstm(size_t hidden, size_t cell)
{
    CellPattern found;
    found.kind = "lstm";
    found.hidden = hidden;
    found.cell = cell;
    found.gates.resize(4);
    const auto gate = [&](size_t index, TensorId id) {
        const std::optional<Activated> value = activated(id);
        if (!value || value->function != CellActivation::sigmoid) return false;
        const std::optional<Affine> argument = affine(value->argument);
        if (argument) found.gates[index] = *argument;
        return argument && reads_only(*argument, {x_, before_[hidden]});
    };
    const auto out = operands(after_[hidden], "MUL");
    const auto sum = operands(after_[cell], "ADD");
    if (!out || !sum) return std::nullopt;
    for (const size_t o : {size_t{0}, size_t{1}}) {
        const std::optional<Activated> squashed = activated((*out)[1 - o]);
        if (!squashed || plain(squashed->argument) != after_[cell] || !gate(3, (*out)[o])) continue;
        found.activation = squashed->function;
        for (const size_t kept : {size_t{0}, size_t{1}}) {
            const auto forget = operands((*sum)[kept], "MUL");
            const auto fresh = operands((*sum)[1 - kept], "MUL");
            if (!forget || !fresh) continue;
            const size_t c = (*forget)[0] == before_[cell] ? 0 : 1;
            if ((*forget)[c] != before_[cell] || !gate(1, (*forget)[1 - c])) continue;
            for (const size_t i : {size_t{0}, size_t{1}}) {
                const std::optional<Activated> g = activated((*fresh)[1 - i]);
                if (!g || g->function != found.activation || !gate(0, (*fresh)[i])) continue;
                const std::optional<Affine> argument = affine(g->argument);
                if (!argument || !reads_only(*argument, {x_, before_[hidden]})) continue;
                found.gates[2] = *argument;
                return found;
            }
        }
    }
    return std::nullopt;
}

// The candidate's argument: W x + b + r (U h + b), or W x + U (r h) + b.
bool Matcher::candidate(CellPattern& cell, TensorId argument)
{
    const TensorId h = before_[0];
    const auto reset_gate = [&](TensorId id) {
        const std::optional<Activated> r = activated(id);
        if (!r || r->function != CellActivation::sigmoid) return false;
        const std::optional<Affine> value = affine(r->argument);
        if (value) cell.gates[1] = *value;
        return value && reads_only(*value, {x_, h});
    };
    if (const auto sum = operands(argument, "ADD")) {
        for (const size_t k : {size_t{0}, size_t{1}}) {
            const std::optional<Affine> input = affine((*sum)[1 - k]);
            const auto reset = operands((*sum)[k], "MUL");
            if (!input || !reset || !reads_only(*input, {x_})) continue;
            for (const size_t r : {size_t{0}, size_t{1}}) {
                const std::optional<Affine> recurrent = affine((*reset)[1 - r]);
                if (!recurrent || !reads_only(*recurrent, {h}) || !reset_gate((*reset)[r]))
                    continue;
                cell.gates[2] = *input;
                cell.recurrent_candidate = *recurrent;
                cell.reset_after = true;
                return true;
            }
        }
    }
    std::optional<Affine> whole = affine(argument);
    if (!whole) return false;
    for (AffineTerm& term : whole->terms) {
        if (term.source == x_) continue;
        const auto reset = operands(term.source, "MUL");
        if (!reset) return false;
        const size_t k = (*reset)[0] == h ? 0 : 1;
        if ((*reset)[k] != h || !reset_gate((*reset)[1 - k])) return false;
        term.source = h;
    }
    cell.gates[2] = *whole;
    return reads_only(*whole, {x_, h}) && !cell.gates[1].terms.empty();
}

// update * h + (1 - update) * fresh, where `kept` is 1 - update
std::optional<CellPattern> Matcher::gru_with(TensorId update, TensorId kept, TensorId fresh)
{
    const auto difference = operands(kept, "SUB");
    if (!difference || (*difference)[1] != update) return std::nullopt;
    const Tensor& one = body_.tensor((*difference)[0]);
    if (!one.is_constant()) return std::nullopt;
    const std::optional<Activated> z = activated(update), g = activated(fresh);
    if (!z || z->function != CellActivation::sigmoid || !g) return std::nullopt;
    CellPattern found;
    found.kind = "gru";
    found.gates.resize(3);
    found.activation = g->function;
    const std::optional<Affine> argument = affine(z->argument);
    if (!argument || !reads_only(*argument, {x_, before_[0]})) return std::nullopt;
    found.gates[0] = *argument;
    if (!candidate(found, g->argument)) return std::nullopt;
    return found;
}

std::optional<CellPattern> Matcher::gru()
{
    const auto sum = operands(after_[0], "ADD");
    if (!sum) return std::nullopt;
    for (const size_t kept : {size_t{0}, size_t{1}}) {
        const auto old = operands((*sum)[kept], "MUL");
        const auto fresh = operands((*sum)[1 - kept], "MUL");
        if (!old || !fresh) continue;
        const size_t h = (*old)[0] == before_[0] ? 0 : 1;
        if ((*old)[h] != before_[0]) continue;
        for (const size_t k : {size_t{0}, size_t{1}})
            if (auto found = gru_with((*old)[1 - h], (*fresh)[k], (*fresh)[1 - k])) return found;
    }
    return std::nullopt;
}

std::optional<CellPattern> Matcher::simple_rnn()
{
    const std::optional<Activated> value = activated(after_[0]);
    if (!value) return std::nullopt;
    const std::optional<Affine> argument = affine(value->argument);
    if (!argument || !reads_only(*argument, {x_, before_[0]})) return std::nullopt;
    CellPattern found;
    found.kind = "simple_rnn";
    found.gates = {*argument};
    found.activation = value->function;
    return found;
}

}  // namespace

TensorId without_reshapes(const Graph& body, TensorId id)
{
    for (size_t n = body.nodes.size(); n-- > 0;) {
        const Node& node = body.nodes[n];
        if (node.op && node.op->name == "reshape" && node.outputs[0] == id) id = node.inputs[0];
    }
    return id;
}

std::optional<CellPattern> match_cell(const Graph& body, size_t x, size_t carried)
{
    Matcher matcher(body, x, carried);
    if (carried == 2) {
        if (auto found = matcher.lstm(0, 1)) return found;
        return matcher.lstm(1, 0);
    }
    if (carried != 1) return std::nullopt;
    if (auto found = matcher.gru()) return found;
    return matcher.simple_rnn();
}

}  // namespace thimble
