// Encoder and decoder trained on with the device's arithmetic: what the task computes is what the
// composed program computes, its gradients are those of float, and coarse networks get better.
#include "torch/device_seq2seq_task.h"

#include "base/file.h"
#include "evaluate/values.h"
#include "export/tflite.h"
#include "project/seq2seq.h"
#include "train/layers.h"
#include "train/model_files.h"
#include "train/reversal.h"
#include "train/train_run.h"

#include <ATen/ATen.h>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thimble {
namespace {

struct Case {
    const char* name;
    const char* cell;
    bool attention;
    const char* scheme;
    bool mask = false;
};

TrainRun run_of(int64_t epochs, double rate)
{
    TrainRun run = run_over(epochs, rate, 500, 100);
    run.options.batch = 50;
    run.options.schedule = "cosine";
    return run;
}

struct Trained {
    Seq2seqSpec spec;
    std::vector<TextPair> pairs;
    Graph encoder, decoder;

    QuantizedSeq2seq quantized(const std::string& scheme) const
    {
        return quantized_seq2seq(encoder, decoder, spec, pairs, scheme, default_options(), {});
    }
};

Trained trained(const Case& c)
{
    const TrainRun run = run_of(12, 0.01);
    const Seq2seqSpec spec = reversal_spec(c.cell, c.attention, c.mask);
    Trained result{spec, reversal_pairs(), {}, {}};
    Seq2seqTask task(spec, result.pairs, run.options);
    train(task, run);
    result.encoder = deployed(task.encoder(), spec.encoder);
    result.decoder = task.decoder().graph;
    return result;
}

// The stage as `thimble build` makes it of both files.
Graph composed(const QuantizedSeq2seq& quantized)
{
    const TemporaryFolder folder;
    export_tflite_file(quantized.encoder.graph(), folder.path() / "encoder.tflite");
    export_tflite_file(quantized.decoder.graph(), folder.path() / "decoder.tflite");
    const ProjectFile file = parse_project_file(
        fmt::format("[[stage]]\nkind = \"seq2seq\"\nencoder = \"encoder.tflite\"\n"
                    "decoder = \"decoder.tflite\"\nbegin = 1\nend = 2\nmax_source = {}\n"
                    "max_target = {}\n",
                    kPlaces, kPlaces + 1),
        folder.path() / "thimble.toml");
    return seq2seq_graph(load_seq2seq(file.stages[0]), "reversal");
}

// The ids of the answer, with the end behind them.
std::vector<int32_t> answer(Evaluator& program, const TextPair& pair)
{
    program.reset();
    program.begin_sequence();
    program.set_input(0, {reinterpret_cast<const uint8_t*>(pair.source.data()),
                          pair.source.size() * sizeof(int32_t)});
    program.run();
    std::vector<int32_t> ids(static_cast<size_t>(kPlaces + 1));
    std::memcpy(ids.data(), program.output(0).data(), ids.size() * sizeof(int32_t));
    int32_t count = 0;
    std::memcpy(&count, program.output(1).data(), sizeof(count));
    ids.resize(static_cast<size_t>(count));
    ids.push_back(2);
    return ids;
}

class DeviceSeq2seqCase : public testing::TestWithParam<Case> {};

TEST_P(DeviceSeq2seqCase, answers_as_the_composed_program_and_learns)
{
    const Trained one = trained(GetParam());
    QuantizedSeq2seq quantized = one.quantized(GetParam().scheme);
    TrainRun run = run_of(4, 0.002);
    run.first_counts = true;
    DeviceSeq2seqTask task(quantized, one.spec, one.pairs, run.options);
    const auto check = [&] {
        const Graph graph = composed(quantized);
        Evaluator program(graph, Match::tflm);
        for (const int64_t sample : numbers(500, 100)) {
            const TextPair& pair = one.pairs[static_cast<size_t>(sample)];
            Score score;
            task.score({&sample, 1}, score);
            EXPECT_EQ(score.right == 1, answer(program, pair) == pair.target) << sample;
        }
    };
    check();
    Score before, after;
    task.score(run.validation, before);
    const History history = train(task, run);
    task.score(run.validation, after);
    EXPECT_GE(after.right, before.right);
    EXPECT_LT(history.epochs.back().train.mean_loss(), history.epochs.front().train.mean_loss());
    task.requantize();
    check();
}

INSTANTIATE_TEST_SUITE_P(Cells, DeviceSeq2seqCase,
                         testing::Values(Case{"lstm_int8", "lstm", true, "int8"},
                                         Case{"gru_int8", "gru", true, "int8"},
                                         Case{"lstm_int4", "lstm", true, "int4"},
                                         Case{"lstm_mixed", "lstm", true, "mixed"},
                                         Case{"gru_masked_16", "gru", true, "int16x8", true},
                                         Case{"lstm_plain_int8", "lstm", false, "int8"}),
                         [](const auto& info) { return std::string(info.param.name); });

// Stopped and gone on with, everything in front of it computed again: the same files.
TEST(DeviceSeq2seqTask, goes_on_as_if_it_had_not_been_stopped)
{
    const Case c{"", "lstm", true, "int4", true};
    const TemporaryFolder folder;
    TrainRun run = run_of(4, 0.002);
    run.options.sampling = 0.3;
    run.fingerprint = "reversal";
    run.first_counts = true;
    expect_to_go_on(run, folder.path(), [&](TrainRun& how) {
        const Trained one = trained(c);
        QuantizedSeq2seq quantized = one.quantized(c.scheme);
        how.origin = origin_of({&quantized.encoder, &quantized.decoder});
        DeviceSeq2seqTask task(quantized, one.spec, one.pairs, how.options);
        const History history = train(task, how);
        EXPECT_EQ(history.interrupted, how.stop != nullptr);
        task.requantize();
        return std::tuple(losses(history), export_tflite(quantized.encoder.graph()),
                          export_tflite(quantized.decoder.graph()));
    });
}

// Whatever layers have 8 bits and 16, a state goes out as it came in: nothing is rounded between
// two steps.
TEST(QuantizedSeq2seq, states_are_carried_in_one_form)
{
    const Seq2seqSpec spec = reversal_spec("lstm", true);
    const Trained first{spec, reversal_pairs(),
                        deployed(build_network(spec.encoder, 1), spec.encoder),
                        build_decoder(spec, 2).graph};
    const Quantized decoder = first.quantized("int8").decoder;
    const FloatNetwork& network = decoder.network;
    const auto check = [&](Precision most, Precision one) {
        for (const std::vector<size_t>& unit : units_of(network)) {
            std::vector<Precision> precision;
            for (const Node& node : network.graph.nodes)
                precision.push_back(possible_precision(network.graph, node, most));
            for (const size_t n : unit)
                precision[n] = possible_precision(network.graph, network.graph.nodes[n], one);
            const Graph graph = assemble(network, decoder.ranges, precision, {}).graph;
            for (size_t i = 1; i < graph.outputs.size(); ++i) {
                const Tensor &in = graph.tensor(graph.inputs[i]),
                             &out = graph.tensor(graph.outputs[i]);
                EXPECT_EQ(in.type, out.type) << in.name << ", " << unit[0];
                EXPECT_EQ(in.quant.scales, out.quant.scales) << in.name << ", " << unit[0];
                EXPECT_EQ(in.quant.zero_points, out.quant.zero_points) << in.name;
            }
        }
    };
    check(Precision::int16, Precision::int8);
    check(Precision::int8, Precision::int16);
    check(Precision::int8, Precision::real);
}

// With 16 bits only the weights' rounding is left: the gradients are nearly those of float.
TEST(DeviceSeq2seqTask, gradients_are_those_of_float)
{
    const Trained one = trained({"", "lstm", true, ""});
    QuantizedSeq2seq quantized = one.quantized("int16x8");
    TrainOptions options = default_options();
    DeviceSeq2seqTask device(quantized, one.spec, one.pairs, options);
    const std::vector<int64_t> samples = numbers(0, 50);
    Score score;
    device.loss(samples, true, score).backward();
    struct Plain : Seq2seqTask {
        Plain(const Seq2seqSpec& spec, const QuantizedSeq2seq& q,
              const std::vector<TextPair>& pairs, const TrainOptions& options)
            : Seq2seqTask(spec, trainable_network(q.encoder.network),
                          trainable_network(q.decoder.network), pairs, options)
        {
        }
    } plain(one.spec, quantized, one.pairs, options);
    plain.loss(samples, true, score).backward();
    for (size_t i = 0; i < plain.weights().size(); ++i) {
        const torch::Tensor a = plain.weights()[i].grad().flatten();
        const torch::Tensor b = device.weights()[i].grad().flatten();
        const double cosine = (a.dot(b) / (a.norm() * b.norm() + 1e-12)).item<double>();
        EXPECT_GT(cosine, 0.9) << i;
        EXPECT_NEAR((b.norm() / a.norm()).item<double>(), 1, 0.2) << i;
    }
}

}  // namespace
}  // namespace thimble
