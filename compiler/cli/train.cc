// train: from data to a model, by the program thimble-train.
#include "cli/train.h"

#include "cli/command.h"
#include "project/project_file.h"

#include <filesystem>
#include <memory>

namespace thimble {

namespace {

constexpr int64_t kEpochsMost = 100'000;

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<TrainCommand>();
    if (std::filesystem::exists(kProjectFileName)) options->project = ".";
    reader.argument("PROJECT", options->project,
                    "a folder with thimble.toml that has [data] and a network with layers",
                    options->project.empty());
    reader.flag("--resume", options->resume, "go on where an earlier run ended");
    reader.whole("--epochs", options->epochs, 0, kEpochsMost,
                 "rounds over the data at most; 0: as the project says");
    reader.text("-o,--output", "DIR", options->output,
                "folder for the models (default: where the project has them)");
    return [options](bool as_json) { return train_project(*options, as_json); };
}

}  // namespace

extern const Command command_train;
const Command command_train = {
    .name = "train",
    .summary = "Train the network of a project, quantise it, and write it as .tflite",
    .examples = {"thimble train examples/sine -o /tmp/sine",
                 "thimble train examples/sine -o /tmp/sine --epochs 5 --json"},
    .declare = declare,
};

}  // namespace thimble
