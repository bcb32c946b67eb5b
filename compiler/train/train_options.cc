#include "train/train_options.h"

#include <cmath>
#include <numbers>

namespace thimble {

TrainOptions train_options(const ProjectFile& file)
{
    TrainOptions options;
    const Settings* train = file.train();
    if (!train) return options;
    options.epochs = train->whole("epochs");
    options.batch = train->whole("batch");
    options.rate = train->number("rate");
    options.optimizer = train->text("optimizer");
    options.decay = train->number("decay");
    options.momentum = train->number("momentum");
    options.schedule = train->text("schedule");
    options.loss = train->text("loss");
    options.patience = train->has("patience") ? train->whole("patience") : 0;
    options.validation = train->number("validation");
    options.balanced = train->text("class_weights") == "balanced";
    options.clip = train->number("clip");
    options.sampling = train->number("sampling");
    options.seed = static_cast<uint64_t>(train->whole("seed"));
    options.calibration = train->whole("calibration");
    options.qat_epochs = train->whole("qat_epochs");
    options.max_drop = train->number("max_drop");
    return options;
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
