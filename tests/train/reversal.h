// A small translation: the words for the letters of a text, in reverse order.
#pragma once

#include "base/random.h"
#include "train/seq2seq_network.h"
#include "train/text_pairs.h"
#include "train/train_run.h"

#include <string>
#include <vector>

namespace thimble {

constexpr int64_t kPlaces = 4, kLetters = 4;

inline Seq2seqSpec reversal_spec(const std::string& cell, bool attention, bool mask = false)
{
    Seq2seqSpec spec;
    spec.encoder.layers =
        layers_of("[{embedding = 8}, {lstm = 8, sequences = true, bidirectional = true}]");
    spec.encoder.input.type = DType::i32;
    spec.encoder.input.shape = {kPlaces};
    spec.encoder.ids = kLetters + 1;
    spec.encoder.bridge = spec.units = 16;
    spec.cell = cell;
    spec.embedding = 8;
    spec.symbols = kLetters + 3;
    spec.attention = attention;
    spec.mask = spec.encoder.mask = mask;
    spec.places = kPlaces;
    spec.begin = 1;
    spec.end = 2;
    spec.max_target = kPlaces;
    return spec;
}

inline std::vector<TextPair> reversal_pairs()
{
    std::vector<TextPair> list;
    SplitMix64 random(5);
    for (int i = 0; i < 600; ++i) {
        TextPair pair;
        const auto length = static_cast<size_t>(random.whole(1, kPlaces));
        for (size_t k = 0; k < length; ++k)
            pair.source.push_back(static_cast<int32_t>(random.whole(1, kLetters)));
        for (size_t k = length; k-- > 0;) pair.target.push_back(pair.source[k] + 2);
        pair.target.push_back(2);
        pair.source.resize(kPlaces, 0);
        list.push_back(std::move(pair));
    }
    return list;
}

}  // namespace thimble
