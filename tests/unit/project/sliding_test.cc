// Networks behind a sliding window, recomputed row by row: generated convolution stacks against
// their full-window run, on the oracle and on emulated chips; the work they save; refusals.
#include "base/error.h"
#include "compile.h"
#include "draft_builder.h"
#include "formats/tflite_fields.h"
#include "ops/control.h"
#include "passes/passes.h"
#include "passes/sliding_network.h"
#include "project/project.h"
#include "verify/profile.h"
#include "verify/ticks.h"
#include "verify/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace thimble {
namespace {

struct Layer {
    enum Kind { conv, sum, depthwise, pool, relu, per_row } kind = conv;
    int64_t filter = 1, stride = 1, dilation = 1;
    bool same = false;  // padding
    int64_t across = 1;  // size of the filter on the other axis
};

struct Stack {
    bool columns = false;  // time is axis 2 of the images, as of a 1-D convolution; else axis 1
    bool image = false;    // channels are the columns of an image: time and frequency
    bool integer = false;
    int64_t window = 0, hop = 1;
    std::vector<Layer> layers;
    int64_t width = 3;  // channels behind a convolution
};

constexpr int64_t kChannels = 3;  // of the input

class StackWriter {
public:
    StackWriter(const Stack& stack, uint32_t seed) : stack_(stack), random_(seed) {}

    void write(const std::filesystem::path& path)
    {
        rows_ = stack_.window;
        value_ = b_.input("window", {rows_, kChannels});
        quantise(value_);
        if (stack_.image) across_ = kChannels, channels_ = 1;
        reshape(shape(rows_, channels_));
        for (const Layer& layer : stack_.layers) add(layer);
        const int64_t all = rows_ * across_ * channels_;
        reshape({1, all});
        value_ = b_.op("FULLY_CONNECTED", {value_, weights({3, all})}, {1, 3});
        quantise(value_);
        b_.write(path, {value_});
    }

private:
    std::vector<int64_t> shape(int64_t rows, int64_t channels) const
    {
        if (stack_.columns) return {1, 1, rows, channels};
        return {1, rows, across_, channels};
    }
    // Along time and across it.
    std::vector<int64_t> filter(int64_t first, const Layer& layer, int64_t last) const
    {
        if (stack_.columns) return {first, 1, layer.filter, last};
        return {first, layer.filter, layer.across, last};
    }
    void quantise(int id)
    {
        if (stack_.integer) b_.quantise(id, 0.05f, 3);
    }
    void reshape(const std::vector<int64_t>& shape)
    {
        value_ = b_.reshape(value_, shape);
        quantise(value_);
    }
    int weights(const std::vector<int64_t>& shape)
    {
        std::uniform_real_distribution<float> real(-0.5f, 0.5f);
        std::vector<float> values;
        for (int64_t i = 0; i < element_count(shape); ++i) values.push_back(real(random_));
        const int id = b_.constant(shape, values);
        if (stack_.integer) b_.quantise(id, 0.004f);
        return id;
    }
    void add(const Layer& layer)
    {
        const int64_t reach = (layer.filter - 1) * layer.dilation + 1;
        const int64_t before = rows_;
        if (layer.kind <= Layer::pool)
            rows_ = layer.same ? (rows_ + layer.stride - 1) / layer.stride
                               : (rows_ - reach) / layer.stride + 1;
        ASSERT_GT(rows_, 0);
        if (layer.kind <= Layer::pool && !layer.same) across_ -= layer.across - 1;
        const auto padding = static_cast<int8_t>(layer.same ? tflite_field::kPaddingSame
                                                            : tflite_field::kPaddingValid);
        const auto along = static_cast<int32_t>(layer.stride);
        const auto wide = static_cast<int32_t>(layer.dilation);
        const auto high = static_cast<int32_t>(layer.filter);
        const bool c = stack_.columns;
        const auto convolved = [&] {
            namespace f = tflite_field::conv2d;
            const int id =
                b_.op("CONV_2D", {value_, weights(filter(stack_.width, layer, channels_))},
                      shape(rows_, stack_.width),
                      {{f::padding, padding}, {f::stride_w, c ? along : 1},
                       {f::stride_h, c ? 1 : along}, {f::dilation_w, c ? wide : 1},
                       {f::dilation_h, c ? 1 : wide}});
            quantise(id);
            return id;
        };
        if (layer.kind == Layer::conv) {
            value_ = convolved();
            channels_ = stack_.width;
        } else if (layer.kind == Layer::sum) {
            const int left = convolved(), right = convolved();
            channels_ = stack_.width;
            value_ = b_.op("ADD", {left, right}, shape(rows_, channels_));
        } else if (layer.kind == Layer::depthwise) {
            namespace f = tflite_field::depthwise_conv2d;
            value_ = b_.op("DEPTHWISE_CONV_2D",
                           {value_, weights(filter(1, layer, channels_))},
                           shape(rows_, channels_),
                           {{f::padding, padding}, {f::stride_w, c ? along : 1},
                            {f::stride_h, c ? 1 : along}, {f::dilation_w, c ? wide : 1},
                            {f::dilation_h, c ? 1 : wide}});
        } else if (layer.kind == Layer::pool) {
            namespace f = tflite_field::pool2d;
            value_ = b_.op("AVERAGE_POOL_2D", {value_}, shape(rows_, channels_),
                           {{f::padding, padding}, {f::stride_w, c ? along : 1},
                            {f::stride_h, c ? 1 : along},
                            {f::filter_w, c ? high : static_cast<int32_t>(layer.across)},
                            {f::filter_h, c ? 1 : high}});
        } else if (layer.kind == Layer::relu) {
            value_ = b_.op("RELU", {value_}, shape(rows_, channels_));
        } else {
            reshape({before * across_, channels_});
            value_ = b_.op("FULLY_CONNECTED", {value_, weights({channels_, channels_})},
                           {before * across_, channels_});
            quantise(value_);
            reshape(shape(before, channels_));
        }
        quantise(value_);
    }

