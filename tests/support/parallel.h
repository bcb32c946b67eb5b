// Runs this very program again for each job, a few at a time: a crash ends one job only.
#pragma once

#include "base/process.h"

#include <functional>
#include <string>
#include <vector>

namespace thimble {

// Each job is a list of arguments for /proc/self/exe. `done` is called in the order of the jobs,
// one call at a time, as soon as a job and all before it have ended.
void run_jobs(const std::vector<std::vector<std::string>>& jobs, int parallel, double timeout_s,
              const std::function<void(size_t, const ProcessResult&)>& done);

}  // namespace thimble
