// `thimble train` in the program that links libtorch.
#include "torch/training_session.h"

namespace thimble {

Exit train_project(const TrainCommand& command, bool as_json)
{
    const ProjectFile file = read_project_file(command.project);
    for (size_t i = 0; i < file.stages.size(); ++i) {
        const Settings& stage = file.stages[i];
        if (!stage.has("layers")) continue;
        return file.kind(i) == "seq2seq" ? train_seq2seq(command, as_json, file, stage)
                                         : train_network(command, as_json, file, stage);
    }
    fail(ErrorCode::T0106, {file.path.string(), "no stage has layers to train",
                            "a stage with kind = \"network\" and layers",
                            "layers = [{dense = 8, activation = \"relu\"}, {dense = 2}]"});
}

}  // namespace thimble
