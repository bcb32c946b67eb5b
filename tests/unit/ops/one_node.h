// A graph of one node, built by hand, to run an operator's import hook, infer and eval.
#pragma once

#include "formats/tflite_writer.h"
#include "ops/op.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace thimble {

class OneNode {
public:
    // An operator by its own name, or by that of the file: then its options go through the import
    // hook.
    explicit OneNode(std::string_view op, std::vector<TfliteOption> options = {},
                     std::vector<uint8_t> custom_options = {})
    {
        node_.name = "tested";
        node_.op = find_op(op);
        if (node_.op) return;
        const TfliteMatch match = find_tflite_op(op);
        THIMBLE_CHECK(match.op, "no operator imports " + std::string(op));
        node_.op = match.op;
        import_ = match.import;
        TfliteDraft draft;
        draft.subgraphs.push_back({.operators = {{.name = std::string(op),
                                                  .options = std::move(options),
                                                  .custom_options = std::move(custom_options)}}});
        model_ = read_tflite(write_tflite(draft), "tested");
    }

    template <typename T>
    OneNode& in(Shape shape, const std::vector<T>& data, float scale = 0, int64_t zero_point = 0)
    {
        return input(TensorKind::activation, std::move(shape), data, scale, zero_point);
    }
    template <typename T>
    OneNode& constant(Shape shape, const std::vector<T>& data, float scale = 0,
                      int64_t zero_point = 0)
    {
        return input(TensorKind::constant, std::move(shape), data, scale, zero_point);
    }
    template <typename T>
    OneNode& state(Shape shape, const std::vector<T>& data, float scale = 0, int64_t zero_point = 0)
    {
        return input(TensorKind::state, std::move(shape), data, scale, zero_point);
    }
    OneNode& absent()
    {
        node_.inputs.push_back(kNoTensor);
        return *this;
    }
    // Its type and shape are the operator's to decide.
    OneNode& out(float scale = 0, int64_t zero_point = 0)
    {
        Tensor tensor;
        tensor.quant = quantization(scale, zero_point);
        node_.outputs.push_back(graph_.add_tensor(std::move(tensor)));
        values_.emplace_back();
        return *this;
    }

    template <typename T> void set(size_t index, const std::vector<T>& data)
    {
        values_.at(slot(node_.inputs.at(index))) = bytes_of(data);
    }
    void infer()
    {
        if (import_) import_->import(model_.subgraphs[0].operators[0], graph_, node_);
        import_ = nullptr;
        while (values_.size() < graph_.tensors.size())
            values_.push_back(*graph_.tensors[values_.size()].data);
        node_.op->infer(graph_, node_);
    }
    // Computes the outputs; states keep their values from one call to the next.
    void run(Match match = Match::tflm)
    {
        infer();
        for (const TensorId id : node_.outputs)
            values_.at(slot(id)).assign(static_cast<size_t>(graph_.tensor(id).bytes()), 0);
        EvalContext context(graph_, node_, values_, match);
        node_.op->eval(context);
    }
    template <typename T> std::vector<T> output(size_t index = 0) const
    {
        return typed<T>(node_.outputs.at(index));
    }
    template <typename T> std::vector<T> value(size_t index) const
    {
        return typed<T>(node_.inputs.at(index));
    }
    Graph& graph() { return graph_; }
    Node& node() { return node_; }
    Tensor& input_tensor(size_t index) { return graph_.tensor(node_.inputs.at(index)); }
    const Tensor& output_tensor(size_t index = 0) const { return graph_.output(node_, index); }

private:
    static size_t slot(TensorId id) { return static_cast<size_t>(id); }
    static Quantization quantization(float scale, int64_t zero_point)
    {
        return scale == 0 ? Quantization{} : Quantization{{scale}, {zero_point}, 0};
    }
    template <typename T> static std::vector<uint8_t> bytes_of(const std::vector<T>& data)
    {
        const auto* first = reinterpret_cast<const uint8_t*>(data.data());
        return {first, first + data.size() * sizeof(T)};
    }
    template <typename T>
    OneNode& input(TensorKind kind, Shape shape, const std::vector<T>& data, float scale,
                   int64_t zero_point)
    {
        Tensor tensor;
        tensor.name = "input_" + std::to_string(node_.inputs.size());
        tensor.type = dtype_of<T>();
        tensor.shape = std::move(shape);
        tensor.quant = quantization(scale, zero_point);
        tensor.kind = kind;
        if (kind != TensorKind::activation)
            tensor.data = std::make_shared<const std::vector<uint8_t>>(bytes_of(data));
        node_.inputs.push_back(graph_.add_tensor(std::move(tensor)));
        values_.push_back(bytes_of(data));
        return *this;
    }
    template <typename T> std::vector<T> typed(TensorId id) const
    {
        const std::vector<uint8_t>& bytes = values_.at(slot(id));
        const auto* first = reinterpret_cast<const T*>(bytes.data());
        return {first, first + bytes.size() / sizeof(T)};
    }
    TfliteModel model_;
    const TfliteImport* import_ = nullptr;
    Graph graph_;
    Node node_;
    std::vector<std::vector<uint8_t>> values_;  // by tensor id
};

// The code of the Error that `action` throws.
template <typename F> ErrorCode error_of(F action)
{
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::T0001;
}

}  // namespace thimble
