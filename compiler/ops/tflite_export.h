// What an operator's export hook writes to: one subgraph of a .tflite file in the making.
//
// A hook is the reverse of the import hooks beside it: read back, the operators that it writes
// compute what the node computes, bit for bit. Most write one operator with the node's own inputs
// and outputs (write), many of them without options that the operator's name does not say already
// (export_plain). A node whose form the format does not have is refused, with a sentence.
#pragma once

#include "formats/tflite_writer.h"
#include "ir/graph.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

class TfliteExport {
public:
    explicit TfliteExport(const Graph& graph) : graph(graph) {}

    const Graph& graph;

    // The tensor's index in the file, which holds it from the first call on; -1 for kNoTensor.
    int tensor(TensorId id);
    std::vector<int> tensors(const std::vector<TensorId>& ids);
    // A tensor that only the file has.
    int add(const Tensor& like, std::string name, Shape shape);
    int add_constant(const Tensor& tensor);
    int add_integers(std::string name, const std::vector<int64_t>& values);
    // The handle of the resource variable that stands for a state tensor; written by VAR_HANDLE
    // before its first use.
    int variable(TensorId state);

    // One operator between the node's inputs and outputs.
    void write(const Node& node, std::string_view name, std::vector<TfliteOption> options = {});
    // Any other.
    void write(TfliteDraftOperator op);

    // Everything written so far, between the graph's inputs and outputs.
    TfliteDraft finish();

private:
    void write_first_values(TfliteDraft& draft);
    TfliteDraftSubgraph main_;
    std::map<TensorId, int> indices_;
    std::map<TensorId, int> handles_;
};

// For operators whose import hooks read no options, or for nodes whose attributes are what a file
// without options gives: writes the node under that one of its names whose hook gives these
// attributes. Refuses the node when there is none.
void export_plain(TfliteExport& file, const Node& node);

// Throws T0202: the node is refused because of `found`.
[[noreturn]] void refuse_export(std::string found, std::string expected, std::string remedy);

int tflite_type_number(DType type);
inline int8_t tflite_padding(bool same)
{
    return same ? tflite_field::kPaddingSame : tflite_field::kPaddingValid;
}

}  // namespace thimble
