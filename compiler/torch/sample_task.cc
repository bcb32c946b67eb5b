#include "torch/sample_task.h"

#include "base/error.h"
#include "ops/op.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace thimble {

namespace {

// Features of all samples as the network takes them: int64 ids, or float32.
torch::Tensor stacked_features(const SampleSet& set, bool ids)
{
    const int64_t count = set.sample.count();
    const auto samples = static_cast<int64_t>(set.train.size() + set.test.size());
    torch::Tensor all = at::empty({samples, count}, ids ? torch::kInt64 : torch::kFloat32);
    int64_t row = 0;
    for (const auto* list : {&set.train, &set.test}) {
        for (const LabelledSample& sample : *list) {
            Tensor tensor = set.sample;
            tensor.kind = TensorKind::constant;
            tensor.data = std::make_shared<const std::vector<uint8_t>>(sample.features);
            all[row++].copy_(to_torch(tensor).reshape({count}));
        }
    }
    std::vector<int64_t> shape = set.sample.shape;
    shape.insert(shape.begin(), samples);
    return all.reshape(shape);
}

}  // namespace

SampleTask::SampleTask(TrainableNetwork network, const SampleSet& set, const TrainOptions& options,
                       const std::string& place)
    : network_(network), label_count_(set.labels.size())
{
    const Graph& graph = network.graph;
    last_op_ = graph.nodes.back().op->name;
    values_ = graph.tensor(graph.outputs[0]).count();
    loss_ = chosen_loss(options.loss, place);
    inputs_ = stacked_features(set, graph.tensor(graph.inputs[0]).type == DType::i32);
    std::vector<int64_t> labels;
    std::vector<float> targets;
    for (const auto* list : {&set.train, &set.test}) {
        for (const LabelledSample& sample : *list) {
            labels.push_back(sample.label);
            targets.insert(targets.end(), sample.targets.begin(), sample.targets.end());
        }
    }
    labels_ = torch::tensor(labels, torch::kInt64);
    if (label_count_ == 0) {
        const auto samples = static_cast<int64_t>(labels.size());
        const auto found = static_cast<int64_t>(targets.size()) / samples;
        require(
            found == values_, ErrorCode::T0106,
            {place,
             fmt::format("the network gives {} values, the data has {} targets", values_, found),
             "as many", fmt::format("{{dense = {}}} as the last layer", found)});
        targets_ = torch::tensor(targets).reshape({samples, values_});
    }
    if (options.balanced && label_count_ > 0) weight_of_ = class_weights(set);
    set_changes(options, set, place);
}

void SampleTask::set_changes(const TrainOptions& options, const SampleSet& set,
                             const std::string& place)
{
    most_hidden_[0] = options.mask_rows, most_hidden_[1] = options.mask_channels;
    most_shifted_[0] = options.shift_rows, most_shifted_[1] = options.shift_channels;
    const int64_t rows = std::max(options.mask_rows, options.shift_rows);
    const int64_t channels = std::max(options.mask_channels, options.shift_channels);
    if (rows == 0 && channels == 0) return;
    const Shape& shape = set.sample.shape;
    require(
        shape.size() == 2 && set.ids == 0 && rows < shape[0] && channels < shape[1],
        ErrorCode::T0106,
        {place,
         fmt::format("{} rows and {} channels of {} {} are to be hidden or shifted", rows, channels,
                     set.ids > 0 ? "ids" : "features", shape_text(shape)),
         "fewer rows and channels than the network's input has",
         "augment = {mask_rows = 6, shift_rows = 2}"});
    const auto trained = static_cast<int64_t>(set.train.size());
    mask_value_ = inputs_.narrow(0, 0, trained).mean().item<double>();
}

// Moves each sample by any number of rows and of channels up to the most; what stood at the edge
// is repeated there. A channel or two of a mel spectrum are another throat (Jaitly, Hinton 2013).
torch::Tensor SampleTask::shifted(torch::Tensor inputs) const
{
    const int64_t samples = inputs.size(0);
    for (const int64_t axis : {1, 2}) {
        const int64_t most = most_shifted_[axis - 1];
        if (most == 0) continue;
        const int64_t size = inputs.size(axis);
        const torch::Tensor by = at::randint(-most, most + 1, {samples, 1}, torch::kInt64);
        const torch::Tensor from = (at::arange(size).unsqueeze(0) + by).clamp(0, size - 1);
        inputs = inputs.gather(axis, from.unsqueeze(3 - axis).expand_as(inputs));
    }
    return inputs;
}

