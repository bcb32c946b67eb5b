// A quantised encoder and decoder as a task: training on with the device's own arithmetic, as
// device_task.h has it for one network.
//
// The oracle runs the encoder for each pair, then the decoder step by step; what is carried goes
// from step to step as the integers that it is, through the same conversion that the program has
// where two scales meet (project/seq2seq.h). Every tensor of every step gets the oracle's value,
// and the gradients are those of the float operators at these values, back through all steps.
//
// The oracle takes milliseconds for a pair, so that an epoch is kPairsMost pairs, drawn anew for
// each.
//
// Tested by tests/train/device_seq2seq_task_test.cc.
#pragma once

#include "ops/evaluate.h"
#include "torch/device_network.h"
#include "torch/seq2seq_task.h"
#include "train/quantized_seq2seq.h"

#include <deque>

namespace thimble {

class DeviceSeq2seqTask : public Seq2seqTask {
public:
    static constexpr size_t kPairsMost = 10'000;

    // `quantized` and `pairs` are kept; `quantized` holds the trained weights at last. Throws T0202
    // for layers that have no gradient.
    DeviceSeq2seqTask(QuantizedSeq2seq& quantized, const Seq2seqSpec& spec,
                      const std::vector<TextPair>& pairs, const TrainOptions& options);

    void arrange(std::vector<int64_t>& order, size_t batch, SplitMix64& random) override;
    // Rounds the weights of now into the quantised graphs.
    void requantize();

protected:
    std::map<TensorId, torch::Tensor> encoder_values(std::span<const int64_t> samples) override;
    std::map<TensorId, torch::Tensor> decoder_values(std::span<const int64_t> samples, int64_t step,
                                                     const torch::Tensor& symbols) override;

private:
    using Bytes = std::vector<uint8_t>;

    // An output in the type and scale of the input that takes it.
    class Handover {
    public:
        Handover(const Tensor& from, const Tensor& to);
        Handover(const Handover&) = delete;
        Handover& operator=(const Handover&) = delete;
        Bytes convert(std::span<const uint8_t> bytes);

    private:
        Graph graph_;
        Evaluator oracle_;
    };

    DeviceNetwork encoder_device_, decoder_device_;
    const std::vector<TextPair>& pairs_;
    std::deque<Handover> first_;              // the encoder's memory and h, into the decoder
    std::deque<Handover> carried_;            // of the decoder's states, from step to step
    std::vector<std::vector<Bytes>> inputs_;  // of the decoder's next step, for each sample
};

}  // namespace thimble
