// `train` in a program without libtorch: thimble-train takes over, with the same options.
#include "cli/train.h"
#include "verify/helpers.h"

#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace thimble {

Exit train_project(const TrainCommand& command, bool as_json)
{
    const std::string program =
        require_helper(kTrainer, "`thimble train`", kTrainerPackages).string();
    std::vector<std::string> arguments = {program, "train", command.project};
    if (command.resume) arguments.push_back("--resume");
    if (command.epochs > 0)
        arguments.insert(arguments.end(), {"--epochs", std::to_string(command.epochs)});
    if (!command.output.empty()) arguments.insert(arguments.end(), {"-o", command.output});
    if (as_json) arguments.push_back("--json");
    std::vector<char*> list;
    for (std::string& argument : arguments) list.push_back(argument.data());
    list.push_back(nullptr);
    // Matrices of this size are slower on several threads, and sums in another order.
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    // The terminal and Ctrl-C are the trainer's own from here on.
    execv(program.c_str(), list.data());
    fail(ErrorCode::T0401, {program, "cannot be started", "a program of this machine",
                            "install libtorch-dev and build thimble again"});
}

}  // namespace thimble
