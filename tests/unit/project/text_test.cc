// Text to ids and back: the compiler's own, and the same on the device.
#include "ir/text_interface.h"

#include "../verify/run_c.h"
#include "base/file.h"
#include "draft_builder.h"
#include "compile.h"
#include "emit/c_source.h"
#include "number_words.h"
#include "project/graph_builder.h"
#include "project/project.h"
#include "verify/engine.h"

#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace thimble {
namespace {

using Ids = std::vector<int32_t>;

TextInterface small_text(bool characters)
{
    TextInterface text;
    text.source = {{"", "one", "two", "\xC3\xA9"}, characters};
    if (characters) text.source.tokens = {"", "1", "2", "\xC3\xA9"};
    text.target = {{"", "un", "", "deux"}, characters};
    text.unknown = 9;
    return text;
}

TEST(Text, becomes_ids)
{
    const TextInterface words = small_text(false), characters = small_text(true);
    EXPECT_EQ(ids_of_text(words, " two\tone\r\n", 3), (Ids{2, 1, 0}));
    EXPECT_EQ(ids_of_text(words, "two zwei one one", 3), (Ids{2, 9, 1}));
    EXPECT_EQ(ids_of_text(words, "", 2), (Ids{0, 0}));
    EXPECT_EQ(ids_of_text(words, "on ones", 2), (Ids{9, 9}));
    EXPECT_EQ(ids_of_text(characters, "2 1\xC3\xA9x", 4), (Ids{2, 1, 3, 9}));
}

TEST(Text, comes_from_ids)
{
    const TextInterface words = small_text(false), characters = small_text(true);
    EXPECT_EQ(text_of_ids(words.target, Ids{1, 2, 3, 99, -1, 1}), "un deux un");
    EXPECT_EQ(text_of_ids(characters.target, Ids{1, 3}), "undeux");
    EXPECT_EQ(text_of_ids(words.target, Ids{}), "");
}

// A C string literal of any bytes.
std::string literal(const std::string& text)
{
    std::string out = "\"";
    for (const char c : text) out += fmt::format("\\{:03o}", static_cast<uint8_t>(c));
    return out + "\"";
}

// Runs NAME_text on every line, with the whole buffer and with a short one.
std::string device_main(const std::vector<std::string>& lines)
{
    std::string out =
        "#include \"words.h\"\n#include \"thb_host.h\"\n"
        "static words_t t;\nstatic char out[400];\n"
        "static void one(const char* text, size_t length, size_t size)\n{\n"
        "    uint8_t needed[2];\n    size_t n;\n    memset(out, 1, sizeof out);\n"
        "    n = words_text(&t, text, length, out, size);\n"
        "    needed[0] = (uint8_t)(n & 255);\n    needed[1] = (uint8_t)(n >> 8);\n"
        "    thb_host_write(needed, 2);\n    thb_host_write((const uint8_t*)out, sizeof out);\n}\n"
        "int main(void)\n{\n    words_init(&t);\n";
    for (const std::string& line : lines)
        for (const char* size : {"sizeof out", "25", "0"})
            out += fmt::format("    one({}, {}, {});\n", literal(line), line.size(), size);
    return out + "    return 0;\n}\n";
}

// What fits into `size` bytes with the zero byte, no word cut.
std::string cut(const std::string& text, size_t size)
{
    if (text.size() < size) return text;
    const size_t blank = text.substr(0, size).rfind(' ');
    return blank == std::string::npos ? "" : text.substr(0, blank);
}

void expect_device_equals_host(const std::string& target_name, const Graph& graph,
                               const std::shared_ptr<const TextInterface>& text)
{
    if (!missing_program(target_name).empty()) GTEST_SKIP() << missing_program(target_name);
    const ResolvedTarget target = find_target(target_name);
    const GeneratedSource source =
        emit_c(compile(graph, {.name = "words", .target = target.facts, .lower = {}}),
               {.target = target.name, .text = text});
    const std::vector<std::string> lines = {"7929", "8 4 2 2 5 9", "", "junk", "12345678901234"};
    const TemporaryFolder folder;
    write_file(folder.path() / "words.h", source.header);
    write_file(folder.path() / "words.c", source.source);
    write_file(folder.path() / "main.c", device_main(lines));
    const Firmware firmware =
        build_firmware({.target = &target,
                        .sources = {folder.path() / "words.c", folder.path() / "main.c"},
                        .include_dirs = {folder.path()},
                        .output_dir = folder.path()});
    const RunResult result = run_firmware(target, firmware, {}, 60);
    ASSERT_EQ(result.exit_code, 0) << result.message;
    ASSERT_EQ(result.output.size(), lines.size() * 3 * 402);
    size_t at = 0;
    for (const std::string& line : lines) {
        const Ids ids = ids_of_text(*text, line, NumberWords::kSource);
        const auto runs = run_oracle(graph, Match::tflm, false, {{bytes_of(ids)}});
        Ids answer(runs[0].outputs[0].size() / sizeof(int32_t));
        std::memcpy(answer.data(), runs[0].outputs[0].data(), runs[0].outputs[0].size());
        const std::string expected = text_of_ids(text->target, answer);
        for (const size_t size : {size_t{400}, size_t{25}, size_t{0}}) {
            const uint8_t* found = result.output.data() + at;
            at += 402;
            EXPECT_EQ(found[0] + 256u * found[1], expected.size()) << line;
            if (size == 0)
                EXPECT_EQ(found[2], 1) << "nothing may be written";
            else
                EXPECT_EQ(std::string(reinterpret_cast<const char*>(found + 2)),
                          cut(expected, size));
        }
    }
}

Project number_words()
{
    const TemporaryFolder folder;
    NumberWords(7).write_files(folder.path());
    return load_project(parse_project_file(
        NumberWords::project_text("source_vocabulary = \"digits.txt\"\nsource_tokens = \"char\"\n"
                                  "target_vocabulary = \"words.txt\"\n"),
        folder.path() / "thimble.toml"));
}

// Every digit becomes the word of another id: small enough for any chip.
Graph lookup_graph()
{
    GraphBuilder builder("lookup");
    Tensor source;
    source.name = "source";
    source.type = DType::i32;
    source.shape = {NumberWords::kSource};
    const TensorId ids = builder.input(source);
    const TensorId words =
        builder.constant("words", {11}, Ids{0, 9, 15, 13, 8, 12, 11, 10, 14, 7, 5});
    builder.output(builder.gather(words, ids), "ids");
    builder.output(builder.constant("count", {1}, Ids{NumberWords::kSource}));
    return builder.finish();
}

TEST(Text, number_words_on_this_computer_and_an_emulated_chip)
{
    const Project project = number_words();
    ASSERT_TRUE(project.text && project.text->complete());
    for (const char* target : {"host", "cortex-m4"})
        expect_device_equals_host(target, project.graph, project.text);
}

TEST(Text, vocabulary_in_the_flash_of_an_avr)
{
    expect_device_equals_host("avr", lookup_graph(), number_words().text);
}

}  // namespace
}  // namespace thimble
