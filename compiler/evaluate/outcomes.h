// The three ways to compare: labels, numbers, texts. Each fills in its part of an Evaluation.
//
// Tested by tests/unit/evaluate/evaluate_project_test.cc.
#pragma once

#include "evaluate/evaluate_project.h"
#include "evaluate/recordings.h"
#include "project/pipeline.h"

#include <vector>

namespace thimble {

// What was run: `indices` into the data's recordings, in their order.
struct Evaluated {
    const ProjectFile& file;
    const ProjectData& data;
    const std::vector<size_t>& indices;

    const Recording& recording(size_t i) const { return data.dataset.recordings[indices[i]]; }
};

// `decisions` count recordings by their place in `indices`.
void evaluate_labels(const Evaluated& what, const Pipeline& pipeline,
                     const std::vector<PipelineDecision>& decisions, Evaluation& result);
void evaluate_numbers(const Evaluated& what, const Graph& graph,
                      const std::vector<PipelineDecision>& decisions, Evaluation& result);
// Runs the seq2seq itself. Throws T0106 for one without vocabularies.
void evaluate_texts(const Evaluated& what, const EngineChoice& engine,
                    const RecordingProgress& progress, Evaluation& result);

// The ten worst: the largest errors; wrong ones, the most certain first; then right ones, the least
// certain first.
void keep_worst(std::vector<Outcome>& outcomes, Evaluation& result);

}  // namespace thimble
