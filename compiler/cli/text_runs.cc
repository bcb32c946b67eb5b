#include "cli/text_runs.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "verify/input_files.h"

#include <cstring>
#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace {

bool is_text_file(const std::vector<std::string>& specs)
{
    return specs.size() == 1 &&
           lower_case(std::filesystem::path(specs[0]).extension().string()) == ".txt";
}

}  // namespace

std::vector<TensorBytes> read_given_inputs(const Graph& graph, const TextInterface* text,
                                           const std::vector<std::string>& specs, int64_t& runs,
                                           int64_t runs_max)
{
    if (!is_text_file(specs)) return read_inputs(graph, specs, runs);
    const std::string& path = specs[0];
    require(text && !text->source.empty(), ErrorCode::T0004,
            {"--input " + path, "a text file, but there is no vocabulary to read it with",
             "a project with source_vocabulary", "give the ids as .npy"});
    const std::vector<std::string> lines = split_lines(read_text_file(path));
    require(!lines.empty() && static_cast<int64_t>(lines.size()) <= runs_max, ErrorCode::T0004,
            {"--input " + path, fmt::format("{} lines", lines.size()),
             fmt::format("1 to {}", runs_max), "split the file"});
    runs = static_cast<int64_t>(lines.size());
    const auto count = static_cast<size_t>(graph.tensor(graph.inputs[0]).count());
    std::vector<TensorBytes> inputs;
    for (const std::string& line : lines) {
        const std::vector<int32_t> ids = ids_of_text(*text, line, count);
        const auto* bytes = reinterpret_cast<const uint8_t*>(ids.data());
        inputs.push_back({Bytes(bytes, bytes + ids.size() * sizeof(int32_t))});
    }
    return inputs;
}

std::vector<std::string> text_answers(const TextInterface* text,
                                      const std::vector<RunOutputs>& results)
{
    std::vector<std::string> answers;
    if (!text || text->target.empty()) return answers;
    for (const RunOutputs& run : results) {
        std::vector<int32_t> ids(run.outputs[0].size() / sizeof(int32_t));
        std::memcpy(ids.data(), run.outputs[0].data(), run.outputs[0].size());
        int32_t count = 0;
        std::memcpy(&count, run.outputs[1].data(), sizeof count);
        ids.resize(static_cast<size_t>(count));
        answers.push_back(text_of_ids(text->target, ids));
    }
    return answers;
}

}  // namespace thimble
