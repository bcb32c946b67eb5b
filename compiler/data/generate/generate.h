// Recordings that the project makes itself: `[data] generate = "KIND"`.
//
// Each kind is one file of this folder and one line in generators.def. The same seed gives the same
// recordings on every machine: SplitMix64, integers, and real numbers without functions whose last
// bit differs between libraries.
//
// Tested by tests/unit/data/generate_test.cc.
#pragma once

#include "data/dataset.h"

namespace thimble {

struct GenerateOptions {
    int64_t count;  // recordings to train on, or all of them where the split is the project's
    uint64_t seed;
};

struct Generator {
    std::string_view kind;
    DataKind data;
    int64_t count;  // the default
    bool splits;    // it decides itself what is held out
    void (*make)(const GenerateOptions&, Dataset&);
    std::string_view sentence;
};

// Null for a kind that there is not.
const Generator* find_generator(std::string_view kind);

// Appends the recordings of `options.generate` and sets their split where the kind does. Throws
// T0106 when the project's input has another kind, or for a count that is not possible.
void generate_recordings(const DataOptions& options, Dataset& dataset);

// sin(x) by additions and multiplications alone, within 1e-9.
double plain_sine(double x);

// One row of numbers as a recording; `number` counts those of one kind.
Recording generated(const char* kind, int64_t number);

}  // namespace thimble
