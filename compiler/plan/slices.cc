#include "plan/slices.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

class Slicer {
public:
    Slicer(const Program& program, const std::vector<uint64_t>& costs, uint64_t limit)
        : program_(program), costs_(costs), limit_(limit)
    {
        plan_.cycles_max = limit;
        plan_.slices.emplace_back();
    }

    SlicePlan plan()
    {
        add_steps(0, static_cast<int>(program_.steps.size()) - 1);
        return std::move(plan_);
    }

private:
    const Step& step(int index) const { return program_.steps[static_cast<size_t>(index)]; }
    int last_slice() const { return static_cast<int>(plan_.slices.size()) - 1; }

    // Of one turn of the loops that are cut around it.
    uint64_t cost(int index) const
    {
        return (costs_[static_cast<size_t>(index)] + turns_ - 1) / turns_;
    }

    // A slice that something may go on with begins here; its number.
    int begin_slice()
    {
        if (!plan_.slices.back().ops.empty()) plan_.slices.emplace_back();
        return last_slice();
    }

    // Where it was put: slice and place in it.
    std::pair<int, size_t> add(SliceOp op, uint64_t cost)
    {
        require(cost <= limit_, ErrorCode::T0301,
                {fmt::format("--slices {}", limit_),
                 fmt::format("layer '{}' ({}) alone takes {}", step(op.step).layer,
                             step(op.step).op, cost),
                 "a limit that the longest layer keeps",
                 fmt::format("--slices {}", cost + cost / 8 + 1)});
        if (plan_.slices.back().cost + cost > limit_) begin_slice();
        Slice& slice = plan_.slices.back();
        slice.cost += cost;
        slice.ops.push_back(op);
        return {last_slice(), slice.ops.size() - 1};
    }
    void set_target(std::pair<int, size_t> at, int slice)
    {
        plan_.slices[static_cast<size_t>(at.first)].ops[at.second].to = slice;
    }

    int end_of(int begin) const
    {
        for (int i = begin;; ++i)
            if (step(i).kind == StepKind::region_end && step(i).begin == begin) return i;
    }
    int else_of(int begin) const
    {
        for (int i = begin;; ++i)
            if (step(i).kind == StepKind::if_else && step(i).begin == begin) return i;
    }

    void add_steps(int first, int last)
    {
        for (int i = first; i <= last; ++i) {
            if (step(i).kind == StepKind::layer) {
                if (!step(i).calls.empty()) add({SliceOp::Kind::whole, i, i}, cost(i));
                continue;
            }
            const int end = end_of(i);
            uint64_t total = 0;
            for (int k = i; k <= end; ++k) total += cost(k);
            if (total <= limit_)
                add({SliceOp::Kind::whole, i, end}, total);
            else if (step(i).kind == StepKind::if_begin)
                cut_branches(i, end);
            else
                cut_loop(i, end, total);
            i = end;
        }
    }

    void cut_branches(int begin, int end)
    {
        const int parted = else_of(begin);
        const auto test = add({SliceOp::Kind::test, begin}, cost(begin));
        add_steps(begin + 1, parted - 1);
        add({SliceOp::Kind::calls, parted}, 0);
        const auto leave = add({SliceOp::Kind::go, begin}, 0);
        set_target(test, begin_slice());
        add_steps(parted + 1, end - 1);
        add({SliceOp::Kind::calls, end}, 0);
        set_target(leave, begin_slice());
    }

    // The turns of a `while` are not known, so that nothing is known of one of them.
    void cut_loop(int begin, int end, uint64_t total)
    {
        if (step(begin).kind != StepKind::scan_begin) {
            add({SliceOp::Kind::whole, begin, end}, total);
            return;
        }
        const auto turns = static_cast<uint64_t>(std::max<int64_t>(1, step(begin).trip_count));
        plan_.loops.push_back(begin);
        add({SliceOp::Kind::begin_loop, begin}, cost(begin) / turns);
        const int head = begin_slice();
        turns_ *= turns;
        add_steps(begin + 1, end - 1);
        add({SliceOp::Kind::calls, end}, cost(begin));
        set_target(add({SliceOp::Kind::next_turn, begin}, 0), head);
        turns_ /= turns;
        begin_slice();
    }

    const Program& program_;
    const std::vector<uint64_t>& costs_;
    uint64_t limit_;
    uint64_t turns_ = 1;
    SlicePlan plan_;
};

}  // namespace

SlicePlan plan_slices(const Program& program, const std::vector<uint64_t>& costs, uint64_t limit)
{
    THIMBLE_CHECK(costs.size() == program.steps.size(), program.name);
    return Slicer(program, costs, limit).plan();
}

}  // namespace thimble
