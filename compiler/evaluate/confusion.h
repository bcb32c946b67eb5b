// How often each label was taken for which other: the confusion matrix.
//
// Tested by tests/unit/evaluate/confusion_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct ClassResult {
    std::string label;
    int64_t samples = 0;              // of this label
    int64_t decided = 0;              // for this label
    int64_t right = 0;                // both
    std::optional<double> precision;  // right / decided; nothing was decided so: none
    std::optional<double> recall;     // right / samples; there are none: none
};

class Confusion {
public:
    explicit Confusion(std::vector<std::string> labels);
    // Indices into the labels. `decided` -1: there was no decision.
    void add(int label, int decided);

    const std::vector<std::string>& labels() const { return labels_; }
    // The labels, and "no decision" behind them when that happened.
    std::vector<std::string> columns() const;
    // A row for each label, a column for each of columns().
    std::vector<std::vector<int64_t>> counts() const;
    int64_t samples() const;
    int64_t right() const;
    double accuracy() const;  // 0 without samples
    std::vector<ClassResult> classes() const;
    // An aligned table: rows are what it was, columns what was decided; rows without samples are
    // left out. Columns get numbers where the labels' names would make it wider than 100.
    std::string text() const;

private:
    bool undecided() const;
    std::vector<std::string> labels_;
    std::vector<std::vector<int64_t>> counts_;  // [label][decided], the last column: no decision
};

}  // namespace thimble
