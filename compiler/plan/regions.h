// Where loops and branches begin and end in a program's list of steps.
#pragma once

#include "ir/program.h"

#include <utility>
#include <vector>

namespace thimble {

class Regions {
public:
    explicit Regions(const Program& program);

    using Span = std::pair<int, int>;  // first and last step
    // The loops around a step, innermost first: the step that begins each, and the one that ends
    // it. A loop's own first step lies outside of it, its last one inside.
    std::vector<Span> loops_around(int step) const;
    // The outermost loop around `step` inside of the loop that `begin` begins; else the step alone.
    Span loop_inside(int step, int begin) const;
    // The steps of the branch that `step`, an if_else or the end of an if, closes.
    Span branch_of(int step) const;
    // All loops, inner ones before outer ones.
    std::vector<Span> loops() const;

private:
    bool is_loop(int begin) const;
    const Program& program_;
    std::vector<int> end_;        // of the region that a step begins; -1: it begins none
    std::vector<int> if_else_;    // of the if that a step begins
};

// Extends every buffer's life to the steps that touch it. What a loop's body shares with the
// outside, or takes from one turn to the next, lives during the whole loop.
void extend_lives(Program& program);

}  // namespace thimble