    const Stack& stack_;
    std::mt19937 random_;
    DraftBuilder b_;
    int value_ = 0;
    int64_t rows_ = 0, channels_ = kChannels, across_ = 1;
};

// A window of motion, normalised, or one behind a trigger's samples.
std::string project_text(const Stack& stack, bool sliding)
{
    return fmt::format("name = \"stack\"\n[input]\nkind = \"motion\"\n"
                       "channels = [\"x\", \"y\", \"z\"]\nrate_hz = 100\n"
                       "[[stage]]\nkind = \"window\"\nsamples = {}\nhop = {}\nsliding = {}\n"
                       "[[stage]]\nkind = \"normalize\"\ndivide = 16\nscale = 20\n"
                       "[[stage]]\nkind = \"network\"\nmodel = \"stack.tflite\"\n"
                       "[[stage]]\nkind = \"argmax\"\n",
                       stack.window, stack.hop, sliding);
}

class Sliding {
public:
    Sliding(const Stack& stack, uint32_t seed, std::string text = "")
    {
        StackWriter(stack, seed).write(folder_.path() / "stack.tflite");
        plain_ = load(text.empty() ? project_text(stack, false) : text);
        const size_t at = text.find("sliding = false");
        if (at != std::string::npos) text.replace(at, 15, "sliding = true");
        sliding_ = load(text.empty() ? project_text(stack, true) : text);
    }

    const Graph& plain() const { return plain_; }
    const Graph& sliding() const { return sliding_; }
    // The graph that is compiled, new rows only.
    Graph slid() const
    {
        Graph graph = recognise(sliding_, false);
        run_pass(slide_networks, graph);
        return graph;
    }
    SlidingNetwork network() const { return sliding_networks(recognise(sliding_, false)).at(0); }

