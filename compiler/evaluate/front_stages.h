// The stages in front of a network, run over many recordings.
//
// The oracle takes about 5 ms for a second of sound: where there are hours, the generated C of the
// same stages is compiled for this computer once and takes a tenth of it. Both give the same
// integers; stages that give real numbers stay with the oracle, so that no compiler has a say in
// what a network is trained on.
//
// Tested by tests/unit/evaluate/samples_test.cc.
#pragma once

#include "evaluate/decide.h"
#include "project/pipeline.h"

#include <memory>
#include <vector>

namespace thimble {

class FrontStages {
public:
    // `sound_samples`: of all recordings, 0 for other kinds of input.
    FrontStages(Pipeline front, int64_t sound_samples);
    FrontStages(const FrontStages&) = delete;  // engine_ knows where this one is
    FrontStages& operator=(const FrontStages&) = delete;
    const Graph& graph() const { return graph_; }
    // The tensor that the network takes.
    const Tensor& output() const { return graph_.tensor(graph_.outputs.at(1)); }
    bool generated() const { return engine_.engine == "host"; }
    // Of each recording what the stages gave, in the order of time.
    std::vector<std::vector<Bytes>> run(const std::vector<RawRecording>& recordings);

private:
    Graph graph_;
    EngineChoice engine_;
    std::shared_ptr<const Program> program_;  // of the host, once it is compiled
};

}  // namespace thimble
