// Which tensors share one scale, and which scale it is.
#pragma once

#include "quantize/assemble.h"

#include <optional>

namespace thimble {

class ScaleGroups {
public:
    ScaleGroups(const FloatNetwork& network, const Ranges& ranges,
                const std::vector<Precision>& precision);
    // Of an activation or a constant operand, stored as `type`: int8, or int16 with zero point 0.
    Quantization scale_of(TensorId id, DType type) const;

private:
    size_t root(TensorId id) const;
    void join(TensorId a, TensorId b);
    bool is_fixed(TensorId id) const { return fixed_[root(id)].has_value(); }
    void join_moved(const Node& node, const QuantizationRule& rule);

    struct Fixed {
        QuantizationRule::Fixed int8, int16;
    };
    const Graph& graph_;
    mutable std::vector<size_t> parent_;
    std::vector<Range> ranges_, wide_;  // by root, for 8 and 16 bits
    std::vector<std::optional<Fixed>> fixed_;
};

}  // namespace thimble
