#include "plan/copies.h"

#include "base/error.h"
#include "ops/move.h"
#include "plan/regions.h"

#include <algorithm>

namespace thimble {

namespace {

bool is_whole(const Arg& arg)
{
    return arg.kind == Arg::Kind::buffer && arg.offset == 0 && arg.strides.empty();
}

class Coalescer {
public:
    Coalescer(Program& program, std::vector<Copy>& copies)
        : program_(program), copies_(copies), regions_(program)
    {
    }

    void run()
    {
        // In this order: a value that is carried and stacked too is better off as the former.
        for (const Copy::Role role : {Copy::Role::carried, Copy::Role::result, Copy::Role::stacked,
                                      Copy::Role::initial}) {
            for (size_t i = 0; i < copies_.size();) {
                const bool gone = copies_[i].role == role && try_to_share(i);
                if (!gone) ++i;
            }
        }
    }

private:
    Buffer& buffer(int index) { return program_.buffers[static_cast<size_t>(index)]; }

    bool try_to_share(size_t i)
    {
        const Copy copy = copies_[i];
        if (!is_whole(copy.from) || copy.rows != 1) return false;
        const bool same_place = buffer(copy.from.index).place == Place::work &&
                                buffer(copy.to.index).place == Place::work;
        if (!same_place) return false;
        copies_.erase(copies_.begin() + static_cast<std::ptrdiff_t>(i));
        if (is_whole(copy.to) && copy.from.index == copy.to.index) return true;
        if (copy.role == Copy::Role::carried && can_carry(copy)) {
            rename(copy.from.index, copy.to.index);
        } else if (copy.role == Copy::Role::result && can_be_result(copy)) {
            rename(copy.from.index, copy.to.index);
        } else if (copy.role == Copy::Role::stacked && can_stack(copy)) {
            replace_by_part(copy.from.index, copy.to);
        } else if (copy.role == Copy::Role::initial && can_begin(copy)) {
            rename(copy.to.index, copy.from.index);
        } else {
            copies_.insert(copies_.begin() + static_cast<std::ptrdiff_t>(i), copy);
            return false;
        }
        return true;
    }

    // Steps at which a buffer is read or written; -1 for graph inputs, steps.size() for outputs.
    std::vector<int> touches(int index) const
    {
        std::vector<int> steps;
        const auto look = [&](const Arg& arg, int step) {
            if (arg.kind == Arg::Kind::buffer && arg.index == index) steps.push_back(step);
        };
        for (size_t s = 0; s < program_.steps.size(); ++s) {
            const Step& step = program_.steps[s];
            look(step.condition, static_cast<int>(s));
            for (const KernelCall& call : step.calls)
                for (const Arg& arg : call.args) look(arg, static_cast<int>(s));
        }
        for (const Copy& copy : copies_) {
            look(copy.from, copy.step);
            look(copy.to, copy.step);
        }
        const auto holds = [&](TensorId id) {
            return program_.buffer_of_tensor[static_cast<size_t>(id)] == index;
        };
        if (std::ranges::any_of(program_.graph.inputs, holds)) steps.push_back(-1);
        if (std::ranges::any_of(program_.graph.outputs, holds))
            steps.push_back(static_cast<int>(program_.steps.size()));
        std::ranges::sort(steps);
        return steps;
    }

    bool all_within(int index, int first, int last) const
    {
        return std::ranges::all_of(touches(index), [&](int s) { return first <= s && s <= last; });
    }

    bool fits(const Copy& copy)
    {
        return is_whole(copy.to) && buffer(copy.from.index).bytes == buffer(copy.to.index).bytes;
    }

    // The body's result may be computed where the carried value lies, when nobody reads the old
    // value once the new one is begun; in the very same step only where the operator allows it.
    bool can_carry(const Copy& copy)
    {
        const int begin = program_.steps[static_cast<size_t>(copy.step)].begin;
        if (!fits(copy) || !all_within(copy.from.index, begin + 1, copy.step)) return false;
        const std::vector<int> news = touches(copy.from.index);
        if (news.empty()) return false;
        const int written = regions_.loop_inside(news.front(), begin).first;
        for (const int step : touches(copy.to.index)) {
            if (step <= begin || step > copy.step) continue;
            const int last = regions_.loop_inside(step, begin).second;
            if (last < written) continue;
            const std::vector<int>& allowed = buffer(copy.from.index).may_start_at;
            const bool in_place = last == written && step == news.front() &&
                                  std::ranges::find(allowed, copy.to.index) != allowed.end();
            if (!in_place) return false;
        }
        return true;
    }

    bool can_be_result(const Copy& copy)
    {
        const Regions::Span branch = regions_.branch_of(copy.step);
        if (!fits(copy) || !all_within(copy.from.index, branch.first, branch.second)) return false;
        return std::ranges::none_of(touches(copy.to.index), [&](int s) {
            return branch.first <= s && s <= branch.second;
        });
    }

    bool can_stack(const Copy& copy)
    {
        const int begin = program_.steps[static_cast<size_t>(copy.step)].begin;
        const int64_t alignment = buffer(copy.from.index).alignment;
        bool aligned = copy.to.offset % alignment == 0;
        for (const LoopStride& stride : copy.to.strides)
            aligned = aligned && stride.bytes % alignment == 0;
        return aligned && buffer(copy.from.index).bytes == copy.row_bytes &&
               all_within(copy.from.index, begin + 1, copy.step);
    }

