// The contract of an operator: everything the compiler asks of `compiler/ops/<op>.cc`.
//
// One file per operator holds, in this order: head comment, attributes struct, import hooks, infer,
// eval (the oracle), lower, macs, and the record `const OpDef op_<name>`. ops.def lists all
// records. eval uses numeric/reference.h only; lower uses numeric/requantize.h only; neither sees
// the other.
#pragma once

#include "base/error.h"
#include "ir/graph.h"
#include "ir/program.h"
#include "ir/target_facts.h"
#include "ops/eval.h"
#include "ops/lower.h"

#include <string>
#include <string_view>
#include <vector>

namespace thimble {

class TfliteExport;       // ops/tflite_export.h
struct QuantizationRule;  // ops/quantization_rule.h
struct TfliteOperator;    // formats/tflite.h

// One operator of a file format that becomes this operator.
struct TfliteImport {
    std::string_view source_op;  // "CONV_2D", "CUSTOM:SignalWindow"
    // Reads the options of `source` into node.attributes; may rewrite node.inputs, and add tensors
    // to `graph`: the state of an operator whose file holds none. It may also add nodes to `graph`
    // and let `node` be another operator. The node's inputs and outputs are already those of the
    // file. Throws Error when a variant is not supported.
    void (*import)(const TfliteOperator& source, Graph& graph, Node& node);
};

struct OpDef {
    std::string_view name;     // file name, kernel prefix, "conv2d"
    std::vector<TfliteImport> tflite;
    // Checks types, shapes, quantisation of the inputs and sets type and shape of every output.
    // (The output's type and quantisation are the file's until then.) Throws Error: T0202, T0203,
    // T0205.
    void (*infer)(Graph& graph, Node& node) = nullptr;
    // The oracle: computes the outputs from the inputs, slowly and obviously.
    void (*eval)(EvalContext& context) = nullptr;
    // Emits kernel calls for one node on one target.
    void (*lower)(LowerContext& context) = nullptr;
    // Multiply-accumulates of one run of the node; null: none.
    int64_t (*macs)(const Graph& graph, const Node& node) = nullptr;
    // True for operators that write one of their inputs (a state tensor): never folded or removed.
    bool has_side_effect = false;
    // Whether the attributes of two nodes say the same, after infer; null: the operator has no
    // attributes, or its nodes are never taken for copies of each other.
    bool (*same_attributes)(const std::any& a, const std::any& b) = nullptr;
    // Why the node, in the body of a scan, cannot be lowered with scales that change from turn to
    // turn (Tensor::by_turn); empty: it can (ops/by_turn.h). Null: it never can.
    std::string (*no_changing_scales)(const Graph& graph, const Node& node) = nullptr;
    // Writes the node as operators of a .tflite file: the reverse of the import hooks, so that the
    // file read back computes the same (ops/tflite_export.h). Null: the format has nothing like it.
    void (*export_tflite)(TfliteExport& file, const Node& node) = nullptr;
    // How the node of a float network is quantised (ops/quantization_rule.h). Null: it is not.
    QuantizationRule (*quantization)(const Graph& graph, const Node& node) = nullptr;
};

template <typename Attributes> bool equal_attributes(const std::any& a, const std::any& b)
{
    return std::any_cast<const Attributes&>(a) == std::any_cast<const Attributes&>(b);
}

// All operators, in the order of ops.def.
std::span<const OpDef* const> all_ops();
const OpDef* find_op(std::string_view name);
// The formula of ops.def.
std::string_view op_formula(std::string_view name);
// The operator that imports `source_op`, with its hook; null when there is none.
struct TfliteMatch {
    const OpDef* op = nullptr;
    const TfliteImport* import = nullptr;
};
TfliteMatch find_tflite_op(std::string_view source_op);

// Checks shared by the operators' infer functions; all throw Error. The import loop adds the place.
[[noreturn]] void fail_type(std::string found, std::string expected);
void require_inputs(const Node& node, size_t least, size_t most);
void require_outputs(const Node& node, size_t count);
void require_rank(const Graph& graph, const Node& node, size_t input, size_t least, size_t most);
void require_shape(bool condition, std::string found, std::string expected);
// The named inputs, or the output, carry scales (positive and finite, as many as the axis says).
void require_quantized(const Graph& graph, const Node& node, std::initializer_list<size_t> inputs);
void require_output_quantized(const Graph& graph, const Node& node, size_t output = 0);

}  // namespace thimble
