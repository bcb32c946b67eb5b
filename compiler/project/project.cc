#include "project/project.h"

#include "base/error.h"
#include "project/seq2seq.h"
#include "project/vocabulary.h"

#include <fmt/format.h>

namespace thimble {

namespace {

Vocabulary vocabulary_of(const Settings& stage, const std::string& side, int64_t symbols)
{
    const std::string key = side + "_vocabulary";
    if (!stage.has(key)) return {};
    Vocabulary vocabulary{read_vocabulary(stage, key), stage.text(side + "_tokens") == "char"};
    const auto tokens = static_cast<int64_t>(vocabulary.tokens.size());
    require(symbols == 0 || tokens == symbols, ErrorCode::T0106,
            {stage.place(key), fmt::format("has {} lines", tokens),
             fmt::format("{}: one for each {} symbol", symbols, side),
             "add empty lines for ids without a token"});
    return vocabulary;
}

std::shared_ptr<const TextInterface> text_of(const Settings& stage, const Seq2seqParts& parts)
{
    TextInterface text;
    text.source = vocabulary_of(stage, "source",
                                parts.source_embedding ? parts.source_embedding->symbols : 0);
    text.target = vocabulary_of(stage, "target", parts.symbols);
    if (text.source.empty() && text.target.empty()) return nullptr;
    text.pad = static_cast<int32_t>(parts.pad);
    text.unknown = stage.has("unknown") ? static_cast<int32_t>(stage.whole("unknown")) : text.pad;
    const auto tokens = static_cast<int64_t>(text.source.tokens.size());
    require(
        text.source.empty() || text.unknown < tokens, ErrorCode::T0106,
        {stage.place("unknown"), fmt::format("id {} of {} source symbols", text.unknown, tokens),
         fmt::format("0 to {}", tokens - 1), "unknown = 0"});
    return std::make_shared<const TextInterface>(std::move(text));
}

}  // namespace

Project load_project(const ProjectFile& file)
{
    Project project;
    if (file.stages.size() > 1 || file.kind(0) != "seq2seq") {
        Pipeline pipeline = compose_pipeline(file);
        project.graph = std::move(pipeline.graph);
        project.interface =
            std::make_shared<const PipelineInterface>(std::move(pipeline.interface));
        project.graph.interface = project.interface;
        project.joints = std::move(pipeline.joints);
        return project;
    }
    const Settings& stage = file.stages[0];
    const Seq2seqParts parts = load_seq2seq(stage);
    project.text = text_of(stage, parts);
    try {
        project.graph = seq2seq_graph(parts, file.name);
    } catch (Error& error) {
        error.add_context(stage.place("kind"));
        throw;
    }
    return project;
}

Project load_project(const std::filesystem::path& path)
{
    return load_project(read_project_file(path));
}

}  // namespace thimble
