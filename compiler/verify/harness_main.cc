#include "verify/harness_main.h"

#include "base/error.h"
#include "verify/harness_recordings.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int kWrongStep = 7;  // exit status: NAME_step said that a sequence ends when it does not

std::string suffix(size_t i) { return i == 0 ? "" : fmt::format("_{}", i); }

const Buffer& buffer_of(const Program& program, TensorId id)
{
    const int index = program.buffer_of_tensor.at(static_cast<size_t>(id));
    THIMBLE_CHECK(index >= 0, "tensor without memory");
    return program.buffers[static_cast<size_t>(index)];
}

std::string trace_hook(const Program& program, const std::vector<int>& steps)
{
    std::string out =
        "static void write_step(uint16_t step)\n{\n    thb_host_write(&step, 2);\n}\n\n"
        "void thb_layer(int step);\nvoid thb_layer(int step)\n{\n    switch (step) {\n";
    for (const int step : steps) {
        out += fmt::format("    case {0}:\n        write_step({0}u);\n", step);
        for (const TensorId id : traceable_outputs(program, step)) {
            const Buffer& buffer = buffer_of(program, id);
            out += fmt::format("        thb_host_write(model.{}.bytes + {}, {});\n",
                               buffer.place == Place::state ? "state" : "work", buffer.offset,
                               program.graph.tensor(id).bytes());
        }
        out += "        break;\n";
    }
    return out + "    default: break;\n    }\n}\n\n";
}

std::string read_inputs(const Program& program)
{
    std::string out;
    for (size_t i = 0; i < program.graph.inputs.size(); ++i)
        out += fmt::format("        thb_host_read({}_input{}(&model), {});\n", program.name,
                           suffix(i), program.graph.tensor(program.graph.inputs[i]).bytes());
    return out;
}

std::string one_invocation(const Program& program, bool measures, const std::string& mark)
{
    std::string out = measures ? "        thb_host_paint_stack();\n" : "";
    out += fmt::format("        {0}\n        {1}_invoke(&model);\n        {0}\n", mark,
                       program.name);
    if (measures)
        out +=
            "        {\n            const uint32_t stack = thb_host_stack_used();\n            "
            "thb_host_write(&stack, 4);\n        }\n";
    return out;
}

// NAME_step for every row of the input, which lies in the model or is read row by row. Reading is
// not measured: marks stand around every step, but in HarnessMode::layers one around all, and what
// came before a step is named as that of no layer.
std::string all_steps(const Program& program, HarnessMode mode, const std::string& mark)
{
    const SequenceLoop& loop = *program.sequence_loop;
    const Tensor& input = program.graph.tensor(program.graph.inputs[0]);
    const int64_t row = input.count() / loop.turns;
    const bool layers = mode == HarnessMode::layers;
    const bool measures = layers || mode == HarnessMode::profile;
    std::string out = "        {\n            uint32_t t, stack = 0;\n";
    if (!loop.holds_input)
        out += fmt::format("            static {} row[{}];\n", dtype_c_name(input.type), row);
    if (layers) out += fmt::format("            {}\n", mark);
    out += fmt::format("            for (t = 0; t < {}; ++t) {{\n", loop.turns);
    const std::string x =
        loop.holds_input ? fmt::format("{}_input(&model) + t * {}", program.name, row) : "row";
    if (!loop.holds_input)
        out += fmt::format("                thb_host_read(row, {});\n", loop.row_bytes);
    if (measures) out += "                thb_host_paint_stack();\n";
    out += fmt::format("                {}\n",
                       layers ? fmt::format("thb_layer({});", kNoLayer) : mark);
    out += fmt::format("                if ({}_step(&model, {}) != (t == {})) return {};\n",
                       program.name, x, loop.turns - 1, kWrongStep);
    if (!layers) out += fmt::format("                {}\n", mark);
    if (measures)
        out += "                if (thb_host_stack_used() > stack) stack = "
               "thb_host_stack_used();\n";
    out += "            }\n";
    if (layers) out += fmt::format("            {}\n", mark);
    if (measures) out += "            thb_host_write(&stack, 4);\n";
    else out += "            (void)stack;\n";
    return out + "        }\n";
}

// Says which step has ended; what that takes lies between two marks. All marks are made so.
constexpr const char* kNamedMark =
    "void thb_layer(uint16_t step);\nvoid thb_layer(uint16_t step)\n{\n    thb_host_mark();\n"
    "    thb_host_write(&step, 2);\n    thb_host_mark();\n}\n\n";

}  // namespace

bool repeats_steps(const Program& program)
{
    return std::ranges::any_of(program.steps,
                               [](const Step& step) { return step.kind != StepKind::layer; });
}

bool is_in_loop(const Program& program, const Step& step)
{
    for (int at = step.region; at >= 0; at = program.steps[static_cast<size_t>(at)].region)
        if (program.steps[static_cast<size_t>(at)].kind != StepKind::if_begin) return true;
    return false;
}

