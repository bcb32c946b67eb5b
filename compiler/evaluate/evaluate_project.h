// What a project decides for its recordings, and whether it is right.
//
// What counts for a recording:
// - a decision between labels: the label that most of its decisions give, the earliest of equal
//   ones. Decisions for labels that mean "nothing" (`otherwise`, `silent` of the stage threshold)
//   count only where there is no other.
// - no decision at all: right where the recording's label is a `silent` one, for those are never
//   reported; else a miss.
// - numbers: the last ones, against [data] `targets`.
// - a text: exactly the answer, blanks between its words aside.
//
// Tested by tests/unit/evaluate/evaluate_project_test.cc, tests/scripts/eval_test.sh.
#pragma once

#include "evaluate/confusion.h"
#include "evaluate/decide.h"
#include "project/project_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thimble {

struct EvaluationOptions {
    EngineChoice engine;
    bool all = false;   // those that are trained on, too
    std::string data;   // other recordings (other_data.h), all of them; empty: the project's
    int64_t limit = 0;  // most recordings, evenly out of all; 0: no limit
};

// One recording, and what came of it.
struct Outcome {
    std::string place;
    std::string expected, decided;  // labels or texts; decided empty: nothing was
    bool right = false;
    double score = 0;      // of the decision
    double certainty = 0;  // larger is more certain: the score, or its distance from `above`
    double error = 0;      // of numbers: the largest absolute difference
};

struct NumberErrors {
    double mean_absolute = 0, root_mean_square = 0, maximum = 0;
    int64_t values = 0;
};

struct Evaluation {
    std::string engine;
    int64_t samples = 0;                 // recordings that were evaluated
    int64_t held_out = 0;                // of them to test
    double accuracy = 0;                 // of labels and texts
    std::optional<Confusion> confusion;  // of labels
    std::optional<NumberErrors> errors;  // of numbers
    std::vector<ClassResult> groups;     // of texts whose recordings have labels: right ones
    std::optional<double> among_best;    // of top_k: the label is one of the k
    std::optional<double> unrounded;     // accuracy with float sums, where `fold` is int8
    std::vector<Outcome> worst;          // ten: wrong ones, most certain first; then right ones
    std::vector<std::string> notes;      // said to the user
};

// Throws what reading recordings, composing stages and running them throws; T0105 where nothing is
// held out to test, T0106 where there is nothing to compare with.
Evaluation evaluate_project(const ProjectFile& file, const EvaluationOptions& options,
                            const RecordingProgress& progress = {});

}  // namespace thimble
