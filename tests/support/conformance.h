// One model through everything: imported, compiled, built for this computer, compared with the
// oracle.
#pragma once

#include "support/shared_models.h"

#include <string>
#include <string_view>

namespace thimble {

enum class Verdict {
    accepted,  // built, and every compared value agrees
    refused,   // with a reason for the user
    wrong,     // built, but a value differs, or the generated C does not compile
    unjudged,  // too large or too slow to compare here; the reason says how large
};
std::string_view verdict_name(Verdict verdict);

struct Judgement {
    Verdict verdict = Verdict::unjudged;
    std::string text;  // what was compared, or the reason; one line
};

// Runs in this process; the caller bounds time and memory.
Judgement judge_model(const std::filesystem::path& model, int cases);

}  // namespace thimble