// Hides a stretch of rows and one of channels of each sample, each of any length up to the most,
// anywhere (Park et al. 2019, arXiv:1904.08779): no detail alone may decide.
torch::Tensor SampleTask::masked(torch::Tensor inputs) const
{
    const int64_t samples = inputs.size(0);
    for (const int64_t axis : {1, 2}) {
        const int64_t most = most_hidden_[axis - 1];
        if (most == 0) continue;
        const int64_t size = inputs.size(axis);
        const torch::Tensor length = (at::rand({samples, 1}) * (most + 1)).floor();
        const torch::Tensor first = (at::rand({samples, 1}) * (size + 1 - length)).floor();
        const torch::Tensor place = at::arange(size).unsqueeze(0);
        const torch::Tensor hidden = place.ge(first).logical_and(place.lt(first + length));
        inputs = inputs.masked_fill(hidden.unsqueeze(3 - axis), mask_value_);
    }
    return inputs;
}

std::string SampleTask::chosen_loss(const std::string& wanted, const std::string& place) const
{
    const bool one_of_two = label_count_ == 2 && values_ == 1;
    require(
        label_count_ == 0 || one_of_two || values_ == static_cast<int64_t>(label_count_),
        ErrorCode::T0106,
        {place, fmt::format("the network gives {} values for {} labels", values_, label_count_),
         "one value for each label",
         fmt::format("{{dense = {}, activation = \"softmax\"}} as the last layer", label_count_)});
    std::string loss = wanted;
    if (loss == "auto") {
        loss = "cross_entropy";
        if (last_op_ == "logistic") loss = "bce";
        if (label_count_ == 0 || (one_of_two && last_op_ != "logistic")) loss = "mse";
    }
    const bool fits =
        loss == "mse" || (label_count_ > 0 && loss == "bce" && last_op_ == "logistic") ||
        (loss == "cross_entropy" && values_ > 1 && label_count_ > 0 && last_op_ != "logistic");
    require(fits, ErrorCode::T0106,
            {place, fmt::format("loss = \"{}\" behind {} values of {}", loss, values_, last_op_),
             "cross_entropy behind softmax, bce behind sigmoid, mse behind anything",
             "loss = \"auto\""});
    return loss;
}

// samples / (labels x samples of the label): the mean weight of a sample is 1.
torch::Tensor SampleTask::class_weights(const SampleSet& set) const
{
    std::vector<float> counts(label_count_, 0.0f);
    for (const LabelledSample& sample : set.train) ++counts[static_cast<size_t>(sample.label)];
    const float all = static_cast<float>(set.train.size());
    for (float& count : counts)
        count = count > 0 ? all / (static_cast<float>(label_count_) * count) : 0.0f;
    return torch::tensor(counts);
}

// The error of each sample, and which of them are right.
torch::Tensor SampleTask::errors(const torch::Tensor& y, const torch::Tensor& labels,
                                 const torch::Tensor& targets, torch::Tensor& right) const
{
    if (label_count_ == 0) {
        const torch::Tensor squares = (y - targets).square().mean(1);
        right = -squares.detach();
        return squares;
    }
    const torch::Tensor wanted = values_ == 1 ? labels.unsqueeze(1).to(torch::kFloat32)
                                              : at::one_hot(labels, values_).to(torch::kFloat32);
    const double middle = loss_ == "bce" ? 0.0 : 0.5;
    const torch::Tensor answer =
        values_ == 1 ? y.select(1, 0).gt(middle).to(torch::kInt64) : y.argmax(1);
    right = answer.eq(labels).to(torch::kFloat32);
    if (loss_ == "mse") return (y - wanted).square().mean(1);
    if (loss_ == "bce")
        return at::binary_cross_entropy_with_logits(y, wanted, {}, {}, at::Reduction::None).mean(1);
    return at::cross_entropy_loss(y, labels, {}, at::Reduction::None);
}

torch::Tensor SampleTask::loss(std::span<const int64_t> samples, bool training, Score& score)
{
    const torch::Tensor index =
        torch::tensor(at::ArrayRef<int64_t>(samples.data(), samples.size()), torch::kInt64);
    const torch::Tensor all = inputs_.index_select(0, index);
    const std::vector<torch::Tensor> inputs = {training ? masked(shifted(all)) : all};
    torch::Tensor y =
        loss_ == "mse" ? network_.forward(inputs, training)[0] : network_.logits(inputs, training);
    y = y.reshape({y.size(0), values_});
    const torch::Tensor labels = labels_.index_select(0, index);
    torch::Tensor right;
    torch::Tensor each =
        errors(y, labels, label_count_ == 0 ? targets_.index_select(0, index) : targets_, right);
    if (weight_of_.defined()) each = each * weight_of_.index_select(0, labels);
    const torch::Tensor mean = each.mean();
    const auto count = static_cast<double>(samples.size());
    score.add({mean.item<double>() * count, right.sum().item<double>(), count});
    return mean;
}

}  // namespace thimble
