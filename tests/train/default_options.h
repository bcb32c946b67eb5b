// What [train] says when a project does not have it.
#pragma once

#include "train/train_options.h"

namespace thimble {

inline TrainOptions default_options()
{
    return train_options(parse_project_file("[[stage]]\nkind = \"argmax\"\n", "thimble.toml"));
}

}  // namespace thimble
