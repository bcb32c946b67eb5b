#include "verify/harness_recordings.h"

#include "ir/pipeline.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kSmallChunkBytes = 64;  // where RAM is counted in KB
constexpr int64_t kChunkBytes = 65536;
constexpr int kFlushRefused = 8;  // exit status

std::string write_decision(const Program& program)
{
    const PipelineInterface& interface = *program.graph.interface;
    const auto field = [](const char* name) {
        return fmt::format("    thb_host_write(&decision.{0}, sizeof decision.{0});\n", name);
    };
    std::string out =
        "static void write_decision(void)\n{\n    const uint8_t one = 1;\n"
        "    thb_host_write(&one, 1);\n";
    if (interface.streamed()) out += field("samples");
    if (interface.decision == Decision::label)
        out += field("label") + (program.graph.outputs.size() > 2 ? field("score") : "");
    else
        out += field("values");
    return out + "}\n\n";
}

// Samples that the harness holds at once: more than the ring where there is room.
int64_t chunk_samples(const Program& program, const TargetFacts& target, int64_t sample_bytes)
{
    const int64_t most = (target.int_bits == 16 ? kSmallChunkBytes : kChunkBytes) /
                         std::max<int64_t>(1, sample_bytes);
    return std::clamp<int64_t>(most, 1, 2 * program.graph.interface->buffer);
}

std::string poll_function(const Program& program, bool slices)
{
    if (!slices)
        return fmt::format(
            "static void poll_all(void)\n{{\n    while ({}_poll(&model, &decision)) "
            "write_decision();\n}}\n\n",
            program.name);
    return fmt::format(
        "static void poll_all(void)\n{{\n    int decided;\n    do {{\n"
        "        thb_host_mark();\n        decided = {0}_poll_slice(&model, &decision);\n"
        "        thb_host_mark();\n        if (decided) write_decision();\n"
        "    }} while (decided || {0}_busy(&model));\n}}\n\n",
        program.name);
}

std::string stream_main(const Program& program, const TargetFacts& target, bool slices)
{
    const PipelineInterface& interface = *program.graph.interface;
    const Tensor& samples = program.graph.tensor(program.graph.inputs[0]);
    const int64_t bytes = interface.row * element_bytes(samples.type);
    const int64_t chunk = chunk_samples(program, target, bytes);
    std::string out =
        fmt::format("static {} chunk[{}];\n\n", dtype_c_name(samples.type), chunk * interface.row);
    out += poll_function(program, slices);
    out += fmt::format(
        "// Polls behind every `block` samples, and when no more are taken.\n"
        "static void push_all(uint32_t left, uint32_t block)\n{{\n    uint32_t waiting = 0;\n"
        "    while (left > 0) {{\n        size_t done = 0;\n"
        "        size_t count = left < {1} ? (size_t)left : {1};\n"
        "        if (count > block - waiting) count = (size_t)(block - waiting);\n"
        "        thb_host_read(chunk, (uint32_t)count * {3});\n        left -= (uint32_t)count;\n"
        "        while (done < count) {{\n"
        "            const size_t taken = {0}_push(&model, chunk + done * {2}, count - done);\n"
        "            done += taken;\n            waiting += (uint32_t)taken;\n"
        "            if (done < count || waiting >= block) {{\n                poll_all();\n"
        "                waiting = 0;\n            }}\n        }}\n    }}\n}}\n\n",
        program.name, chunk, interface.row, bytes);
    return out +
           fmt::format(
               "static int one_recording(uint32_t block)\n{{\n    uint32_t count;\n"
               "    thb_host_read(&count, 4);\n    push_all(count, block);\n"
               "    if (!{}_flush(&model)) return {};\n    poll_all();\n    return 0;\n}}\n\n",
               program.name, kFlushRefused);
}

std::string decide_main(const Program& program)
{
    return fmt::format(
        "static int one_recording(uint32_t block)\n{{\n    uint32_t count;\n"
        "    (void)block;\n    thb_host_read(&count, 4);\n"
        "    thb_host_read({0}_input(&model), {1});\n"
        "    if ({0}_decide(&model, &decision)) write_decision();\n    return 0;\n}}\n\n",
        program.name, program.graph.tensor(program.graph.inputs[0]).bytes());
}

}  // namespace

