// Generated C in a program with other generated C: several models, one model under two names, only
// their own symbols outside, no warnings from any compiler, the same bytes every time.
#include "../formats/draft_models.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "compile.h"
#include "emit/c_source.h"
#include "formats/tflite.h"
#include "import/import.h"
#include "verify/emulator.h"
#include "verify/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>

namespace thimble {
namespace {

Graph graph_of(int8_t zero_point)
{
    TfliteDraft draft = dense_draft();
    draft.subgraphs[0].tensors[0].zero_points = {zero_point};
    return import_tflite(read_tflite(write_tflite(draft), "dense.tflite"));
}

GeneratedSource source_of(const Graph& graph, const std::string& name, const ResolvedTarget& target)
{
    return emit_c(compile(graph, {.name = name, .target = target.facts}), {.target = target.name});
}

struct NamedGraph {
    std::string name;
    Graph graph;
};

// Two models of the same operators, and the first one again under another name.
std::vector<NamedGraph> three_models()
{
    return {{"alpha", graph_of(-3)}, {"beta", graph_of(9)}, {"gamma", graph_of(-3)}};
}

// Runs the models in turn on the same input and writes all outputs.
std::string main_of(const std::vector<NamedGraph>& models)
{
    std::string text = "#include \"thb_host.h\"\n#include <string.h>\n";
    for (const NamedGraph& model : models)
        text += fmt::format("#include \"{0}.h\"\nstatic {0}_t {0};\n", model.name);
    text += "int main(void)\n{\n    static const int8_t input[4] = {-128, 5, 77, 127};\n";
    for (const NamedGraph& model : models)
        text += fmt::format("    {0}_init(&{0});\n    memcpy({0}_input(&{0}), input, 4);\n",
                            model.name);
    for (const NamedGraph& model : models)
        text += fmt::format("    {0}_invoke(&{0});\n", model.name);
    for (const NamedGraph& model : models)
        text += fmt::format("    thb_host_write({0}_output(&{0}), 3);\n", model.name);
    return text + "    return 0;\n}\n";
}

class Linking : public testing::TestWithParam<const char*> {};

TEST_P(Linking, several_models_are_exact_in_one_program)
{
    const ResolvedTarget target = find_target(GetParam());
    const TemporaryFolder folder;
    const std::vector<NamedGraph> models = three_models();
    FirmwareRequest request;
    request.target = &target;
    request.include_dirs = {folder.path()};
    request.output_dir = folder.path();
    request.sources = {folder.path() / "main.c"};
    write_file(folder.path() / "main.c", main_of(models));
    Bytes expected;
    for (const NamedGraph& model : models) {
        const GeneratedSource source = source_of(model.graph, model.name, target);
        write_file(folder.path() / (model.name + ".h"), source.header);
        write_file(folder.path() / (model.name + ".c"), source.source);
        request.sources.push_back(folder.path() / (model.name + ".c"));
        const Bytes input = {0x80, 5, 77, 127};
        const Bytes output = run_oracle(model.graph, Match::tflm, false, {{input}})[0].outputs[0];
        expected.insert(expected.end(), output.begin(), output.end());
    }
    try {
        const RunResult result = run_firmware(target, build_firmware(request), {});
        EXPECT_EQ(result.exit_code, 0) << result.message;
        EXPECT_EQ(result.output, expected);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::T0401) throw;
        GTEST_SKIP() << error.what();
    }
}

TEST_P(Linking, only_the_models_own_symbols_are_external)
{
    const ResolvedTarget target = find_target(GetParam());
    if (!find_program(target.family->compiler))
        GTEST_SKIP() << target.family->compiler << " is missing";
    const TemporaryFolder folder;
    const GeneratedSource source = source_of(graph_of(-3), "alpha", target);
    write_file(folder.path() / "alpha.h", source.header);
    write_file(folder.path() / "alpha.c", source.source);
    std::vector<std::string> command = {target.family->compiler};
    for (const std::string& flag : target.compile_flags()) command.push_back(flag);
    for (const char* flag :
         {"-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-O2", "-c", "alpha.c"})
        command.push_back(flag);
    const ProcessResult compiled = run_process(command, 60, folder.path());
    ASSERT_EQ(compiled.exit_code, 0) << compiled.error_output;
    const ProcessResult names = run_process(
        {target.family->tool_prefix + "nm", "-g", "--defined-only", "alpha.o"}, 60, folder.path());
    ASSERT_EQ(names.exit_code, 0) << names.error_output;
    std::istringstream lines(names.output);
    std::string address, kind, name;
    int count = 0;
    for (; lines >> address >> kind >> name; ++count)
        EXPECT_TRUE(name.starts_with("alpha_")) << name;
    EXPECT_GT(count, 0);
}

INSTANTIATE_TEST_SUITE_P(targets, Linking,
                         testing::Values("avr", "cortex-m0plus", "cortex-m4", "cortex-m55",
                                         "rv32imc", "host"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::erase(name, '-');
                             return name;
                         });

TEST(GeneratedC, compiles_as_c_and_cpp_with_gcc_and_clang)
{
    const TemporaryFolder folder;
    const GeneratedSource source = source_of(graph_of(-3), "alpha", find_target("host"));
    write_file(folder.path() / "alpha.h", source.header);
    write_file(folder.path() / "alpha.c", source.source);
    for (const char* compiler :
         {"gcc -std=c99", "clang -std=c99", "g++ -x c++ -std=c++11", "clang++ -x c++ -std=c++11"}) {
        std::istringstream words(compiler);
        std::vector<std::string> command((std::istream_iterator<std::string>(words)), {});
        if (!find_program(command[0])) {
            std::cout << "SKIPPED: " << command[0] << " is missing\n";
            continue;
        }
        for (const char* flag :
             {"-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only", "alpha.c"})
            command.push_back(flag);
        const ProcessResult result = run_process(command, 60, folder.path());
        EXPECT_EQ(result.exit_code, 0) << compiler << result.error_output;
    }
}

TEST(GeneratedC, has_the_same_bytes_every_time)
{
    const ResolvedTarget target = find_target("avr");
    const GeneratedSource one = source_of(graph_of(-3), "alpha", target);
    const GeneratedSource two = source_of(graph_of(-3), "alpha", target);
    EXPECT_EQ(one.header, two.header);
    EXPECT_EQ(one.source, two.source);
}

}  // namespace
}  // namespace thimble
