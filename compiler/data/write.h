// Recordings as files that the readers of this folder read again.
//
//   train/ and test/ hold what is trained on and what is held out, in them
//   LABEL.csv    numbers: a header, the rows of each recording, a blank line behind it
//   LABEL.npy    images, uint8 or float32 [recordings, height, width, channels]
//   texts.tsv    LABEL, tab, text; or text, tab, answer (targets = "2")
//
// Tested by tests/unit/data/write_test.cc.
#pragma once

#include "data/dataset.h"

namespace thimble {

// Gives the files, in the order of their paths. `folder` must be new or empty: T0005 otherwise.
// Throws T0105 for recordings that such a file cannot hold (a tab in a text, images of many sizes).
std::vector<std::filesystem::path> write_dataset(const Dataset& dataset, DataKind kind,
                                                 const std::filesystem::path& folder);

}  // namespace thimble
