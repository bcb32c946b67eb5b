// How a training went, epoch by epoch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

// Sums over samples.
struct Score {
    double loss = 0;
    double right = 0;  // samples answered right; of regressions: minus the sum of squared errors
    double samples = 0;

    void add(const Score& other);
    double mean_loss() const { return samples > 0 ? loss / samples : 0; }
    double share_right() const { return samples > 0 ? right / samples : 0; }
};

struct Epoch {
    int64_t number = 0;  // from 1
    double rate = 0;
    Score train, validation;  // validation without samples: none are kept aside

    const Score& judged() const { return validation.samples > 0 ? validation : train; }
};

struct History {
    std::vector<Epoch> epochs;
    int64_t best = 0;  // number of the epoch whose weights were kept
    bool interrupted = false;
};

// "loss 0.0312  98.4 % right", of numbers "loss 0.0312  error 0.177" (the root of the mean square).
std::string score_text(const Score& score, bool labels);
// A line about an epoch: both scores, where there are two.
std::string epoch_text(const Epoch& epoch, int64_t epochs, bool labels);
// All curves as one JSON object. Throws T0102.
void write_history(const std::filesystem::path& path, const History& history);

}  // namespace thimble
