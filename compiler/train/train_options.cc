#include "train/train_options.h"

#include <cmath>
#include <numbers>

namespace thimble {

TrainOptions train_options(const ProjectFile& file)
{
    const Settings& train = *file.train();
    const Settings* const augment = train.table("augment");
    return {
        .epochs = train.whole("epochs"),
        .batch = train.whole("batch"),
        .rate = train.number("rate"),
        .optimizer = train.text("optimizer"),
        .decay = train.number("decay"),
        .momentum = train.number("momentum"),
        .schedule = train.text("schedule"),
        .loss = train.text("loss"),
        .patience = train.has("patience") ? train.whole("patience") : 0,
        .validation = train.number("validation"),
        .balanced = train.text("class_weights") == "balanced",
        .clip = train.number("clip"),
        .average = train.number("average"),
        .sampling = train.number("sampling"),
        .seed = static_cast<uint64_t>(train.whole("seed")),
        .calibration = train.whole("calibration"),
        .qat_epochs = train.whole("qat_epochs"),
        .qat_rate = train.has("qat_rate") ? train.number("qat_rate") : train.number("rate") / 10,
        .max_drop = train.number("max_drop"),
        .mask_rows = augment ? augment->whole("mask_rows") : 0,
        .mask_channels = augment ? augment->whole("mask_channels") : 0,
        .shift_rows = augment ? augment->whole("shift_rows") : 0,
        .shift_channels = augment ? augment->whole("shift_channels") : 0};
}

double rate_of(const TrainOptions& options, int64_t epoch)
{
    const double done = static_cast<double>(epoch) / static_cast<double>(options.epochs);
    if (options.schedule == "cosine")
        return options.rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
    if (options.schedule == "step") return options.rate * std::pow(0.1, std::floor(3 * done));
    return options.rate;
}

}  // namespace thimble
