// What LOGISTIC and TANH share.
#pragma once

#include "ops/op.h"

namespace thimble {

enum class Sigmoid { logistic, tanh };

void infer_sigmoid(Graph& graph, Node& node, Sigmoid form);
void eval_sigmoid(EvalContext& context, Sigmoid form);
void lower_sigmoid(LowerContext& context, Sigmoid form);

}  // namespace thimble