HarnessSources recordings_sources(const Program& program, const TargetFacts& target, bool slices)
{
    std::string main = fmt::format(
        "#include \"{0}.h\"\n#include \"thb_host.h\"\n\nstatic {0}_t model;\n"
        "static {0}_decision_t decision;\n\n",
        program.name);
    main += write_decision(program);
    main += program.graph.interface->streamed() ? stream_main(program, target, slices)
                                                : decide_main(program);
    main += fmt::format(
        "int main(void)\n{{\n    const uint8_t end = 0;\n    uint32_t recordings, block;\n"
        "    thb_host_read(&recordings, 4);\n    thb_host_read(&block, 4);\n"
        "    {}_init(&model);\n    thb_host_mark();\n    thb_host_mark();\n"
        "    for (; recordings > 0; --recordings) {{\n"
        "        const int status = one_recording(block);\n"
        "        if (status != 0) return status;\n        thb_host_write(&end, 1);\n    }}\n"
        "    return 0;\n}}\n",
        program.name);
    return {main, fmt::format("#include \"{}.c\"\n", program.name)};
}

HarnessSources push_sources(const Program& program)
{
    const PipelineInterface& interface = *program.graph.interface;
    const std::string& name = program.name;
    const auto marked = [](const std::string& call) {
        return fmt::format("    thb_host_mark();\n    {}\n    thb_host_mark();\n", call);
    };
    const auto stack_of = [](const std::string& code) {
        return "    thb_host_paint_stack();\n" + code +
               "    stack = thb_host_stack_used();\n    thb_host_write(&stack, 4);\n";
    };
    const std::string reset = fmt::format("    {}_reset(&model);\n", name);
    const std::string push = fmt::format("(void){}_push(&model, samples, {{}});", name);
    // The input of the model holds a window: what it holds does not matter to a push.
    std::string main = fmt::format(
        "#include \"{0}.h\"\n#include \"thb_host.h\"\n\nstatic {0}_t model;\n"
        "static {0}_decision_t decision;\n\nint main(void)\n{{\n"
        "    const {1}* const samples = {0}_input(&model);\n    uint32_t stack;\n"
        "    {0}_init(&model);\n",
        name, dtype_c_name(program.graph.tensor(program.graph.inputs[0]).type));
    main += marked("") + marked(fmt::format(fmt::runtime(push), 1)) + reset;
    main += marked(fmt::format(fmt::runtime(push), interface.window)) + reset;
    main += fmt::format("    memset(&model.work, 0, sizeof model.work);\n");
    main += stack_of(marked(fmt::format("{}_invoke(&model);", name))) + reset;
    main += fmt::format("    memset(&model.work, 0, sizeof model.work);\n    {}\n",
                        fmt::format(fmt::runtime(push), interface.window));
    main += stack_of(marked(fmt::format("(void){}_poll(&model, &decision);", name)));
    main += "    return 0;\n}\n";
    return {main, fmt::format("#include \"{}.c\"\n", name)};
}

std::string empty_pipeline_source(const Program& program)
{
    const std::string& name = program.name;
    const std::string type(dtype_c_name(program.graph.tensor(program.graph.inputs[0]).type));
    const bool stateful = program.state_bytes > 0;
    std::string out;
    if (program.graph.interface->decision == Decision::label)
        out += fmt::format(
            "const char* {0}_label(int16_t i, char* to, size_t size)\n{{\n    (void)i;\n"
            "    (void)size;\n    return to;\n}}\n",
            name);
    if (!program.stream)
        return out + fmt::format(
                         "int {0}_decide_in({1}{0}_work_t* work, {0}_decision_t* out)\n{{\n{2}"
                         "    (void)work;\n    (void)out;\n    return 0;\n}}\n",
                         name, stateful ? fmt::format("{}_state_t* state, ", name) : "",
                         stateful ? "    (void)state;\n" : "");
    return out +
           fmt::format(
               "size_t {0}_push_in({0}_state_t* state, const {1}* samples, size_t count)\n{{\n"
               "    (void)state;\n    (void)samples;\n    return count;\n}}\n"
               "int {0}_flush_in({0}_state_t* state)\n{{\n    (void)state;\n    return 1;\n}}\n"
               "int {0}_poll_in({0}_state_t* state, {0}_work_t* work, {0}_decision_t* out)\n"
               "{{\n    (void)state;\n    (void)work;\n    (void)out;\n    return 0;\n}}\n",
               name, type);
}

}  // namespace thimble