    // Recordings of these many samples.
    std::vector<RawRecording> recordings(const std::vector<int>& samples) const
    {
        std::mt19937 random(7);
        std::vector<RawRecording> result;
        for (const int count : samples) {
            RawRecording recording;
            recording.name = fmt::format("{} samples", count);
            for (int i = 0; i < count * kChannels; ++i) {
                const auto value = static_cast<uint16_t>(random() % 4096 - 2048);
                recording.samples.push_back(static_cast<uint8_t>(value));
                recording.samples.push_back(static_cast<uint8_t>(value >> 8));
            }
            result.push_back(std::move(recording));
        }
        return result;
    }
    static std::vector<PipelineDecision> decisions(const Graph& graph,
                                                   const std::vector<RawRecording>& recordings)
    {
        const std::vector<Tick> ticks = cut_ticks(graph, recordings);
        return decisions_of(ticks, run_ticks_on_oracle(graph, Match::tflm, ticks));
    }

private:
    Graph load(const std::string& text) const
    {
        return load_project(parse_project_file(text, folder_.path() / "thimble.toml")).graph;
    }
    TemporaryFolder folder_;
    Graph plain_, sliding_;
};

const Stack kIntegers = {.integer = true,
                         .window = 49,
                         .hop = 2,
                         .layers = {{.kind = Layer::conv, .filter = 5},
                                    {.kind = Layer::relu},
                                    {.kind = Layer::depthwise, .filter = 3, .dilation = 2},
                                    {.kind = Layer::conv, .filter = 4, .stride = 2}}};
const Stack kReals = {.columns = true,
                      .window = 40,
                      .hop = 4,
                      .layers = {{.kind = Layer::conv, .filter = 3, .stride = 2},
                                 {.kind = Layer::per_row},
                                 {.kind = Layer::pool, .filter = 2, .stride = 2},
                                 {.kind = Layer::conv, .filter = 3}}};

// As networks on spectrograms: padding across time is none in time.
const Stack kImages = {.image = true,
                       .integer = true,
                       .window = 30,
                       .hop = 4,
                       .layers = {{.filter = 1, .same = true, .across = 3},
                                  {.filter = 4, .stride = 2, .across = 2},
                                  {.kind = Layer::per_row},
                                  {.kind = Layer::depthwise, .filter = 3},
                                  {.kind = Layer::pool, .filter = 2, .stride = 2, .across = 2}},
                       .width = 4};

TEST(Sliding, decides_as_the_whole_window_from_the_first_window_on)
{
    for (const Stack& stack : {kIntegers, kReals, kImages}) {
        const Sliding test(stack, 1);
        const auto recordings = test.recordings({200, 0, 48, 40, 41, 90});
        const auto expected = Sliding::decisions(test.plain(), recordings);
        EXPECT_GT(expected.size(), 50u);
        std::set<TensorBytes> different;
        for (const PipelineDecision& one : expected) different.insert(one.values);
        EXPECT_GT(different.size(), expected.size() / 4);
        EXPECT_TRUE(Sliding::decisions(test.sliding(), recordings) == expected);
        EXPECT_TRUE(Sliding::decisions(test.slid(), recordings) == expected);
    }
}

// Filters, strides, dilations, hops and windows that leave rows over: each drawn with its seed.
TEST(Sliding, decides_the_same_for_drawn_stacks)
{
    int slid = 0, refused = 0;
    for (uint32_t seed = 1; seed <= 60; ++seed) {
        std::mt19937 random(seed);
        const auto draw = [&](int64_t most) {
            return static_cast<int64_t>(random() % static_cast<uint64_t>(most)) + 1;
        };
        Stack stack{.columns = draw(2) == 1,
                    .image = false,
                    .integer = draw(2) == 1,
                    .window = 24 + draw(20),
                    .hop = draw(8)};
        stack.image = !stack.columns && draw(2) == 1;
        int64_t rows = stack.window, across = stack.image ? 3 : 1;
        for (int64_t i = draw(4); i > 0; --i) {
            Layer layer{.kind = static_cast<Layer::Kind>(draw(6) - 1)};
            layer.filter = draw(4);
            layer.stride = draw(3);
            layer.dilation = layer.stride > 1 || layer.kind == Layer::pool ? 1 : draw(2);
            layer.same = draw(6) == 1;
            layer.across = draw(across);
            if (layer.kind <= Layer::pool && !layer.same) across -= layer.across - 1;
            if (layer.kind <= Layer::pool) rows = (rows - 8) / layer.stride;
            if (rows < 1) break;
            stack.layers.push_back(layer);
        }
        const Sliding test(stack, seed);
        const auto recordings = test.recordings({150});
        const auto expected = Sliding::decisions(test.plain(), recordings);
        EXPECT_TRUE(Sliding::decisions(test.sliding(), recordings) == expected) << seed;
        if (!test.network().possible) {
            EXPECT_FALSE(test.network().why->reason.empty()) << seed;
            EXPECT_THROW(test.slid(), Error) << seed;
            ++refused;
            continue;
        }
        EXPECT_TRUE(Sliding::decisions(test.slid(), recordings) == expected) << seed;
        ++slid;
    }
    EXPECT_GE(slid, 20);
    EXPECT_GE(refused, 5);
}

int64_t state_bytes(const Graph& graph)
{
    int64_t bytes = 0;
    for (const Tensor& tensor : graph.tensors)
        if (tensor.kind == TensorKind::state) bytes += tensor.bytes();
    return bytes;
}

TEST(Sliding, computes_and_keeps_what_it_predicts)
{
    for (const Stack& stack : {kIntegers, kReals, kImages}) {
        const Sliding test(stack, 1);
        const SlidingNetwork network = test.network();
        EXPECT_TRUE(network.possible && network.wanted);
        EXPECT_EQ(network.macs, graph_macs(recognise(test.plain(), false)));
        EXPECT_EQ(network.macs_sliding, graph_macs(test.slid()));
        EXPECT_EQ(network.bytes, state_bytes(test.sliding()));
        EXPECT_EQ(network.bytes_sliding, state_bytes(test.slid()));
        EXPECT_LT(network.macs_sliding * 4, network.macs);
    }
}

TEST(Sliding, works_on_windows_of_windows)
{
    const std::string text =
        "name = \"stack\"\n[input]\nkind = \"motion\"\nchannels = [\"x\", \"y\", \"z\"]\n"
        "[[stage]]\nkind = \"window\"\nsamples = 6\nhop = 3\n"
        "[[stage]]\nkind = \"features\"\nlist = [\"mean\"]\n"
        "[[stage]]\nkind = \"window\"\nsamples = 20\nhop = 2\nsliding = false\n"
        "[[stage]]\nkind = \"network\"\nmodel = \"stack.tflite\"\n"
        "[[stage]]\nkind = \"argmax\"\n";
    const Sliding test({.window = 20, .hop = 2, .layers = {{.filter = 3}, {.filter = 2}}}, 3, text);
    const auto recordings = test.recordings({300, 100});
    const auto expected = Sliding::decisions(test.plain(), recordings);
    EXPECT_GT(expected.size(), 40u);
    EXPECT_TRUE(Sliding::decisions(test.slid(), recordings) == expected);
}

// The stages in front of a network, as a capture compiles them.
TEST(Sliding, leaves_windows_alone_that_nothing_computes_with)
{
    const ProjectFile file = parse_project_file(project_text(kIntegers, true), "x/thimble.toml");
    Pipeline pipeline = compose_pipeline(file, 0, 2);
    Graph graph = recognise(pipeline.graph, false);
    const size_t nodes = graph.nodes.size();
    run_pass(slide_networks, graph);
    EXPECT_EQ(graph.nodes.size(), nodes);
}

class SlidingTarget : public testing::TestWithParam<const char*> {};

TEST_P(SlidingTarget, generated_code_decides_as_the_whole_window)
{
    const ResolvedTarget target = find_target(GetParam());
    const Sliding test(kIntegers, 1);
    const auto recordings = test.recordings({260, 60});
    const auto expected = Sliding::decisions(test.plain(), recordings);
    ASSERT_GE(expected.size(), 100u);
    try {
        const Program program =
            compile(test.sliding(), {.name = "stack", .target = target.facts, .lower = {}});
        EXPECT_TRUE(run_recordings(program, target, recordings, 0) == expected);
        EXPECT_TRUE(run_recordings(program, target, recordings, 7) == expected);
        // Layers behind the rows are compared with those of the whole window.
        const VerifyReport report =
            verify_pipeline(test.sliding(), program, target, Match::tflm, recordings);
        EXPECT_TRUE(report.bit_exact);
        EXPECT_TRUE(std::ranges::any_of(report.tensors, [](const TensorReport& tensor) {
            return tensor.layer.find("network/") != std::string::npos && tensor.elements > 0;
        }));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(targets, SlidingTarget,
                         testing::Values("host", "avr", "cortex-m4", "rv32imc"));

// Instructions of the longest tick, beside the multiply-accumulates that are predicted.
TEST(Sliding, takes_as_much_less_time_as_predicted)
{
    const ResolvedTarget target = find_target("cortex-m4");
    const Stack stack = {.integer = true,
                         .window = 49,
                         .layers = {{.filter = 8}, {.filter = 8}, {.filter = 4}, {.filter = 4}},
                         .width = 16};
    const Sliding test(stack, 1);
    const auto recordings = test.recordings({60});
    try {
        const auto measured = [&](const Graph& graph) {
            const Program program =
                compile(graph, {.name = "stack", .target = target.facts, .lower = {}});
            return profile_pipeline(program, target, recordings);
        };
        const Profile whole = measured(test.plain()), sliding = measured(test.sliding());
        const SlidingNetwork network = test.network();
        const auto share = [](auto part, auto all) {
            return static_cast<double>(part) / static_cast<double>(all);
        };
        std::cout << fmt::format("{} -> {} MACs, {} -> {} instructions, {} -> {} bytes of RAM\n",
                                 network.macs, network.macs_sliding, whole.total, sliding.total,
                                 whole.ram_total(), sliding.ram_total());
        const double predicted = share(network.macs_sliding, network.macs);
        EXPECT_LT(predicted, 0.05);
        EXPECT_LT(share(sliding.total, whole.total), predicted + 0.05);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

std::string refusal(const Stack& stack)
{
    try {
        Sliding(stack, 1).slid();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Sliding, says_which_layer_needs_the_whole_window)
{
    Stack stack = kIntegers;
    stack.layers[0].same = true;
    EXPECT_NE(refusal(stack).find("pads in time"), std::string::npos) << refusal(stack);
    EXPECT_NE(refusal(stack).find("valid"), std::string::npos);
    stack = kIntegers;
    stack.layers = {{.filter = 4, .stride = 4}};
    EXPECT_NE(refusal(stack).find("stride in time is 4"), std::string::npos) << refusal(stack);
    EXPECT_NE(refusal(stack).find("hop = 4"), std::string::npos);
    stack = kIntegers;
    stack.hop = 49;
    EXPECT_NE(refusal(stack).find("no row in common"), std::string::npos) << refusal(stack);
    stack.hop = 2;
    stack.layers.clear();
    EXPECT_NE(refusal(stack).find("mixes all rows"), std::string::npos) << refusal(stack);
}

}  // namespace
}  // namespace thimble
