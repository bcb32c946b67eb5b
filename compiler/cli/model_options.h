// The options that every command on a model shares, and what they mean to the compiler.
#pragma once

#include "cli/command.h"
#include "compile.h"
#include "ir/graph.h"
#include "ir/text_interface.h"
#include "project/pipeline.h"
#include "targets/target.h"

#include <memory>
#include <string>

namespace thimble {

struct ModelOptions {
    std::string path;
    std::string match = "tflm";
    std::string state = "reset";
    std::string optimize;   // empty: not said, "balanced" or the project's
    std::string signature;  // empty: the first subgraph
    std::string name;       // empty: from the file's name
    std::string feed = "whole";
    bool slices = false;  // room for ticks that run slice by slice
    bool stand_ins = false;  // for networks that are not trained yet (train/untrained.h)
    bool in_float = false;  // the float networks of a project instead of its own

    Match match_rule() const { return match == "tflite" ? Match::tflite : Match::tflm; }
    bool keep_state() const { return state == "keep"; }
    // The options that change generated C and are not at their default, as typed.
    std::string changed_text() const;
};

void declare_model(OptionReader& reader, ModelOptions& options);
// --match, --state, --optimize, --name: for commands that compile.
void declare_compilation(OptionReader& reader, ModelOptions& options);

// --feed: for those whose program may take its input step by step.
void declare_feed(OptionReader& reader, ModelOptions& options);

// `given`, or else the target that the project's [deploy] names; empty: neither.
std::string deploy_target(const ModelOptions& options, const std::string& given);
// The same for `command`, which needs one: throws T0001.
std::string required_target(const ModelOptions& options, const std::string& given,
                            const std::string& command);
// "thimble verify MODEL --target T" for what comes next: `given`, else the project's, else host.
std::string verify_command(const ModelOptions& options, const std::string& given);
// The project's [deploy] for --optimize, where the command line does not say it.
void apply_deploy(ModelOptions& options);

// Throws T0103 for what this version does not read, and what import_model throws.
Graph load_graph(const ModelOptions& options);
// False for a project with models that stand_ins is for.
bool is_trained(const ModelOptions& options);
// The float model beside the quantised one from now on (evaluate/float_project.h).
void take_float(ModelOptions& options);
// What passes between the stages of a project; empty for all else.
std::vector<Joint> load_joints(const ModelOptions& options);
// The vocabularies of a project; null when there are none.
std::shared_ptr<const TextInterface> load_text(const ModelOptions& options);
Program compile_for(const Graph& graph, const ModelOptions& options, const ResolvedTarget& target);
// The same for a graph that went through recognise().
Program compile_recognised_for(const Graph& graph, const ModelOptions& options,
                               const ResolvedTarget& target);
// "note: 28 steps ... became one lstm": what the passes did that the user should know.
void say_notes(const Graph& imported, const Program& program);

// The same model and options as typed, for "next:" lines.
std::string command_text(const std::string& command, const ModelOptions& options);

}  // namespace thimble
