// Which recordings are held out for testing.
//
// recording  of each label the share `test`, drawn by the seed: at least one, and at least one is
//            left to train on, if the label has two or more.
// file       the same with whole files: recordings of one person or session stay together. A file
//            counts for the label of its first recording.
// hash       by the recording's own values: what is a test recording stays one when files are added
//            or renamed, and equal recordings are never on both sides.
//
// The generator is SplitMix64 (Steele, Lea, Flood 2014), the order Fisher and Yates's: no random
// numbers of the machine or its library are used.
// Tested by tests/unit/data/split_test.cc.
#pragma once

#include "data/dataset.h"

namespace thimble {

// Keeps the first of recordings with equal values, whatever their labels are; gives how many went.
int64_t drop_equal(std::vector<Recording>& recordings);

// Sets `test` of every recording.
void split_recordings(const SplitOptions& options, std::vector<Recording>& recordings);

}  // namespace thimble
