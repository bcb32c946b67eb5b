// TensorFlow Lite to Graph: one importer for the model, and one for each body of a loop or branch.
#pragma once

#include "base/error.h"
#include "formats/tflite.h"
#include "ir/graph.h"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thimble {

// What all importers of one model share: a small file can ask for much.
struct ImportLimits {
    int64_t operators_left = 1 << 16;  // with calls written out; nets at hand have some thousands
    int64_t state_bytes_left = 1 << 26;  // of all variables; nets at hand keep some KB
    std::vector<int> active;             // subgraphs that are being read: none calls itself
};

// A subgraph that is being read; leaves when its reader ends, also by an error.
class Entered {
public:
    Entered(std::vector<int>& active, int index) : active_(active) { active_.push_back(index); }
    ~Entered() { active_.pop_back(); }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

private:
    std::vector<int>& active_;
};

class Importer {
public:
    // A body's importer knows the one of the graph around it, whose variables it uses.
    Importer(const TfliteModel& model, ImportLimits& limits, Importer* outer = nullptr)
        : model_(model), limits_(limits), outer_(outer)
    {
    }

    Graph run(size_t subgraph);
    // The first values that the subgraph of a CALL_ONCE gives to variables.
    std::map<std::string, std::vector<uint8_t>> initial_values(size_t subgraph);

private:
    // What an input of a body is: a tensor like `like`, a constant, or a variable's handle.
    struct Argument {
        Tensor like;
        std::string variable;
    };
    // A body, and for each of its state tensors the one outside that it stands for.
    struct Body {
        Graph graph;
        std::vector<std::pair<TensorId, TensorId>> states;  // inside, outside
    };

    // tflite.cc: tensors and operators
    void note_dynamic(const TfliteTensor& source);
    std::vector<TensorId> add_tensors(const TfliteSubgraph& subgraph);
    TensorId add_tensor(const TfliteTensor& source);
    void add_nodes(const TfliteSubgraph& subgraph, std::vector<TensorId>& ids);
    void add_node(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                  std::vector<TensorId>& ids);
    void add_by_kind(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                     const std::vector<TensorId>& ids, Node node);
    void add_refused(const TfliteOperator& source, const std::vector<TensorId>& ids,
                     std::string name, const ErrorText& text);
    void add_operator(const TfliteOperator& source, Node node);
    void check_inputs(const TfliteSubgraph& subgraph, const TfliteOperator& source,
                      const Node& node) const;
    void fold_integers(Node& node);
    TensorId output_id(TensorId id);
    std::string unique_name(const TfliteOperator& source, const Node& node);
    void mark_written(TensorId id)
    {
        written_.resize(graph_.tensors.size(), false);
        written_[static_cast<size_t>(id)] = true;
    }
    bool is_written(TensorId id) const
    {
        return graph_.tensor(id).kind != TensorKind::activation ||
               (static_cast<size_t>(id) < written_.size() && written_[static_cast<size_t>(id)]);
    }

    // tflite_variables.cc: variables
    void add_resource_node(const TfliteOperator& source, Node node);
    void call_once(const TfliteOperator& source);
    TensorId state_of(TensorId handle, TensorId like);
    TensorId variable(const std::string& name, const Tensor& like);
    std::shared_ptr<const std::vector<uint8_t>> new_state(const Tensor& tensor);
    Importer& root() { return outer_ ? outer_->root() : *this; }

    // tflite_control.cc: operators that name subgraphs
    const TfliteSubgraph& called(int index) const;
    void inline_subgraph(int index, const TfliteOperator& source, std::span<const int> arguments,
                         const std::vector<TensorId>& ids);
    void pass_on(TensorId in, TensorId out);
    Argument argument_of(TensorId id, bool constant_inside) const;
    void take_argument(TensorId id, const Argument& argument);
    Body read_body(int index, const std::vector<Argument>& arguments,
                   const std::vector<size_t>& inputs, const std::vector<size_t>& outputs);
    void share_states(Body& first, Body& second, Node& node);
    void add_control(std::string_view op, Node node);
    void add_while(const TfliteSubgraph& subgraph, const TfliteOperator& source, Node node);
    static bool is_used(const TfliteSubgraph& subgraph, int tensor);
    void add_if(const TfliteOperator& source, const std::vector<TensorId>& ids, Node node);

    const TfliteModel& model_;
    ImportLimits& limits_;
    Importer* outer_;
    Graph graph_;
    std::vector<bool> written_;
    std::map<TensorId, std::string> handles_;     // tensor of a VAR_HANDLE -> variable name
    std::map<std::string, TensorId> variables_;   // variable name -> state tensor
    std::map<std::string, int> names_;            // layer names given so far
    std::map<std::string, std::vector<uint8_t>> initial_values_;  // by CALL_ONCE
    bool init_pass_ = false;                      // importing the subgraph of a CALL_ONCE
};

}  // namespace thimble
