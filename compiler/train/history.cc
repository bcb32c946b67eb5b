#include "train/history.h"

#include "base/file.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

using nlohmann::json;

void Score::add(const Score& other)
{
    loss += other.loss;
    right += other.right;
    samples += other.samples;
}

std::string score_text(const Score& score, bool labels)
{
    if (labels)
        return fmt::format("loss {:.4f}  {:5.1f} % right", score.mean_loss(),
                           100 * score.share_right());
    const double square = std::max(0.0, -score.share_right());
    return fmt::format("loss {:.4f}  error {:.4f}", score.mean_loss(), std::sqrt(square));
}

std::string epoch_text(const Epoch& epoch, int64_t epochs, bool labels)
{
    std::string text =
        fmt::format("epoch {:>3}/{}  {}", epoch.number, epochs, score_text(epoch.train, labels));
    if (epoch.validation.samples > 0)
        text += "  validation: " + score_text(epoch.validation, labels);
    return text;
}

void write_history(const std::filesystem::path& path, const History& history)
{
    json curves = {{"best_epoch", history.best}};
    for (const char* const name :
         {"epoch", "rate", "train_loss", "train_right", "validation_loss", "validation_right"})
        curves[name] = json::array();
    for (const Epoch& epoch : history.epochs) {
        curves["epoch"].push_back(epoch.number);
        curves["rate"].push_back(epoch.rate);
        curves["train_loss"].push_back(epoch.train.mean_loss());
        curves["train_right"].push_back(epoch.train.share_right());
        if (epoch.validation.samples == 0) continue;
        curves["validation_loss"].push_back(epoch.validation.mean_loss());
        curves["validation_right"].push_back(epoch.validation.share_right());
    }
    write_file(path, curves.dump(1) + "\n");
}

}  // namespace thimble
