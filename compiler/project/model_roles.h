// A model that is part of a composition, and the role of each of its inputs and outputs.
//
// A role is found, in this order: where the project file names it; by the tensor's own name (that
// of a signature first); by its size, when one tensor alone can be meant. What is left is an error
// that lists the tensors: nothing is guessed.
//
// Tested by tests/unit/project/refusals_test.cc.
#pragma once

#include "ir/graph.h"
#include "project/project_file.h"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace thimble {

struct ModelPort {
    TensorId id;
    std::string tensor_name;
    std::string signature_name;  // empty: the model has no signature
};

// The inputs or the outputs of a model.
class ModelPorts {
public:
    // `key` is that of the role table in the project file: "decoder_inputs".
    ModelPorts(const Graph& graph, std::string model, std::vector<ModelPort> ports,
               const Settings& settings, std::string key);

    bool has(const std::string& role) const { return roles_.count(role) > 0; }
    // Position in the model's list. The role must have been found.
    size_t at(const std::string& role) const { return roles_.at(role); }
    const Tensor& tensor(const std::string& role) const { return tensor_at(at(role)); }
    const Tensor& tensor_at(size_t index) const { return graph_->tensor(ports_[index].id); }
    const std::map<std::string, size_t>& roles() const { return roles_; }
    std::vector<size_t> unassigned() const;

    // Gives `role` to the only port without a role that `fits`, if there is exactly one.
    void assign_only(const std::string& role, const std::function<bool(const Tensor&)>& fits);
    // Throws T0106 unless the role has been found. `what` says what it is for.
    void require_role(const std::string& role, const std::string& what) const;
    // Throws T0106 when a port is left without a role. `known` says what sizes were looked for.
    void require_all_assigned(const std::string& known) const;
    [[noreturn]] void wrong(const std::string& found, const std::string& expected) const;

private:
    void assign_from_settings(const RoleTable& table);
    void assign_by_name();
    bool assigned(size_t index) const;
    std::string list() const;     // "0 'x' float32[1, 64], 1 ..."
    std::string example() const;  // "decoder_inputs = {x = 0, h = 1, c = 2}"

    const Graph* graph_;
    std::string model_;
    std::vector<ModelPort> ports_;
    const Settings* settings_;
    std::string key_;
    std::map<std::string, size_t> roles_;
};

struct RoledModel {
    std::shared_ptr<const Graph> graph;  // all nodes supported
    std::string name;                    // of the file
    ModelPorts inputs;
    ModelPorts outputs;
};

// Throws T0101 when the file that `key` of a stage names is not there, and `layers` say that
// training makes it.
void require_trained(const Settings& stage, const std::string& key);

// Reads the model that the key `file_key` of `where` names, with the signature and the roles that
// the stage gives for `side` ("encoder", "decoder"). Throws what import_model throws, T0004, T0106.
RoledModel load_model(const Settings& stage, const Settings& where, const std::string& file_key,
                      const std::string& side);

}  // namespace thimble
