// A main that records: samples in, recordings out, as the rows of numbers that training reads.
//
// Tested by tests/scripts/capture_test.sh.
#pragma once

#include "ir/program.h"

#include <string>
#include <vector>

namespace thimble {

// C for a pipeline whose decision is values of the stage that recordings enter behind. It prints
// a header of `columns`, and for each window its rows and a blank line: what data/ reads. Hosted
// programs read samples from standard input, rows of numbers, and print on standard output; others
// call two functions that their board's program defines. Throws T0202 for values that are no whole
// numbers: printing them would need a board's printf.
std::string capture_main(const Program& program, const std::vector<std::string>& columns,
                         bool hosted);

}  // namespace thimble
