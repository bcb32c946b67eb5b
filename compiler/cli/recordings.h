// --input of a project: files to the raw samples that its pipeline is fed. This is the one place
// that knows which kind of file gives what.
//
//   sensors  .csv .tsv .txt   rows of numbers, cut at blank lines and repeated headers
//   sound    .wav             brought to the input's rate, with a note
//   texts    .txt .tsv        each line is one text
//   images   .png, IDX        one or many
//   all      .npy             [samples, row] or [samples]: one recording; one axis more: many
//            .bin             the samples' raw bytes, one recording; of images and tensors many
//
// Tested by tests/scripts/pipeline_test.sh.
#pragma once

#include "verify/ticks.h"

#include <string>
#include <vector>

namespace thimble {

// `graph` is a pipeline's. Sentences for the user go to `notes`. Throws T0004 without any file,
// T0101 and T0105 for those that do not fit.
std::vector<RawRecording> read_recordings(const Graph& graph, const std::vector<std::string>& files,
                                          std::vector<std::string>& notes);

}  // namespace thimble
