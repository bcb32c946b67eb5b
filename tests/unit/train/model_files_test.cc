// What a checkpoint must have in common with a project.
#include "train/model_files.h"

#include "../data/folder.h"
#include "quantize/quantize.h"

#include <cstring>

namespace thimble {
namespace {

ProjectFile project(const std::string& layers, const std::string& scheme, const std::string& train)
{
    return parse_project_file("[[stage]]\nkind = \"network\"\nmodel = \"net.tflite\"\nscheme = \"" +
                                  scheme + "\"\nlayers = [" + layers +
                                  "]\n[[stage]]\nkind = \"argmax\"\n[train]\n" + train,
                              "thimble.toml");
}

SampleSet samples(uint8_t first)
{
    SampleSet set;
    set.train.resize(2);
    set.train[0].features = {first, 0, 0, 0};
    set.train[1].features = {0, 1, 0, 0};
    return set;
}

TEST(Fingerprint, every_setting_that_weights_depend_on_counts)
{
    const std::string layers = "{dense = 3}", train = "rate = 0.01\nqat_epochs = 2\n";
    const ProjectFile file = project(layers, "int8", train);
    const SampleSet set = samples(1);
    const std::string floats = fingerprint(file, set), integers = qat_fingerprint(file, set);
    EXPECT_NE(floats, integers);
    EXPECT_NE(fingerprint(file, samples(2)), floats);
    EXPECT_NE(qat_fingerprint(file, samples(2)), integers);
    struct Case {
        const char *layers, *scheme, *train;
        bool floats, integers;  // whether they are another training then
    };
    const Case cases[] = {
        {"{dense = 4}", "int8", "rate = 0.01\nqat_epochs = 2\n", true, true},
        {"{dense = 3}", "int8", "rate = 0.02\nqat_epochs = 2\n", true, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\nseed = 7\n", true, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\nbatch = 7\n", true, true},
        {"{dense = 3}", "int4", "rate = 0.01\nqat_epochs = 2\n", false, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 3\n", false, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\nqat_rate = 0.1\n", false, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\ncalibration = 7\n", false, true},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\nepochs = 7\n", false, false},
        {"{dense = 3}", "int8", "rate = 0.01\nqat_epochs = 2\nmax_drop = 7\n", false, false},
    };
    for (const Case& one : cases) {
        const ProjectFile other = project(one.layers, one.scheme, one.train);
        EXPECT_EQ(fingerprint(other, set) != floats, one.floats) << one.scheme << one.train;
        EXPECT_EQ(qat_fingerprint(other, set) != integers, one.integers) << one.scheme << one.train;
    }
}

TEST(Fingerprint, pairs_that_are_held_out_count)
{
    const ProjectFile file = project("{dense = 3}", "int8", "");
    std::vector<TextPair> pairs(2);
    pairs[0].source = {1, 2};
    pairs[0].target = {3};
    const std::string before = fingerprint(file, pairs), integers = qat_fingerprint(file, pairs);
    pairs[1].test = true;
    EXPECT_NE(fingerprint(file, pairs), before);
    EXPECT_NE(qat_fingerprint(file, pairs), integers);
}

Quantized dense_network(float weight, float input)
{
    GraphBuilder build("net");
    Tensor in;
    in.type = DType::f32;
    in.shape = {1, 1};
    const TensorId x = build.input(in);
    const TensorId w = build.constant("w", {1, 1}, std::vector<float>{weight});
    const TensorId b = build.constant("b", {1}, std::vector<float>{0});
    build.output(build.node("FULLY_CONNECTED", {x, w, b}, {}, DType::f32));
    std::vector<uint8_t> bytes(sizeof(input));
    std::memcpy(bytes.data(), &input, sizeof(input));
    return quantize(build.finish(), {{bytes}}, {});
}

// Weights too near to each other to differ in integers, and ranges.
TEST(Fingerprint, the_origin_of_integers_is_weights_and_ranges)
{
    const auto origin = [](float weight, float input) {
        const Quantized network = dense_network(weight, input);
        return origin_of({&network});
    };
    EXPECT_EQ(origin(0.5f, 1), origin(0.5f, 1));
    EXPECT_NE(origin(0.5f, 1), origin(0.50000006f, 1));
    EXPECT_NE(origin(0.5f, 1), origin(0.5f, 1.5f));
}

}  // namespace
}  // namespace thimble
