// Which training samples are kept aside to choose the best epoch.
#pragma once

#include "evaluate/samples.h"

#include <cstdint>
#include <vector>

namespace thimble {

struct TrainingSplit {
    std::vector<int64_t> train, validation;  // indices into SampleSet::train
};

// The samples of recordings that are there for it (`validation_files`), if there are any. Else the
// share of each label's recordings, drawn by the seed; windows of one recording stay together.
// Nothing is kept aside of a label with one recording.
TrainingSplit split_for_validation(const SampleSet& set, double share, uint64_t seed);

}  // namespace thimble
