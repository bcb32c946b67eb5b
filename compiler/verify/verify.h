// Judges the generated C on a target against the oracle.
#pragma once

#include "verify/engine.h"
#include "verify/ticks.h"

#include <string>
#include <vector>

namespace thimble {

// A named input vector; the shapes are the graph's.
struct Case {
    std::string kind;  // "uniform", "minimum", "maximum", "zero point", "sparse", "given"
    TensorBytes inputs;
};
// `count` cases: first all-minimum, all-maximum, zero point; then sparse and uniform in turn.
// The same seed gives the same cases on every machine.
std::vector<Case> make_cases(const Graph& graph, int count, uint64_t seed);

struct TensorReport {
    std::string name;         // tensor name
    std::string layer;        // layer that computes it
    bool compared = false;    // false: fused away
    std::string note;         // why it was not compared; of decisions, where they differ
    int64_t elements = 0;     // compared, over all cases
    int64_t mismatches = 0;
    double max_abs_error = 0; // in stored units for integers, in real units for floats
    int first_case = -1;      // first case with a difference
    int64_t first_index = -1;
    double first_expected = 0;
    double first_found = 0;
};

struct VerifyReport {
    std::string target;
    int cases = 0;      // of a pipeline: recordings
    int64_t ticks = 0;  // of a pipeline
    int64_t decisions = 0;
    int64_t outputs_compared = 0;  // elements of graph outputs and pre-softmax tensors
    int64_t mismatches = 0;
    double max_abs_error = 0;
    bool bit_exact = false;        // every compared byte is equal
    std::vector<TensorReport> tensors;
};

struct VerifyOptions {
    bool keep_state = false;
    bool all_layers = false;
};

// `imported` is the graph before passes, `program` compiled from it for `target`.
VerifyReport verify(const Graph& imported, const Program& program, const ResolvedTarget& target,
                    Match match, const std::vector<Case>& cases, const VerifyOptions& options);

// The tick graph of a pipeline: every tick of the recordings, with what lies in branches, and the
// decisions when the samples are pushed in blocks of 1, 7, 160 and all.
VerifyReport verify_pipeline(const Graph& imported, const Program& program,
                             const ResolvedTarget& target, Match match,
                             const std::vector<RawRecording>& recordings);
// `count` recordings of a pipeline's input, of the kinds of make_cases(), each so long that the
// oracle has seen every branch of the graph run, or of kTicksMax ticks.
std::vector<RawRecording> make_recordings(const Graph& graph, Match match, int count,
                                          uint64_t seed);
constexpr int64_t kTicksMax = 512;

// Compares values of one tensor. Integers must be equal; floats within 1e-5 + 1e-4 * largest
// magnitude (design rule); two NaNs are equal.
void compare_values(const Tensor& tensor, std::span<const uint8_t> expected,
                    std::span<const uint8_t> found, int case_index, TensorReport& report);

}  // namespace thimble