std::vector<TensorId> traceable_outputs(const Program& program, int step)
{
    std::vector<TensorId> result;
    const Step& traced = program.steps[static_cast<size_t>(step)];
    // Within a loop a step runs many times; the loop's own outputs are there at its end.
    const bool ends = traced.kind == StepKind::region_end &&
                      !is_in_loop(program, program.steps[static_cast<size_t>(traced.begin)]);
    const bool layer = traced.kind == StepKind::layer && !is_in_loop(program, traced);
    if (!ends && !layer) return result;
    const Node& node = program.graph.nodes[static_cast<size_t>(traced.node)];
    for (const TensorId id : node.outputs)
        if (program.buffer_of_tensor[static_cast<size_t>(id)] >= 0 &&
            program.graph.tensor(id).bytes() > 0)
            result.push_back(id);
    return result;
}

HarnessSources harness_sources(const Program& program, HarnessMode mode, const TargetFacts& target,
                               const std::vector<int>& traced_steps)
{
    if (mode == HarnessMode::recordings || mode == HarnessMode::slices)
        return recordings_sources(program, target, mode == HarnessMode::slices);
    if (mode == HarnessMode::push) return push_sources(program);
    const std::string& name = program.name;
    const bool measures = mode == HarnessMode::profile || mode == HarnessMode::layers;
    const bool named = mode == HarnessMode::layers && repeats_steps(program);
    const std::string mark = named ? fmt::format("thb_layer({}u);", kEndOfRun) : "thb_host_mark();";
    std::string main =
        fmt::format("#include \"{0}.h\"\n#include \"thb_host.h\"\n\nstatic {0}_t model;\n\n", name);
    if (mode == HarnessMode::trace) main += trace_hook(program, traced_steps);
    if (named) main += kNamedMark;
    main +=
        "int main(void)\n{\n    uint32_t runs;\n    uint32_t run;\n    thb_host_read(&runs, 4);\n";
    main += fmt::format("    {}_init(&model);\n", name);
    if (measures) main += fmt::format("    {0}\n    {0}\n", mark);
    main += "    for (run = 0; run < runs; ++run) {\n";
    if (program.graph.interface)
        main += fmt::format(
            "        uint8_t first;\n        thb_host_read(&first, 1);\n        if (first) "
            "{}_init(&model);\n",
            name);
    const bool holds_input = !program.sequence_loop || program.sequence_loop->holds_input;
    if (holds_input) main += read_inputs(program);
    if (holds_input && mode != HarnessMode::steps) main += one_invocation(program, measures, mark);
    else main += all_steps(program, mode, mark);
    if (mode == HarnessMode::trace) main += fmt::format("        write_step({}u);\n", kNoLayer);
    for (size_t i = 0; i < program.graph.outputs.size(); ++i)
        main += fmt::format("        thb_host_write({}_output{}(&model), {});\n", name, suffix(i),
                            program.graph.tensor(program.graph.outputs[i]).bytes());
    main += "    }\n    return 0;\n}\n";

    std::string wrapper;
    if (mode == HarnessMode::trace)
        wrapper = "void thb_layer(int step);\n#define THB_AFTER_LAYER(step) thb_layer(step)\n";
    if (mode == HarnessMode::layers && !named)
        wrapper = "void thb_host_mark(void);\n#define THB_AFTER_LAYER(step) thb_host_mark()\n";
    if (named)
        wrapper =
            "#include <stdint.h>\nvoid thb_layer(uint16_t step);\n"
            "#define THB_AFTER_LAYER(step) thb_layer(step)\n";
    return {main, wrapper + fmt::format("#include \"{}.c\"\n", name)};
}

std::string empty_model_source(const Program& program)
{
    const std::string& name = program.name;
    std::string out = fmt::format("#include \"{}.h\"\n", name);
    if (program.sequence_loop)
        out += fmt::format(
            "int {0}_step_in({0}_state_t* state, {0}_work_t* work, const {1}* input)\n{{\n"
            "    (void)state;\n    (void)work;\n    (void)input;\n    return 0;\n}}\n",
            name, dtype_c_name(program.graph.tensor(program.graph.inputs[0]).type));
    const bool holds_input = !program.sequence_loop || program.sequence_loop->holds_input;
    if (program.state_bytes > 0) {
        out += fmt::format("void {0}_reset_state({0}_state_t* state)\n{{\n    (void)state;\n}}\n",
                           name);
        if (holds_input) out += fmt::format(
            "void {0}_invoke_in({0}_state_t* state, {0}_work_t* work)\n{{\n    (void)state;\n    "
            "(void)work;\n}}\n",
            name);
    } else {
        out += fmt::format("void {0}_invoke_in({0}_work_t* work)\n{{\n    (void)work;\n}}\n", name);
    }
    if (program.graph.interface) out += empty_pipeline_source(program);
    return out;
}

}  // namespace thimble
