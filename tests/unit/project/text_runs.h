// Texts through the tick graph of a project, for the tests of this folder.
#pragma once

#include "compile.h"
#include "project/pipeline.h"
#include "verify/engine.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace thimble {

// The ticks of texts one after another: their bytes, and one tick at the end of each.
inline std::vector<TensorBytes> text_ticks(const std::vector<std::string>& texts)
{
    std::vector<TensorBytes> ticks;
    for (const std::string& text : texts) {
        for (const char c : text) ticks.push_back({Bytes{static_cast<uint8_t>(c)}, Bytes{0}});
        ticks.push_back({Bytes{0}, Bytes{1}});
    }
    return ticks;
}

// Output 1 of the ticks that are valid, as T.
template <typename T>
std::vector<std::vector<T>> valid_values(const std::vector<RunOutputs>& runs)
{
    std::vector<std::vector<T>> values;
    for (const RunOutputs& run : runs) {
        if (run.outputs[0][0] == 0) continue;
        values.emplace_back(run.outputs[1].size() / sizeof(T));
        std::memcpy(values.back().data(), run.outputs[1].data(), run.outputs[1].size());
    }
    return values;
}

template <typename T = int32_t>
std::vector<std::vector<T>> oracle_values(const Graph& graph, const std::vector<std::string>& texts)
{
    return valid_values<T>(run_oracle(graph, Match::tflm, true, text_ticks(texts)));
}

template <typename T = int32_t>
std::vector<std::vector<T>> target_values(const Graph& graph, const std::string& target_name,
                                          const std::vector<std::string>& texts)
{
    const ResolvedTarget target = find_target(target_name);
    const Program program =
        compile(graph, {.name = "text", .target = target.facts, .lower = {}, .keep_state = true});
    return valid_values<T>(run_on_target(program, target, text_ticks(texts)));
}

}  // namespace thimble
