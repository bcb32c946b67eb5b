// Which nodes are recurrent layers, see recurrent.h.
#include "ops/recurrent.h"

namespace thimble {

const RecurrentAttributes* recurrent_attributes(const Node& node)
{
    if (const auto* lstm = std::any_cast<LstmAttributes>(&node.attributes)) return lstm;
    if (const auto* gru = std::any_cast<GruAttributes>(&node.attributes)) return gru;
    return std::any_cast<SimpleRnnAttributes>(&node.attributes);
}

}  // namespace thimble
