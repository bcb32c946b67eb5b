#include "train/quantized_seq2seq.h"

#include "base/random.h"
#include "evaluate/evaluate_project.h"
#include "ops/evaluate.h"

#include <algorithm>
#include <cstring>

namespace thimble {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kDecoderRunsMost = 800;

Bytes ids_bytes(const std::vector<int32_t>& ids)
{
    Bytes bytes(ids.size() * sizeof(int32_t));
    std::memcpy(bytes.data(), ids.data(), bytes.size());
    return bytes;
}

Bytes zeros(const Tensor& tensor)
{
    return Bytes(static_cast<size_t>(tensor.bytes()), uint8_t{0});
}

std::vector<Bytes> outputs_of(Evaluator& evaluator, const std::vector<Bytes>& inputs, size_t count)
{
    evaluator.reset();
    evaluator.begin_sequence();
    for (size_t i = 0; i < inputs.size(); ++i) evaluator.set_input(i, inputs[i]);
    evaluator.run();
    std::vector<Bytes> outputs;
    for (size_t i = 0; i < count; ++i)
        outputs.emplace_back(evaluator.output(i).begin(), evaluator.output(i).end());
    return outputs;
}

struct Recorded {
    std::vector<CalibrationRun> encoder, decoder;
};

// What both networks are given for a pair.
void record(const Graph& decoder, Evaluator& encode, Evaluator& decode, const Seq2seqSpec& spec,
            const TextPair& pair, Recorded& recorded)
{
    const std::vector<Bytes> encoded = outputs_of(encode, {ids_bytes(pair.source)}, 2);
    recorded.encoder.push_back({ids_bytes(pair.source)});
    const size_t states = decoder.outputs.size() - 1;
    std::vector<Bytes> inputs = {{}, encoded[1]};
    for (size_t i = 1; i < states; ++i)
        inputs.push_back(zeros(decoder.tensor(decoder.inputs[i + 1])));
    if (spec.attention) inputs.push_back(encoded[0]);
    auto symbol = static_cast<int32_t>(spec.begin);
    for (const int32_t next : pair.target) {
        inputs[0] = ids_bytes({symbol});
        recorded.decoder.push_back(inputs);
        const std::vector<Bytes> outputs = outputs_of(decode, inputs, states + 1);
        std::copy(outputs.begin() + 1, outputs.end(), inputs.begin() + 1);
        symbol = next;
    }
}

Recorded recorded_runs(const Graph& encoder, const Graph& decoder, const Seq2seqSpec& spec,
                       const std::vector<TextPair>& pairs, const TrainOptions& options)
{
    std::vector<const TextPair*> drawn;
    for (const TextPair& pair : pairs)
        if (!pair.test) drawn.push_back(&pair);
    SplitMix64 random(options.seed);
    random.shuffle(drawn);
    drawn.resize(std::min(drawn.size(), static_cast<size_t>(options.calibration)));
    Evaluator encode(encoder, Match::tflm), decode(decoder, Match::tflm);
    Recorded recorded;
    for (const TextPair* pair : drawn) record(decoder, encode, decode, spec, *pair, recorded);
    random.shuffle(recorded.decoder);
    recorded.decoder.resize(std::min(recorded.decoder.size(), kDecoderRunsMost));
    return recorded;
}

}  // namespace

QuantizedSeq2seq quantized_seq2seq(const Graph& encoder, const Graph& decoder,
                                   const Seq2seqSpec& spec, const std::vector<TextPair>& pairs,
                                   const std::string& scheme, const TrainOptions& options,
                                   const std::function<void(const std::string&)>& progress)
{
    const Recorded recorded = recorded_runs(encoder, decoder, spec, pairs, options);
    QuantizeOptions how;
    how.scheme = *scheme_from(scheme);
    how.progress = progress;
    QuantizeOptions carrying = how;
    for (size_t i = 1; i < decoder.outputs.size(); ++i) carrying.carried.emplace_back(i, i);
    return {quantize(encoder, recorded.encoder, how),
            quantize(decoder, recorded.decoder, carrying)};
}

Score exact_answers(const ProjectFile& file, const std::filesystem::path& encoder,
                    const std::filesystem::path& decoder, const RecordingProgress& progress)
{
    ProjectFile project = file;
    project.stages[0].set("encoder", {std::filesystem::absolute(encoder).string(), 0});
    project.stages[0].set("decoder", {std::filesystem::absolute(decoder).string(), 0});
    const Evaluation result = evaluate_project(project, {.engine = fastest_engine()}, progress);
    const auto samples = static_cast<double>(result.samples);
    return {.right = result.accuracy * samples, .samples = samples};
}

}  // namespace thimble
