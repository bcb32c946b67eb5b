// The part of NAME.h and NAME.c that surrounds a tick graph (ir/pipeline.h): push, poll, flush for
// samples that come one after another, decide for whole inputs, and the decision that both give.
#pragma once

#include "emit/c_source.h"

#include <set>
#include <string>

namespace thimble {

// The kernels that it calls.
std::set<std::string> c_pipeline_kernels(const Program& program);
// For NAME.h. What goes in and comes out, when, and how the functions are called: comment lines.
std::string c_pipeline_comment(const Program& program);
// For NAME.h. Macros; each ends with a line break.
std::string c_pipeline_macros(const Program& program);
// For NAME.h, behind NAME_t and the functions of the model.
std::string c_pipeline_declarations(const Program& program, const EmitOptions& options);
// For NAME.c, before the functions: what of the state is not the tick's.
std::string c_pipeline_types(const Program& program, const EmitOptions& options);
// For NAME.c, behind NAME_invoke_in and, with slices, NAME_slice.
std::string c_pipeline_definitions(const Program& program, const EmitOptions& options);

// Where a graph input or output lies: "work->bytes + 12".
std::string port_place(const Program& program, TensorId id);

}  // namespace thimble
