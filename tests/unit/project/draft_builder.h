// Writes float models node after node, for the tests of this folder.
#pragma once

#include "base/file.h"
#include "formats/tflite_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace thimble {

template <typename T>
inline std::vector<uint8_t> bytes_of(const std::vector<T>& values)
{
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return {bytes, bytes + values.size() * sizeof(T)};
}

// One subgraph, node after node.
class DraftBuilder {
public:
    int input(const std::string& name, std::vector<int64_t> shape)
    {
        const int id = add({.name = name, .shape = std::move(shape)});
        graph_.inputs.push_back(id);
        return id;
    }
    int whole_input(const std::string& name, std::vector<int64_t> shape)
    {
        const int id = input(name, std::move(shape));
        graph_.tensors[static_cast<size_t>(id)].type = TfliteType::int32;
        return id;
    }
    int constant(std::vector<int64_t> shape, const std::vector<float>& values)
    {
        return add({.name = "constant", .shape = std::move(shape), .data = bytes_of(values)});
    }
    int whole(std::vector<int64_t> shape, const std::vector<int32_t>& values)
    {
        return add({.name = "sizes",
                    .type = TfliteType::int32,
                    .shape = std::move(shape),
                    .data = bytes_of(values)});
    }
    int op(const std::string& name, std::vector<int> inputs, std::vector<int64_t> shape,
           std::vector<TfliteOption> options = {})
    {
        return ops(name, std::move(inputs), 1, std::move(shape), std::move(options))[0];
    }
    std::vector<int> ops(const std::string& name, std::vector<int> inputs, int count,
                         std::vector<int64_t> shape, std::vector<TfliteOption> options)
    {
        std::vector<int> outputs;
        for (int i = 0; i < count; ++i) outputs.push_back(add({.name = "t", .shape = shape}));
        graph_.operators.push_back({.name = name,
                                    .inputs = std::move(inputs),
                                    .outputs = outputs,
                                    .options = std::move(options)});
        return outputs;
    }
    // Makes a float tensor int8. A constant's values are rounded to this scale.
    void quantise(int id, float scale, int64_t zero_point = 0)
    {
        TfliteDraftTensor& tensor = graph_.tensors[static_cast<size_t>(id)];
        tensor.type = TfliteType::int8;
        tensor.scales = {scale};
        tensor.zero_points = {zero_point};
        std::vector<float> values(tensor.data.size() / sizeof(float));
        std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
        tensor.data.clear();
        for (const float value : values)
            tensor.data.push_back(static_cast<uint8_t>(
                std::clamp(static_cast<int>(std::lround(value / scale)), -127, 127)));
    }
    void set_type(int id, TfliteType type)
    {
        graph_.tensors[static_cast<size_t>(id)].type = type;
    }
    int reshape(int id, const std::vector<int64_t>& shape)
    {
        const std::vector<int32_t> sizes(shape.begin(), shape.end());
        return op("RESHAPE", {id, whole({static_cast<int64_t>(sizes.size())}, sizes)}, shape);
    }
    TfliteDraftSubgraph finish(std::vector<int> outputs)
    {
        graph_.outputs = std::move(outputs);
        return std::move(graph_);
    }
    void write(const std::filesystem::path& path, std::vector<int> outputs)
    {
        TfliteDraft draft;
        draft.subgraphs.push_back(finish(std::move(outputs)));
        write_file(path, write_tflite(draft));
    }

private:
    int add(TfliteDraftTensor tensor)
    {
        const int id = static_cast<int>(graph_.tensors.size());
        tensor.name += "_" + std::to_string(id);
        graph_.tensors.push_back(std::move(tensor));
        return id;
    }
    TfliteDraftSubgraph graph_;
};

}  // namespace thimble
