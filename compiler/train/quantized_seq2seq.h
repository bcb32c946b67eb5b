// Encoder and decoder in the numbers of the device.
#pragma once

#include "evaluate/decide.h"
#include "project/project_file.h"
#include "quantize/quantize.h"
#include "train/history.h"
#include "train/seq2seq_network.h"
#include "train/text_pairs.h"
#include "train/train_options.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace thimble {

struct QuantizedSeq2seq {
    Quantized encoder, decoder;
};

// Ranges come from some of the pairs to train on, the decoder being given the right symbols. What
// the decoder carries from step to step has one scale.
QuantizedSeq2seq quantized_seq2seq(const Graph& encoder, const Graph& decoder,
                                   const Seq2seqSpec& spec, const std::vector<TextPair>& pairs,
                                   const std::string& scheme, const TrainOptions& options,
                                   const std::function<void(const std::string&)>& progress);

// Answers that are wholly right among the recordings that are held out, by the stage with these
// files for its models.
Score exact_answers(const ProjectFile& file, const std::filesystem::path& encoder,
                    const std::filesystem::path& decoder, const RecordingProgress& progress);

}  // namespace thimble
