// A translator of digits into number words with seeded weights: three single-cell float models, two
// embedding tables and a thimble.toml in a folder, and the same network in plain double precision.
//
// Encoder: bidirectional LSTM, 2 x 32 units, over 10 digits. Decoder: LSTM of 64 units with dot
// attention over the 10 outputs; its input is the embedded last word plus the last context; logits
// = dense [context; h]. Gate order i, f, c, o; pads are not masked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

class NumberWords {
public:
    static constexpr size_t kSource = 10, kTarget = 20, kUnits = 32, kWidth = 64;
    static constexpr size_t kDigits = 11, kWords = 35;
    static constexpr int32_t kBegin = 3, kEnd = 4, kPad = 0;

    explicit NumberWords(uint64_t seed);

    // enc_fw.tflite, enc_bw.tflite, decoder.tflite, source.npy, target.npy, digits.txt, words.txt.
    void write_files(const std::filesystem::path& folder) const;
    // thimble.toml with the keys of the stage that a user must give; `more` is put behind them.
    static std::string project_text(const std::string& more = "");

    using Vector = std::vector<double>;
    struct State {
        Vector h, c, context;
        std::vector<Vector> memory;
    };
    State encode(const std::vector<int32_t>& source) const;
    // The logits of the next word; `state` moves on.
    Vector decode(State& state, int32_t token) const;
    static Vector log_probabilities(const Vector& logits);
    // Sum of log P over a complete output: its ids, then `last` unless the output is full.
    double score(const std::vector<int32_t>& source, const std::vector<int32_t>& ids) const;

    // Seeded digits, padded to kSource.
    static std::vector<int32_t> random_source(uint64_t& state);

private:
    struct Cell {
        size_t in, units;
        std::vector<float> kernel, recurrent, bias;  // [4u, in], [4u, u], [4u]
    };
    static Cell random_cell(uint64_t& state, size_t in, size_t units);
    void write_encoder(const std::filesystem::path& path, const Cell& cell) const;
    void write_decoder(const std::filesystem::path& path) const;
    static void step(const Cell& cell, const Vector& x, Vector& h, Vector& c);

    Cell forward_, backward_, decoder_;
    std::vector<float> source_, target_, logits_, logits_bias_;
};

double uniform(uint64_t& state, double limit);

}  // namespace thimble
