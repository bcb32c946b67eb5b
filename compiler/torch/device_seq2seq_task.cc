#include "torch/device_seq2seq_task.h"

#include "project/graph_builder.h"

#include <algorithm>
#include <cstring>

namespace thimble {

namespace {

using Bytes = std::vector<uint8_t>;

Bytes id_bytes(std::span<const int32_t> ids)
{
    Bytes bytes(ids.size_bytes());
    std::memcpy(bytes.data(), ids.data(), bytes.size());
    return bytes;
}

Graph conversion(const Tensor& from, const Tensor& to)
{
    GraphBuilder build("handover");
    const TensorId in = build.input(from);
    build.output(build.reshaped(build.converted(in, to), to.shape));
    return build.finish();
}

Bytes zero_bytes(const Tensor& like)
{
    GraphBuilder build("zeros");
    return *build.tensor(build.zeros("zeros", like)).data;
}

const Tensor& input_of(const Graph& graph, size_t index)
{
    return graph.tensor(graph.inputs[index]);
}

const Tensor& output_of(const Graph& graph, size_t index)
{
    return graph.tensor(graph.outputs[index]);
}

}  // namespace

DeviceSeq2seqTask::Handover::Handover(const Tensor& from, const Tensor& to)
    : graph_(conversion(from, to)), oracle_(graph_, Match::tflm)
{
}

Bytes DeviceSeq2seqTask::Handover::convert(std::span<const uint8_t> bytes)
{
    oracle_.set_input(0, bytes);
    oracle_.run();
    return {oracle_.output(0).begin(), oracle_.output(0).end()};
}

DeviceSeq2seqTask::DeviceSeq2seqTask(QuantizedSeq2seq& quantized, const Seq2seqSpec& spec,
                                     const std::vector<TextPair>& pairs,
                                     const TrainOptions& options)
    : Seq2seqTask(spec, trainable_network(quantized.encoder.network),
                  trainable_network(quantized.decoder.network), pairs, options),
      encoder_device_(quantized.encoder),
      decoder_device_(quantized.decoder),
      pairs_(pairs)
{
    const Graph &encoder = encoder_device_.graph(), &decoder = decoder_device_.graph();
    first_.emplace_back(output_of(encoder, 1), input_of(decoder, 1));
    if (spec.attention)
        first_.emplace_back(output_of(encoder, 0), input_of(decoder, decoder.inputs.size() - 1));
    for (size_t i = 1; i < decoder.outputs.size(); ++i)
        carried_.emplace_back(output_of(decoder, i), input_of(decoder, i));
}

void DeviceSeq2seqTask::arrange(std::vector<int64_t>& order, size_t batch, SplitMix64& random)
{
    order.resize(std::min(order.size(), kPairsMost));
    Seq2seqTask::arrange(order, batch, random);
}

void DeviceSeq2seqTask::requantize()
{
    encoder_device_.requantize(encoder());
    decoder_device_.requantize(decoder());
}

std::map<TensorId, torch::Tensor> DeviceSeq2seqTask::encoder_values(
    std::span<const int64_t> samples)
{
    requantize();
    const Graph& decoder = decoder_device_.graph();
    std::vector<Bytes> start = {{}, {}};  // the symbol, h
    for (size_t i = 2; i < decoder.outputs.size(); ++i)
        start.push_back(zero_bytes(input_of(decoder, i)));
    encoder_device_.begin_batch();
    inputs_.clear();
    for (const int64_t sample : samples) {
        encoder_device_.run({id_bytes(pairs_[static_cast<size_t>(sample)].source)});
        start[1] = first_[0].convert(encoder_device_.output(1));
        inputs_.push_back(start);
        if (spec().attention)
            inputs_.back().push_back(first_[1].convert(encoder_device_.output(0)));
    }
    return encoder_device_.values();
}

std::map<TensorId, torch::Tensor> DeviceSeq2seqTask::decoder_values(
    std::span<const int64_t> samples, int64_t step, const torch::Tensor& symbols)
{
    decoder_device_.begin_batch();
    for (size_t n = 0; n < samples.size(); ++n) {
        if (step >= length(samples[n])) {
            decoder_device_.run_nothing();
            continue;
        }
        const auto symbol = static_cast<int32_t>(symbols[static_cast<int64_t>(n)].item<int64_t>());
        inputs_[n][0] = id_bytes({&symbol, 1});
        decoder_device_.run(inputs_[n]);
        for (size_t i = 0; i < carried_.size(); ++i)
            inputs_[n][i + 1] = carried_[i].convert(decoder_device_.output(i + 1));
    }
    return decoder_device_.values();
}

}  // namespace thimble
