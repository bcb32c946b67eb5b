// Changed copies of recordings to train on: what a network should not depend on is varied.
//
// In this order: the speed (linear interpolation around the middle, the length stays), a shift in
// time or of an image in both directions (the outermost values fill the gap), a turn of three
// channels around a random axis, a factor, normal noise. Whole numbers stay whole.
//
// Tested by tests/unit/data/augment_test.cc.
#pragma once

#include "base/random.h"
#include "data/recording.h"

namespace thimble {

struct AugmentOptions {
    int64_t copies = 0;  // of each recording; 0: none
    double shift = 0;    // samples, or pixels, at most
    double noise = 0;    // deviation, in the values' unit
    double least_gain = 1, most_gain = 1;
    double rotation = 0;  // degrees at most
    double warp = 0;      // greatest change of the speed, as a share
};

// Throws T0105 for a turn of anything but rows of three channels.
Recording augmented(const Recording& recording, const AugmentOptions& options, SplitMix64& random);

}  // namespace thimble