    // The carried value may begin as the buffer that held its first value, if nobody wants that
    // afterwards, also not in the next turn of a loop around.
    bool can_begin(const Copy& copy)
    {
        if (!fits(copy) || !all_within(copy.from.index, -1, copy.step)) return false;
        for (const auto& [begin, end] : regions_.loops_around(copy.step))
            if (!all_within(copy.from.index, begin + 1, end)) return false;
        return true;
    }

    template <typename F> void for_all_args(F change)
    {
        for (Step& step : program_.steps) {
            change(step.condition);
            for (KernelCall& call : step.calls)
                for (Arg& arg : call.args) change(arg);
        }
        for (Copy& copy : copies_) {
            change(copy.from);
            change(copy.to);
        }
        for (auto& [id, view] : program_.views) change(view);
    }

    void rename(int gone, int kept)
    {
        for_all_args([&](Arg& arg) {
            if (arg.kind == Arg::Kind::buffer && arg.index == gone) arg.index = kept;
        });
        for (int& index : program_.buffer_of_tensor)
            if (index == gone) index = kept;
        for (Buffer& other : program_.buffers)
            std::ranges::replace(other.may_start_at, gone, kept);
        retire(gone, kept);
    }

    void replace_by_part(int gone, const Arg& part)
    {
        for_all_args([&](Arg& arg) {
            if (arg.kind != Arg::Kind::buffer || arg.index != gone) return;
            arg.index = part.index;
            arg.offset += part.offset;
            arg.strides.insert(arg.strides.end(), part.strides.begin(), part.strides.end());
        });
        for (size_t id = 0; id < program_.buffer_of_tensor.size(); ++id) {
            if (program_.buffer_of_tensor[id] != gone) continue;
            program_.buffer_of_tensor[id] = -1;
            program_.views[static_cast<TensorId>(id)] = part;
        }
        for (Buffer& other : program_.buffers) std::erase(other.may_start_at, gone);
        retire(gone, part.index);
    }

    // The buffer stays in the list, without bytes.
    void retire(int gone, int kept)
    {
        Buffer& old = buffer(gone);
        buffer(kept).alignment = std::max(buffer(kept).alignment, old.alignment);
        buffer(kept).first_step = std::min(buffer(kept).first_step, old.first_step);
        buffer(kept).last_step = std::max(buffer(kept).last_step, old.last_step);
        old.bytes = 0;
        old.may_start_at.clear();
    }

    Program& program_;
    std::vector<Copy>& copies_;
    Regions regions_;
};

bool reads(const Copy& copy, int index)
{
    return copy.from.kind == Arg::Kind::buffer && copy.from.index == index;
}

// Copies of one step: each after those that still read what it overwrites. What remains is a ring;
// one value of it is put aside.
void add_calls_of_step(LowerContext& context, std::vector<Copy> pending)
{
    while (!pending.empty()) {
        const auto free = std::ranges::find_if(pending, [&](const Copy& copy) {
            return std::ranges::none_of(pending, [&](const Copy& other) {
                return &other != &copy && reads(other, copy.to.index);
            });
        });
        if (free != pending.end()) {
            add_copy_call(context, *free);
            pending.erase(free);
            continue;
        }
        Copy aside = pending.front();
        const int overwritten = aside.to.index;
        aside.from = aside.to;
        aside.to = context.scratch(aside.row_bytes, 8, "void*");
        add_copy_call(context, aside);
        for (Copy& copy : pending)
            if (reads(copy, overwritten)) copy.from.index = aside.to.index;
    }
}

}  // namespace

void coalesce_copies(Program& program, std::vector<Copy>& copies)
{
    if (!copies.empty()) Coalescer(program, copies).run();
}

void add_copy_call(LowerContext& context, const Copy& copy)
{
    const Arg flash = context.key(int64_t{copy.from.kind == Arg::Kind::table});
    const Arg from = untyped_in(copy.from), to = untyped_out(copy.to);
    if (copy.rows == 1)
        return context.call("thb_copy",
                            {from, flash, to, context.number(copy.row_bytes, "uint32_t")});
    context.call("thb_copy_rows", {from, flash, to, context.number(copy.rows, "thb_index_t"),
                                   context.number(copy.row_bytes, "thb_index_t"),
                                   context.number(copy.from_step, "thb_index_t"),
                                   context.number(copy.to_step, "thb_index_t")});
}

void add_copy_calls(Program& program, std::vector<Copy> copies, const TargetFacts& target,
                    const LowerOptions& options)
{
    while (!copies.empty()) {
        const int step = copies.front().step;
        std::vector<Copy> together;
        for (const Copy& copy : copies)
            if (copy.step == step) together.push_back(copy);
        std::erase_if(copies, [&](const Copy& copy) { return copy.step == step; });
        const int node = program.steps[static_cast<size_t>(step)].node;
        LowerContext context(program, program.graph.nodes[static_cast<size_t>(node)], step, target,
                             options);
        add_calls_of_step(context, std::move(together));
    }
}

}  // namespace thimble
