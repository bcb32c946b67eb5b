// What LOGISTIC, TANH and recurrent layers share.
#pragma once

#include "ops/op.h"

namespace thimble {

enum class Sigmoid { logistic, tanh };

void infer_sigmoid(Graph& graph, Node& node, Sigmoid form);
void eval_sigmoid(EvalContext& context, Sigmoid form);
// Oracle: the 16-bit functions of an argument in steps of 1 / 12288, result in Q0.15.
int16_t oracle_logistic_s16(int64_t v);
int16_t oracle_tanh_s16(int64_t v);
float oracle_logistic_f32(float x);

void lower_sigmoid(LowerContext& context, Sigmoid form);
// Why its scales cannot change from turn to turn (by_turn.h).
std::string no_sigmoid_by_turn(const Graph& graph, const Node& node);

}  // namespace thimble
