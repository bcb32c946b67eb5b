#include "ir/graph.h"

#include "base/error.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

namespace thimble {

// A product beyond the limit, which only a malformed file asks for, is the limit; its bytes fit.
constexpr int64_t kElementCountMax = int64_t{1} << 56;

int64_t element_count(const Shape& shape)
{
    if (std::ranges::find(shape, 0) != shape.end()) return 0;
    int64_t count = 1;
    for (const int64_t dimension : shape)
        if (__builtin_mul_overflow(count, dimension, &count) || std::abs(count) > kElementCountMax)
            return kElementCountMax;
    return count;
}

std::string shape_text(const Shape& shape)
{
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

void Tensor::check_values(DType expected) const
{
    const bool same = expected == type || (expected == DType::i8 && type == DType::i4) ||
                      (expected == DType::u8 && type == DType::boolean) ||
                      (expected == DType::u16 && type == DType::f16);
    THIMBLE_CHECK(same && data && static_cast<int64_t>(data->size()) == bytes(), name);
}

template <typename T> static std::vector<int64_t> widened(std::span<const T> values)
{
    return {values.begin(), values.end()};
}

std::vector<int64_t> Tensor::integers() const
{
    switch (type) {
    case DType::i4: case DType::i8: return widened(values<int8_t>());
    case DType::u8: case DType::boolean: return widened(values<uint8_t>());
    case DType::i16: return widened(values<int16_t>());
    case DType::u16: return widened(values<uint16_t>());
    case DType::i32: return widened(values<int32_t>());
    case DType::u32: return widened(values<uint32_t>());
    case DType::i64: return widened(values<int64_t>());
    default: THIMBLE_CHECK(false, name + " is no integer tensor"); return {};
    }
}

TensorId Graph::add_tensor(Tensor tensor)
{
    tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(tensors.size()) - 1;
}

void Graph::set_constant(TensorId id, std::vector<uint8_t> bytes)
{
    Tensor& target = tensor(id);
    target.kind = TensorKind::constant;
    target.data = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    THIMBLE_CHECK(static_cast<int64_t>(target.data->size()) == target.bytes(), target.name);
}

void Graph::replace_uses(TensorId from, TensorId to)
{
    for (Node& node : nodes)
        for (TensorId& id : node.inputs)
            if (id == from) id = to;
    for (TensorId& id : outputs)
        if (id == from) id = to;
}

std::string Graph::node_place(const Node& node) const
{
    return fmt::format("node {} '{}' ({})", &node - nodes.data(), node.name, node.source_op);
}

void verify_graph(const Graph& graph)
{
    const int count = static_cast<int>(graph.tensors.size());
    std::vector<bool> written(graph.tensors.size(), false);
    for (size_t id = 0; id < graph.tensors.size(); ++id) {
        const Tensor& tensor = graph.tensors[id];
        if (tensor.kind == TensorKind::activation) continue;
        written[id] = true;
        THIMBLE_CHECK(tensor.data && static_cast<int64_t>(tensor.data->size()) == tensor.bytes(),
                      tensor.name);
    }
    for (const TensorId id : graph.inputs) written.at(static_cast<size_t>(id)) = true;
    for (const Node& node : graph.nodes) {
        for (const TensorId id : node.inputs) {
            THIMBLE_CHECK(id >= kNoTensor && id < count, node.name);
            const bool readable =
                id == kNoTensor || written[static_cast<size_t>(id)] || !node.unsupported.empty();
            THIMBLE_CHECK(readable, "node '" + node.name + "' reads a tensor that nobody wrote");
        }
        for (const TensorId id : node.outputs) {
            if (id == kNoTensor) continue;
            THIMBLE_CHECK(id >= 0 && id < count, node.name);
            THIMBLE_CHECK(!graph.tensor(id).is_constant() || !node.unsupported.empty(),
                          "node '" + node.name + "' writes a constant");
            written[static_cast<size_t>(id)] = true;
        }
    }
    for (const TensorId id : graph.outputs)
        THIMBLE_CHECK(written.at(static_cast<size_t>(id)), "output not written");
}

}  // namespace thimble
