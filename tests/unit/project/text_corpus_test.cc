// The ids of a whole corpus, on every machine: 4,470 text messages, 70,332 words. It skips where
// the corpus does not lie beside the checkout.
#include "../shared_folder.h"
#include "../verify/run_c.h"
#include "base/crc32.h"
#include "compile.h"
#include "ops/control.h"
#include "ops/text_stream.h"
#include "project/graph_builder.h"
#include "text_runs.h"
#include "verify/engine.h"

#include <cstring>
#include <sstream>

namespace thimble {
namespace {

// CRC-32 of the ids of all words as int32, with a 0 behind each message, as a program of its own
// (Python) computes them from the published description of the hash: words of at most 64 bytes, in
// lower case, bytes from 128 on left out, 4096 buckets.
constexpr uint32_t kCorpusCrc = 0xda4435bd;
// The same with marks and numbers as words of their own, digits as 0, and bytes from 128 on kept.
constexpr uint32_t kNumberCrc = 0x949b4119;
const WordStreamAttributes kNumbers = {
    .punctuation = Punctuation::token, .non_ascii = NonAscii::keep, .digits = Digits::number};
constexpr int64_t kBlock = 256;  // bytes in one run

Tensor tensor_of(const char* name, DType type, Shape shape)
{
    Tensor tensor;
    tensor.name = name;
    tensor.type = type;
    tensor.shape = std::move(shape);
    return tensor;
}

Tensor state_of(const char* name, Shape shape)
{
    Tensor tensor = tensor_of(name, DType::u8, std::move(shape));
    tensor.data = std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(tensor.bytes()),
                                                               uint8_t{0});
    return tensor;
}

Graph id_branch(const Tensor& word, const Tensor& scan, bool complete)
{
    GraphBuilder branch(complete ? "word" : "no_word");
    const std::vector<TensorId> inputs = {branch.state_input(word), branch.state_input(scan)};
    branch.output(complete
                      ? branch.own_node("hash_words", inputs, HashWordsAttributes{}, 1, "id")[0]
                      : branch.constant("none", {1}, std::vector<int32_t>{0}));
    return branch.finish();
}

// A block of ticks: bytes uint8 [256, 1], ends bool [256, 1] -> ids int32 [256, 1], 0 where no word
// is complete. A message ends with an end and a word never does in the same tick as the next one.
Graph block_graph(const WordStreamAttributes& rules)
{
    GraphBuilder graph("corpus");
    const std::vector<TensorId> outer = {
        graph.input(tensor_of("bytes", DType::u8, {kBlock, 1})),
        graph.input(tensor_of("ends", DType::boolean, {kBlock, 1})),
        graph.state(state_of("word", {64})), graph.state(state_of("scan", {scan_field::count}))};
    GraphBuilder body("tick");
    const TensorId byte = body.input(tensor_of("byte", DType::u8, {1, 1}));
    const TensorId end = body.input(tensor_of("end", DType::boolean, {1, 1}));
    const TensorId word = body.state_input(graph.tensor(outer[2]));
    const TensorId scan = body.state_input(graph.tensor(outer[3]));
    const TensorId complete =
        body.own_node("word_stream", {byte, end, word, scan}, rules, 1, "words")[0];
    IfAttributes branches;
    branches.then_graph =
        std::make_shared<const Graph>(id_branch(body.tensor(word), body.tensor(scan), true));
    branches.else_graph =
        std::make_shared<const Graph>(id_branch(body.tensor(word), body.tensor(scan), false));
    body.output(
        body.reshaped(body.own_node("if", {complete, word, scan}, branches, 1, "id")[0], {1, 1}));
    ScanAttributes scan_attributes;
    scan_attributes.body = std::make_shared<const Graph>(body.finish());
    scan_attributes.trip_count = kBlock;
    scan_attributes.sequence_axes = {0, 0};
    scan_attributes.stacked_axes = {0};
    graph.output(graph.own_node("scan", outer, scan_attributes, 1, "ticks")[0]);
    return graph.finish();
}

struct Corpus {
    std::vector<TensorBytes> runs;
    std::vector<bool> ends;
};

Corpus read_corpus(const std::filesystem::path& file)
{
    Corpus corpus;
    Bytes bytes, ends;
    const auto flush = [&](bool last) {
        if (last) bytes.resize(kBlock, ' '), ends.resize(kBlock, 0);
        if (static_cast<int64_t>(bytes.size()) < kBlock) return;
        corpus.runs.push_back({bytes, ends});
        bytes.clear();
        ends.clear();
    };
    const auto tick = [&](uint8_t byte, bool end) {
        bytes.push_back(byte);
        ends.push_back(end);
        corpus.ends.push_back(end);
        flush(false);
    };
    bool text = false;
    for (const char c : read_text_file(file)) {
        if (c == '\n') {
            tick(0, true);
            text = false;
        } else if (!text && c == '\t') {
            text = true;  // behind the label
        } else if (text) {
            tick(static_cast<uint8_t>(c), false);
        }
    }
    flush(true);
    return corpus;
}

uint32_t crc_of_ids(const Corpus& corpus, const std::vector<RunOutputs>& runs)
{
    Bytes ids;
    const auto append = [&](int32_t id) {
        const auto* first = reinterpret_cast<const uint8_t*>(&id);
        ids.insert(ids.end(), first, first + sizeof id);
    };
    for (size_t i = 0; i < corpus.ends.size(); ++i) {
        int32_t id = 0;
        std::memcpy(&id, runs.at(i / kBlock).outputs[0].data() + i % kBlock * sizeof id, sizeof id);
        if (id != 0) append(id);
        if (corpus.ends[i]) append(0);
    }
    return crc32(ids);
}

class TextCorpus : public testing::TestWithParam<const char*> {};

TEST_P(TextCorpus, has_the_same_ids)
{
    const auto file = shared_folder() / "data/sms_spam/sms.tsv";
    if (shared_folder().empty() || !std::filesystem::exists(file))
        GTEST_SKIP() << "the corpus beside the checkout is missing";
    if (const std::string missing = missing_program(GetParam()); !missing.empty())
        GTEST_SKIP() << missing << " is missing";
    const Corpus corpus = read_corpus(file);
    const ResolvedTarget target = find_target(GetParam());
    const auto crc = [&](const WordStreamAttributes& rules) {
        const Program program =
            compile(block_graph(rules),
                    {.name = "corpus", .target = target.facts, .lower = {}, .keep_state = true});
        return crc_of_ids(corpus, run_on_target(program, target, corpus.runs));
    };
    EXPECT_EQ(crc({}), kCorpusCrc);
    EXPECT_EQ(crc(kNumbers), kNumberCrc);
}

INSTANTIATE_TEST_SUITE_P(Machines, TextCorpus,
                         testing::Values("host", "avr", "cortex-m0plus", "cortex-m4"),
                         machine_test_name);

TEST(TextCorpusOracle, has_the_same_ids)
{
    const auto file = shared_folder() / "data/sms_spam/sms.tsv";
    if (shared_folder().empty() || !std::filesystem::exists(file))
        GTEST_SKIP() << "the corpus beside the checkout is missing";
    const Corpus corpus = read_corpus(file);
    const auto crc = [&](const WordStreamAttributes& rules) {
        return crc_of_ids(corpus, run_oracle(block_graph(rules), Match::tflm, true, corpus.runs));
    };
    EXPECT_EQ(crc({}), kCorpusCrc);
    EXPECT_EQ(crc(kNumbers), kNumberCrc);
}

// tests/projects/, seen from the program; empty when it is not above it.
std::filesystem::path example(const std::string& name)
{
    namespace fs = std::filesystem;
    std::error_code error;
    for (fs::path at = fs::read_symlink("/proc/self/exe", error); at.has_relative_path();) {
        at = at.parent_path();
        if (fs::exists(at / "tests/projects" / name / kProjectFileName, error))
            return at / "tests/projects" / name;
    }
    return {};
}

struct Message {
    bool spam;
    std::string text;
};

std::vector<Message> read_messages(const std::filesystem::path& file)
{
    std::vector<Message> messages;
    std::istringstream lines(read_text_file(file));
    for (std::string line; std::getline(lines, line);)
        if (const size_t tab = line.find('\t'); tab != std::string::npos)
            messages.push_back({line.substr(0, tab) == "spam", line.substr(tab + 1)});
    return messages;
}

// The labels of the spam example under another way of folding.
std::vector<int32_t> labels_of(const std::string& fold, const std::vector<Message>& messages)
{
    std::string project = read_text_file(example("text_hash") / kProjectFileName);
    const std::string key = "fold = \"int8\"";
    project.replace(project.find(key), key.size(), "fold = \"" + fold + "\"");
    const Graph graph =
        compose_pipeline(parse_project_file(project, example("text_hash") / kProjectFileName))
            .graph;
    std::vector<int32_t> labels;
    for (size_t i = 0; i < messages.size(); i += 100) {
        std::vector<std::string> texts;
        for (size_t k = i; k < std::min(i + 100, messages.size()); ++k)
            texts.push_back(messages[k].text);
        for (const auto& label : oracle_values<int32_t>(graph, texts)) labels.push_back(label[0]);
    }
    return labels;
}

// make_model.py counts 4,415 right too; the rounded offset changes one message.
TEST(TextCorpusOracle, finds_spam_however_the_network_is_folded)
{
    const auto file = shared_folder() / "data/sms_spam/sms.tsv";
    if (shared_folder().empty() || !std::filesystem::exists(file))
        GTEST_SKIP() << "the corpus beside the checkout is missing";
    ASSERT_FALSE(example("text_hash").empty());
    const std::vector<Message> messages = read_messages(file);
    const std::vector<int32_t> real = labels_of("float", messages);
    const std::vector<int32_t> rounded = labels_of("int8", messages);
    ASSERT_EQ(real.size(), messages.size());
    ASSERT_EQ(rounded.size(), messages.size());
    size_t right = 0, rounded_right = 0, same = 0;
    for (size_t i = 0; i < messages.size(); ++i) {
        right += (real[i] == 1) == messages[i].spam;
        rounded_right += (rounded[i] == 1) == messages[i].spam;
        same += real[i] == rounded[i];
    }
    EXPECT_EQ(right, 4415u);
    EXPECT_EQ(rounded_right, 4416u);
    EXPECT_EQ(same, 4469u);
    const std::vector<Message> some(messages.begin(), messages.begin() + 200);
    EXPECT_EQ(labels_of("none", some), std::vector<int32_t>(real.begin(), real.begin() + 200));
}

}  // namespace
}  // namespace thimble
