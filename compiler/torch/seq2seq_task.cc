#include "torch/seq2seq_task.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace thimble {

namespace {

torch::Tensor table(const std::vector<TextPair>& pairs, std::vector<int32_t> TextPair::*ids,
                    int64_t width, int64_t pad)
{
    std::vector<int64_t> all;
    for (const TextPair& pair : pairs) {
        const std::vector<int32_t>& row = pair.*ids;
        for (int64_t i = 0; i < width; ++i)
            all.push_back(i < static_cast<int64_t>(row.size()) ? row[static_cast<size_t>(i)] : pad);
    }
    return torch::tensor(all, torch::kInt64).reshape({static_cast<int64_t>(pairs.size()), width});
}

}  // namespace

Seq2seqTask::Seq2seqTask(const Seq2seqSpec& spec, const std::vector<TextPair>& pairs,
                         const TrainOptions& options)
    : Seq2seqTask(spec, build_network(spec.encoder, options.seed),
                  build_decoder(spec, options.seed + 1), pairs, options)
{
}

Seq2seqTask::Seq2seqTask(const Seq2seqSpec& spec, TrainableNetwork encoder,
                         TrainableNetwork decoder, const std::vector<TextPair>& pairs,
                         const TrainOptions& options)
    : spec_(spec),
      sampling_most_(options.sampling),
      encoder_(std::move(encoder)),
      decoder_(std::move(decoder)),
      sources_(table(pairs, &TextPair::source, spec.places, spec.pad)),
      targets_(table(pairs, &TextPair::target, spec.max_target + 1, spec.pad))
{
    for (Differentiable* part : {&encoder_, &decoder_}) {
        weights_.insert(weights_.end(), part->weights().begin(), part->weights().end());
        statistics_.insert(statistics_.end(), part->statistics().begin(), part->statistics().end());
    }
    for (const TextPair& pair : pairs) lengths_.push_back(static_cast<int64_t>(pair.target.size()));
}

void Seq2seqTask::begin_epoch(double share_done)
{
    sampling_ = sampling_most_ * share_done;
}

// Answers of like length share a batch, so that few of its steps are behind an end: batches are cut
// from runs of 16 batches that are sorted by length, and shuffled then.
void Seq2seqTask::arrange(std::vector<int64_t>& order, size_t batch, SplitMix64& random)
{
    const size_t run = 16 * batch;
    std::vector<std::vector<int64_t>> batches;
    for (size_t at = 0; at < order.size(); at += run) {
        const size_t end = std::min(order.size(), at + run);
        std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(at),
                         order.begin() + static_cast<std::ptrdiff_t>(end),
                         [&](int64_t a, int64_t b) { return length(a) < length(b); });
        for (size_t from = at; from < end; from += batch)
            batches.emplace_back(
                order.begin() + static_cast<std::ptrdiff_t>(from),
                order.begin() + static_cast<std::ptrdiff_t>(std::min(end, from + batch)));
    }
    random.shuffle(batches);
    order.clear();
    for (const auto& one : batches) order.insert(order.end(), one.begin(), one.end());
}

// What the decoder is given next.
torch::Tensor Seq2seqTask::next_symbols(const torch::Tensor& logits, const torch::Tensor& right,
                                        bool training)
{
    if (!training) return logits.argmax(1);
    if (sampling_ == 0) return right;
    const torch::Tensor own = at::rand({right.size(0)}).lt(sampling_);
    return at::where(own, logits.detach().argmax(1), right);
}

torch::Tensor Seq2seqTask::loss(std::span<const int64_t> samples, bool training, Score& score)
{
    const auto count = static_cast<int64_t>(samples.size());
    const torch::Tensor index =
        torch::tensor(at::ArrayRef<int64_t>(samples.data(), samples.size()), torch::kInt64);
    int64_t steps = 1;
    for (const int64_t sample : samples) steps = std::max(steps, length(sample));
    encoder_.set_exact(encoder_values(samples));
    const std::vector<torch::Tensor> encoded =
        encoder_.forward({sources_.index_select(0, index)}, training);
    const torch::Tensor targets = targets_.index_select(0, index);
    torch::Tensor symbol = at::full({count}, spec_.begin, torch::kInt64);
    std::vector<torch::Tensor> states = {encoded[1]};
    if (spec_.cell == "lstm") states.push_back(at::zeros({count, spec_.units}));
    if (spec_.attention) states.push_back(at::zeros({count, spec_.width()}));
    std::vector<torch::Tensor> logits;
    for (int64_t t = 0; t < steps; ++t) {
        std::vector<torch::Tensor> inputs = {symbol};
        inputs.insert(inputs.end(), states.begin(), states.end());
        if (spec_.attention) inputs.push_back(encoded[0]);
        decoder_.set_exact(decoder_values(samples, t, symbol));
        std::vector<torch::Tensor> outputs = decoder_.forward(inputs, training);
        logits.push_back(outputs[0]);
        states.assign(outputs.begin() + 1, outputs.end());
        symbol = next_symbols(outputs[0], targets.select(1, t), training);
    }
    // Every symbol up to the end counts.
    const torch::Tensor all = at::stack(logits, 1);
    const torch::Tensor wanted = targets.slice(1, 0, steps);
    std::vector<float> shares;
    for (const int64_t sample : samples)
        for (int64_t t = 0; t < steps; ++t) shares.push_back(t < length(sample) ? 1.0f : 0.0f);
    const torch::Tensor counts = torch::tensor(shares).reshape({count, steps});
    const torch::Tensor each =
        at::cross_entropy_loss(all.flatten(0, 1), wanted.flatten(), {}, at::Reduction::None)
            .reshape({count, steps});
    const torch::Tensor mean = (each * counts).sum() / counts.sum();
    const torch::Tensor right = at::logical_or(all.argmax(2).eq(wanted), counts.eq(0)).all(1);
    score.add({mean.item<double>() * static_cast<double>(count), right.sum().item<double>(),
               static_cast<double>(count)});
    return mean;
}

}  // namespace thimble
