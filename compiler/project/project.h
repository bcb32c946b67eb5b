// A project as the compiler takes it: the graph of its stages, and the vocabularies of its ids.
#pragma once

#include "ir/graph.h"
#include "ir/text_interface.h"
#include "project/pipeline.h"
#include "project/project_file.h"

#include <filesystem>
#include <memory>

namespace thimble {

struct Project {
    Graph graph;
    std::shared_ptr<const TextInterface> text;  // of a seq2seq; null: no vocabulary at all
    // Null: not a pipeline, that is a single stage seq2seq.
    std::shared_ptr<const PipelineInterface> interface;
    std::vector<Joint> joints;  // of a pipeline
};

// `path`: the folder, or the .toml file. Throws what reading the file and its models throws.
Project load_project(const std::filesystem::path& path);
Project load_project(const ProjectFile& file);

}  // namespace thimble
