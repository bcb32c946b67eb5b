#include "emit/package.h"

#include "base/error.h"
#include "base/file.h"
#include "ir/pipeline.h"
#include "ir/text_interface.h"

#include <fmt/format.h>

namespace thimble {

namespace {

namespace fs = std::filesystem;

std::string mark_line(const char* comment)
{
    return fmt::format("{} {} {}. Licence: MIT-0.\n", comment, kGeneratedMark, THIMBLE_VERSION);
}

std::string suffix(size_t i) { return i == 0 ? "" : fmt::format("_{}", i); }

int32_t stored_zero(const Tensor& tensor)
{
    return tensor.quant.present() && !is_float(tensor.type) ? tensor.quant.zero_point() : 0;
}

// Fills every input with the value that stands for zero.
std::string fill_inputs(const Program& program)
{
    std::string out;
    const std::string upper = upper_case(program.name);
    for (size_t i = 0; i < program.graph.inputs.size(); ++i) {
        const Tensor& tensor = program.graph.tensor(program.graph.inputs[i]);
        out += fmt::format(
            "    for (i = 0; i < {0}_INPUT{1}_SIZE; ++i) {2}_input{1}(&model)[i] = {3};\n", upper,
            suffix(i), program.name, stored_zero(tensor));
    }
    return out;
}

// One time step after another, each of the value that stands for zero.
std::string feed_steps(const Program& program)
{
    const Tensor& input = program.graph.tensor(program.graph.inputs[0]);
    return fmt::format(
        "    for (i = 0; i < {0}_STEP_SIZE; ++i) time_step[i] = {1};\n"
        "    while (!{2}_step(&model, time_step)) {{\n"
        "        // Not the last step of the sequence: measure the next one.\n    }}\n",
        upper_case(program.name), stored_zero(input), program.name);
}

std::string print_outputs(const Program& program)
{
    std::string out;
    for (size_t i = 0; i < program.graph.outputs.size(); ++i)
        out += fmt::format("    for (i = 0; i < {0}_OUTPUT{1}_SIZE; ++i)\n"
                           "        printf(\"%g\\n\", (double){2}_output{1}(&model)[i]);\n",
                           upper_case(program.name), suffix(i), program.name);
    return out;
}

// A call of NAME_text with the first tokens of the vocabulary.
std::string ask_text(const Program& program, const TextInterface& text, bool hosted)
{
    std::vector<int32_t> ids;
    for (size_t i = 0; i < text.source.tokens.size() && ids.size() < 3; ++i)
        if (!text.source.tokens[i].empty()) ids.push_back(static_cast<int32_t>(i));
    std::string question;
    for (const char c : text_of_ids(text.source, ids)) {
        const bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';
        question += plain ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<uint8_t>(c));
    }
    return fmt::format(
        "    static const char question[] = \"{1}\";\n    static char answer[256];\n"
        "    {0}_init(&model);\n"
        "    {0}_text(&model, question, sizeof question - 1, answer, sizeof answer);\n{2}",
        program.name, question,
        hosted ? "    puts(answer);\n    return 0;\n}\n"
               : "    for (;;) {\n    }\n}\n");
}

// Pushes one sample after another, or decides for one whole input, and prints what is decided.
std::string example_pipeline(const Program& program, bool hosted)
{
    const PipelineInterface& interface = *program.graph.interface;
    const std::string& name = program.name;
    const std::string upper = upper_case(name);
    const bool label = interface.decision == Decision::label;
    const int64_t labels = label ? program.graph.tensor(program.graph.outputs[1]).count() : 0;
    std::string out = fmt::format("static {}_t pipeline;\n\n", name);
    out += fmt::format(
        "// What your program does with a decision.\nstatic void decided(const "
        "{}_decision_t* decision)\n{{\n",
        name);
    if (label)
        out += fmt::format(
            "    char name[{}_LABEL_BYTES];\n    {}_label(decision->label{}, name, "
            "sizeof name);\n",
            upper, name, labels > 1 ? "[0]" : "");
    out += hosted && label ? "    puts(name);\n"
           : hosted        ? "    printf(\"%g\\n\", (double)decision->values[0]);\n"
                           : "    (void)decision;\n";
    out += fmt::format("}}\n\nint main(void)\n{{\n    {0}_decision_t decision;\n", name);
    if (!interface.streamed())
        out += fmt::format(
            "    size_t i;\n    {0}_init(&pipeline);\n"
            "    // Put your measured values here; these stand for zero.\n"
            "    for (i = 0; i < {1}_INPUT_SIZE; ++i) {0}_input(&pipeline)[i] = {2};\n"
            "    if ({0}_decide(&pipeline, &decision)) decided(&decision);\n",
            name, upper, stored_zero(program.graph.tensor(program.graph.inputs[0])));
    else
        out += fmt::format(
            "    // Put your measured values here. An interrupt may push while the main loop "
            "polls.\n"
            "    static const {2} sample[{1}_ROW] = {{0}};\n    uint32_t i;\n"
            "    {0}_init(&pipeline);\n    for (i = 0; i < {3}; ++i) {{\n"
            "        (void){0}_push(&pipeline, sample, 1);\n"
            "        while ({0}_poll(&pipeline, &decision)) decided(&decision);\n    }}\n"
            "    // The recording is over.\n    (void){0}_flush(&pipeline);\n"
            "    while ({0}_poll(&pipeline, &decision)) decided(&decision);\n",
            name, upper, dtype_c_name(program.graph.tensor(program.graph.inputs[0]).type),
            4 * interface.buffer);
    return out + (hosted ? "    return 0;\n}\n" : "    for (;;) {\n    }\n}\n");
}

std::string example_main(const Program& program, const ResolvedTarget& target,
                         const TextInterface* text)
{
    const bool hosted =
        target.family->emulator == Emulator::host || target.family->compiler.empty();
    std::string out = mark_line("//");
    out += program.graph.interface ? "// Samples in, decisions out. Copy what you need into your "
                                     "own program.\n"
                                   : "// Runs the model once. Copy what you need into your own "
                                     "program.\n";
    out += fmt::format("#include \"{}.h\"\n\n", program.name);
    if (hosted) out += "#include <stdio.h>\n\n";
    if (program.graph.interface) return out + example_pipeline(program, hosted);
    if (text)
        return out + fmt::format("static {}_t model;\n\nint main(void)\n{{\n", program.name) +
               ask_text(program, *text, hosted);
    const bool by_steps = program.sequence_loop && !program.sequence_loop->holds_input;
    out += fmt::format("static {}_t model;\n", program.name);
    if (by_steps)
        out += fmt::format(
            "static {} time_step[{}_STEP_SIZE];\n",
            dtype_c_name(program.graph.tensor(program.graph.inputs[0]).type),
            upper_case(program.name));
    out += fmt::format("\nint main(void)\n{{\n    size_t i;\n    {}_init(&model);\n",
                       program.name);
    out += "    // Put your measured values here; these stand for zero.\n";
    if (by_steps) {
        out += feed_steps(program);
    } else {
        out += fill_inputs(program);
        out += fmt::format("    {}_invoke(&model);\n", program.name);
    }
    if (hosted) return out + print_outputs(program) + "    return 0;\n}\n";
    out += fmt::format("    // The result is in {}_output(&model).\n    for (;;) {{\n    }}\n}}\n",
                       program.name);
    return out;
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

// AVR and hosted programs link as they are; other families need the start-up code of their board.
std::string link_rules(const ResolvedTarget& target)
{
    const Target& family = *target.family;
    if (family.emulator == Emulator::simavr)
        return "all: example.hex\n\nexample.elf: $(OBJECTS)\n\t$(CC) $(CFLAGS) -Wl,--gc-sections "
               "-o $@ $(OBJECTS) -lm\n"
               "\tavr-size $@\n\nexample.hex: example.elf\n\tavr-objcopy -O ihex -R .eeprom $< "
               "$@\n";
    if (family.emulator == Emulator::host || family.compiler.empty())
        return "all: example\n\nexample: $(OBJECTS)\n\t$(CC) $(CFLAGS) -o $@ $(OBJECTS) -lm\n";
    return fmt::format("# Link these with your board's start-up code and linker script.\n"
                       "all: $(OBJECTS)\n\t{}size $(OBJECTS)\n", family.tool_prefix);
}

std::string makefile(const Program& program, const ResolvedTarget& target, bool self_test)
{
    const Target& family = *target.family;
    std::string objects = fmt::format("{}.o example_main.o", program.name);
    if (self_test) objects += fmt::format(" {}_self_test.o", program.name);
    std::string out = mark_line("#");
    out += fmt::format("# Compiles the example for {} with the flags that thimble measures with.\n",
                       target.name);
    out += fmt::format("CC = {}\n", family.compiler.empty() ? "emcc" : family.compiler);
    std::vector<std::string> flags = target.compile_flags();
    flags.insert(flags.end(), {"-O2", "-std=c99", "-Wall", "-Wextra", "-Wconversion",
                               "-ffunction-sections", "-fdata-sections", "-ffp-contract=off"});
    out += fmt::format("CFLAGS = {}\nOBJECTS = {}\n\n", joined(flags), objects);
    out += link_rules(target);
    out += fmt::format("\n%.o: %.c {}.h\n\t$(CC) $(CFLAGS) -c -o $@ $<\n\n", program.name);
    out += "clean:\n\trm -f $(OBJECTS) example example.elf example.hex\n\n.PHONY: all clean\n";
    return out;
}

bool is_ours(const fs::path& path)
{
    const std::string text = read_text_file(path);
    return text.substr(0, text.find('\n')).find(kGeneratedMark) != std::string::npos;
}

}  // namespace

std::vector<GeneratedFile> c_package(const Program& program, const ResolvedTarget& target,
                                     EmitOptions options, const std::vector<RecordedCase>& cases)
{
    options.self_test = !cases.empty();
    const GeneratedSource source = emit_c(program, options);
    std::vector<GeneratedFile> files = {{program.name + ".h", source.header},
                                        {program.name + ".c", source.source},
                                        {"example_main.c",
                                         example_main(program, target, options.text.get())},
                                        {"Makefile", makefile(program, target, !cases.empty())}};
    if (!cases.empty())
        files.push_back({program.name + "_self_test.c",
                         program.stream ? pipeline_self_test_source(program, cases)
                                        : self_test_source(program, cases)});
    return files;
}

void write_package(const fs::path& folder, const std::vector<GeneratedFile>& files, bool force)
{
    std::error_code problem;
    fs::create_directories(folder, problem);
    require(!problem && fs::is_directory(folder), ErrorCode::T0102,
            {folder.string(), problem ? problem.message() : "is not a folder",
             "a folder that can be made", "-o out/model"});
    for (const GeneratedFile& file : files) {
        const fs::path path = folder / file.name;
        if (!fs::exists(path) || force) continue;
        require(fs::is_regular_file(path) && is_ours(path), ErrorCode::T0005,
                {path.string(), "this file was not written by thimble",
                 "a free name, or a file whose first line says that thimble generated it",
                 "another folder with -o, or --force to replace the file"});
    }
    // All files are complete beside their places before the first one is renamed into its place.
    std::vector<fs::path> waiting;
    try {
        for (const GeneratedFile& file : files) {
            waiting.push_back(folder / (file.name + ".thimble-new"));
            write_file(waiting.back(), file.text);
        }
    } catch (...) {
        for (const fs::path& path : waiting) fs::remove(path, problem);
        throw;
    }
    for (size_t i = 0; i < files.size(); ++i) {
        fs::rename(waiting[i], folder / files[i].name, problem);
        require(!problem, ErrorCode::T0102,
                {(folder / files[i].name).string(), problem.message(),
                 "a place that can be written", "another folder with -o"});
    }
}

}  // namespace thimble
