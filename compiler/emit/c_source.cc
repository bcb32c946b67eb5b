#include "emit/c_source.h"

#include "base/error.h"
#include "emit/c_header.h"
#include "emit/c_pipeline.h"
#include "emit/c_tables.h"
#include "emit/c_text.h"
#include "emit/device_files.h"
#include "emit/kernel_library.h"
#include "ops/lower.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <span>

namespace thimble {

namespace {

// One static copy of a kernel for one set of keys.
struct Instance {
    std::string name;
    const KernelCall* first_call;
};

// Calls share an instance when kernel, keys and parameter types agree.
std::string instance_key(const KernelCall& call)
{
    std::string key = call.kernel;
    for (const Arg& arg : call.args)
        key += arg.kind == Arg::Kind::key    ? "|" + arg.text
               : arg.kind == Arg::Kind::null ? "|0"
                                             : "|?" + arg.c_type;
    return key;
}

class SourceWriter {
public:
    SourceWriter(const Program& program, const EmitOptions& options)
        : program_(program), options_(options)
    {
    }

    std::string write()
    {
        collect_instances();
        write_prologue();
        for (size_t i = 0; i < program_.tables.size(); ++i)
            if (table_used_[i]) out_ += c_table(program_.tables[i], table_name(i));
        write_instances();
        write_state_functions();
        write_invoke();
        if (program_.graph.interface) {
            out_ += "\n" + c_pipeline_types(program_, options_);
            if (options_.slices) write_slices(*options_.slices);
            out_ += c_pipeline_definitions(program_, options_);
        }
        if (options_.text) out_ += c_text_definition(program_, *options_.text);
        return std::move(out_);
    }

private:
    std::string table_name(size_t i) const { return fmt::format("{}_table_{}", program_.name, i); }

    void collect_instances()
    {
        table_used_.assign(program_.tables.size(), false);
        std::map<std::string, int> count;
        for (const Step& step : program_.steps) {
            for (const KernelCall& call : step.calls) {
                kernels_.insert(call.kernel);
                for (const Arg& arg : call.args)
                    if (arg.kind == Arg::Kind::table)
                        table_used_[static_cast<size_t>(arg.index)] = true;
                const std::string key = instance_key(call);
                if (instances_.count(key)) continue;
                const std::string stem =
                    call.kernel.starts_with("thb_") ? call.kernel.substr(4) : call.kernel;
                instances_[key] = {fmt::format("{}_{}", stem, count[stem]++), &call};
                instance_order_.push_back(key);
            }
        }
    }

    void write_prologue()
    {
        out_ += fmt::format("// {} {}. Kernels: MIT-0; the weights belong to the model's owner.\n",
                            kGeneratedMark, THIMBLE_VERSION);
        out_ += fmt::format("#include \"{}.h\"\n\n", program_.name);
        out_ += device_file("port/thb_port.h");
        out_ += "\n";
        if (options_.text) kernels_.merge(c_text_kernels());
        if (program_.graph.interface) kernels_.merge(c_pipeline_kernels(program_));
        out_ += KernelLibrary::instance().source_of(kernels_);
    }

    void write_instances()
    {
        for (const std::string& key : instance_order_) {
            const Instance& instance = instances_.at(key);
            std::string parameters, arguments;
            int index = 0;
            for (const Arg& arg : instance.first_call->args) {
                if (!arguments.empty()) arguments += ", ";
                if (arg.kind == Arg::Kind::key) {
                    arguments += arg.text;
                } else if (arg.kind == Arg::Kind::null) {
                    arguments += fmt::format("({})NULL", arg.c_type);
                } else {
                    if (!parameters.empty()) parameters += ", ";
                    parameters += fmt::format("{} a{}", arg.c_type, index);
                    arguments += fmt::format("a{}", index++);
                }
            }
            out_ += fmt::format("THB_INSTANCE void {}({})\n{{\n    {}({});\n}}\n\n", instance.name,
                                parameters.empty() ? "void" : parameters,
                                instance.first_call->kernel, arguments);
        }
    }

    std::string argument(const Arg& arg) const
    {
        if (arg.kind == Arg::Kind::number) {
            const bool narrow =
                arg.c_type == "int8_t" || arg.c_type == "uint8_t" || arg.c_type == "int16_t";
            return narrow || arg.text.find("INT64") != std::string::npos
                       ? fmt::format("({}){}", arg.c_type, arg.text)
                       : arg.text;
        }
        if (arg.kind == Arg::Kind::table) {
            const size_t index = static_cast<size_t>(arg.index);
            const bool moves = arg.offset != 0 || !arg.strides.empty();
            const bool plain =
                arg.c_type == "const " + program_.tables[index].c_type + "*" && !moves;
            if (plain) return table_name(index);
            const std::string base =
                moves ? fmt::format("((const uint8_t*){} + {}{})", table_name(index), arg.offset,
                                    stride_text(arg))
                      : table_name(index);
            return fmt::format("({}){}", arg.c_type, base);
        }
        if (loop() && arg.index == loop()->input_buffer) return row_argument(arg);
        const Buffer& buffer = program_.buffers[static_cast<size_t>(arg.index)];
        const char* base = buffer.place == Place::state ? "s" : "w";
        return fmt::format("({})({} + {}{})", arg.c_type, base, buffer.offset + arg.offset,
                           stride_text(arg));
    }

    // A part of the row that the turn was given.
    std::string row_argument(Arg arg) const
    {
        std::erase(arg.strides, LoopStride{loop()->begin, loop()->row_bytes});
        return fmt::format("({})(x + {}{})", arg.c_type, arg.offset, stride_text(arg));
    }

    // " + t3 * 40": what the turns of the loops around add to an address.
    static std::string stride_text(const Arg& arg)
    {
        std::string text;
        for (const LoopStride& stride : arg.strides)
            text += fmt::format(" {} (size_t)t{} * {}", stride.bytes < 0 ? '-' : '+', stride.loop,
                                c_literal(std::abs(stride.bytes)));
        return text;
    }

    void write_state_functions()
    {
        const std::string& name = program_.name;
        if (program_.state_bytes > 0) {
            const std::vector<uint8_t> initial = initial_state();
            const auto all =
                std::span(initial).first(static_cast<size_t>(program_.tick_state_bytes));
            const auto sequence = all.first(static_cast<size_t>(program_.sequence_bytes));
            if (!uniform(all))
                out_ += c_table({"uint8_t", {all.begin(), all.end()}, "initial state", true},
                                name + "_initial_state");
            if (!sequence.empty())
                out_ += fmt::format(
                    "// The state of recurrent layers belongs to one sequence.\n"
                    "static void {0}_begin_sequence({0}_state_t* state)\n{{\n{1}}}\n\n",
                    name, fill_state(sequence));
            if (program_.stream && !all.empty())
                out_ += fmt::format(
                    "// What ticks leave behind lives until the recording ends.\n"
                    "static void {0}_begin_recording({0}_state_t* state)\n{{\n{1}}}\n\n",
                    name, fill_state(all));
            out_ += fmt::format("void {0}_reset_state({0}_state_t* state)\n{{\n{1}}}\n\n", name,
                                program_.stream ? fill_stream(all.empty()) : fill_state(all));
        }
    }

    static bool uniform(std::span<const uint8_t> bytes)
    {
        return bytes.empty() ||
               std::ranges::all_of(bytes, [&](uint8_t b) { return b == bytes[0]; });
    }

    // Statements that give the first bytes of the state their initial values.
    std::string fill_state(std::span<const uint8_t> initial) const
    {
        if (uniform(initial))
            return fmt::format("    memset(state->bytes, {}, {});\n", initial[0], initial.size());
        return fmt::format(
            "    size_t i;\n    for (i = 0; i < {}; ++i) state->bytes[i] = "
            "THB_FLASH_U8({}_initial_state + i);\n",
            initial.size(), program_.name);
    }

    // Nothing waits in the stream. Samples themselves need no initial value.
    std::string fill_stream(bool no_ticks) const
    {
        const Buffer& control =
            program_.buffers[static_cast<size_t>(program_.stream->control_buffer)];
        return fmt::format(
            "{}    memset(state->bytes + {}, 0, {});\n",
            no_ticks ? "" : fmt::format("    {}_begin_recording(state);\n", program_.name),
            control.offset, control.bytes);
    }

    std::vector<uint8_t> initial_state() const
    {
        std::vector<uint8_t> bytes(static_cast<size_t>(program_.state_bytes), 0);
        for (const Buffer& buffer : program_.buffers)
            if (buffer.place == Place::state)
                std::ranges::copy(buffer.initial, bytes.begin() + buffer.offset);
        return bytes;
    }

    const SequenceLoop* loop() const
    {
        return program_.sequence_loop ? &*program_.sequence_loop : nullptr;
    }

    // One turn of the loop over the input's time steps; after the last one also what stands behind.
    void write_step_in()
    {
        const std::string& name = program_.name;
        const SequenceLoop& l = *loop();
        const Tensor& input = program_.graph.tensor(program_.graph.inputs[0]);
        const Buffer& counter = program_.buffers[static_cast<size_t>(l.counter_buffer)];
        const char* counter_type = counter.bytes == 2 ? "uint16_t" : "uint32_t";
        out_ += fmt::format(
            "int {0}_step_in({0}_state_t* state, {0}_work_t* work, const {1}* input)\n{{\n"
            "    uint8_t* const s = state->bytes;\n    uint8_t* const w = work->bytes;\n"
            "    const uint8_t* const x = (const uint8_t*)(const void*)input;\n"
            "    {2} turn;\n    thb_index_t t{3};\n    memcpy(&turn, s + {4}, sizeof turn);\n"
            "    t{3} = (thb_index_t)turn;\n    (void)t{3};\n    (void)w;\n",
            name, dtype_c_name(input.type), counter_type, l.begin, counter.offset);
        open("if (turn == 0) {");
        if (program_.sequence_bytes > 0) line(fmt::format("{}_begin_sequence(state);", name));
        for (int i = 0; i < l.begin; ++i) write_step(static_cast<size_t>(i));
        write_comment(static_cast<size_t>(l.begin));
        write_calls(step(l.begin));
        line(fmt::format("THB_AFTER_LAYER({});", l.begin));
        close("}");
        for (int i = l.begin + 1; i < l.end; ++i) write_step(static_cast<size_t>(i));
        write_calls(step(l.end));
        line(fmt::format("THB_AFTER_LAYER({});", l.begin));
        line(fmt::format("turn = ({})(turn + 1 == {} ? 0 : turn + 1);", counter_type,
                         c_literal(l.turns)));
        line(fmt::format("memcpy(s + {}, &turn, sizeof turn);", counter.offset));
        line("if (turn != 0) return 0;");
        line(fmt::format("THB_AFTER_LAYER({});", l.end));
        for (size_t i = static_cast<size_t>(l.end) + 1; i < program_.steps.size(); ++i)
            write_step(i);
        line("return 1;");
        out_ += "}\n";
    }

    void write_invoke_by_steps()
    {
        const std::string& name = program_.name;
        const SequenceLoop& l = *loop();
        const Tensor& input = program_.graph.tensor(program_.graph.inputs[0]);
        const Buffer& counter = program_.buffers[static_cast<size_t>(l.counter_buffer)];
        out_ += fmt::format(
            "\nvoid {0}_invoke_in({0}_state_t* state, {0}_work_t* work)\n{{\n"
            "    thb_index_t t;\n    // Begins anew, also in the middle of a sequence.\n"
            "    memset(state->bytes + {1}, 0, {2});\n"
            "    for (t = 0; t < {3}; ++t)\n        (void){0}_step_in(state, work, (const "
            "{4}*)(const void*)(work->bytes + {5} + (size_t)t * {6}));\n}}\n",
            name, counter.offset, counter.bytes, c_literal(l.turns), dtype_c_name(input.type),
            program_.buffers[static_cast<size_t>(l.input_buffer)].offset, c_literal(l.row_bytes));
    }

    const Step& step(int index) const { return program_.steps[static_cast<size_t>(index)]; }

    void write_invoke()
    {
        if (loop()) {
            write_step_in();
            if (loop()->holds_input) write_invoke_by_steps();
            return;
        }
        const std::string& name = program_.name;
        const bool stateful = program_.state_bytes > 0;
        out_ += stateful ? fmt::format(
                               "void {0}_invoke_in({0}_state_t* state, {0}_work_t* work)\n{{\n    "
                               "uint8_t* const s = state->bytes;\n",
                               name)
                         : fmt::format("void {0}_invoke_in({0}_work_t* work)\n{{\n", name);
        out_ += "    uint8_t* const w = work->bytes;\n";
        if (stateful) out_ += "    (void)s;\n";
        out_ += "    (void)w;\n";
        if (program_.sequence_bytes > 0)
            out_ += fmt::format("    {}_begin_sequence(state);\n", name);
        for (size_t i = 0; i < program_.steps.size(); ++i) write_step(i);
        out_ += "}\n";
    }

    void line(const std::string& text)
    {
        out_.append(4 * (1 + depth_), ' ');
        out_ += text + "\n";
    }

    void write_comment(size_t i)
    {
        const Step& step = program_.steps[i];
        std::string text = fmt::format("// {} {}: {}", i, one_line(step.layer), step.op);
        if (step.kind == StepKind::scan_begin) text += fmt::format(", {} turns", step.trip_count);
        if (step.variant != "portable") text += ", " + step.variant;
        if (step.macs > 0) text += fmt::format(", {} MACs", step.macs);
        line(text);
    }

    void write_calls(const Step& step)
    {
        for (const KernelCall& call : step.calls) {
            std::string arguments;
            for (const Arg& arg : call.args) {
                if (arg.kind == Arg::Kind::key || arg.kind == Arg::Kind::null) continue;
                arguments += (arguments.empty() ? "" : ", ") + argument(arg);
            }
            line(fmt::format("{}({});", instances_.at(instance_key(call)).name, arguments));
        }
    }

    void open(const std::string& text)
    {
        line(text);
        ++depth_;
    }

    void close(const std::string& text)
    {
        --depth_;
        line(text);
    }

    // The marks count the end of a loop's turn, and of a branch, to the step that begins it.
    void write_step(size_t i)
    {
        const Step& step = program_.steps[i];
        const bool begins = step.kind == StepKind::scan_begin ||
                            step.kind == StepKind::while_begin || step.kind == StepKind::if_begin;
        if (step.kind == StepKind::layer || begins) write_comment(i);
        write_calls(step);
        switch (step.kind) {
        case StepKind::layer:
            line(fmt::format("THB_AFTER_LAYER({});", i));
            break;
        case StepKind::scan_begin:
            line(fmt::format("THB_AFTER_LAYER({});", i));
            open(fmt::format("for (thb_index_t t{0} = 0; t{0} < {1}; ++t{0}) {{", i,
                             c_literal(step.trip_count)));
            break;
        case StepKind::while_begin:
            line(fmt::format("THB_AFTER_LAYER({});", i));
            open("for (;;) {");
            break;
        case StepKind::while_test:
            line(fmt::format("if (!*{}) break;", condition(step)));
            line(fmt::format("THB_AFTER_LAYER({});", step.begin));
            break;
        case StepKind::if_begin:
            line(fmt::format("THB_AFTER_LAYER({});", i));
            open(fmt::format("if (*{}) {{", condition(step)));
            break;
        case StepKind::if_else:
            line(fmt::format("THB_AFTER_LAYER({});", step.begin));
            close("} else {");
            ++depth_;
            break;
        case StepKind::region_end:
            line(fmt::format("THB_AFTER_LAYER({});", step.begin));
            close("}");
            line(fmt::format("THB_AFTER_LAYER({});", i));
            break;
        }
    }

    // A switch over the slices; depth 2 is that of their statements.
    void write_slices(const SlicePlan& plan)
    {
        const std::string& name = program_.name;
        out_ += fmt::format(
            "// Runs the slice at->slice; returns the next one, 0 at the end of the tick.\n"
            "static uint16_t {0}_slice({0}_state_t* state, {0}_work_t* work, {0}_slices_t* "
            "at)\n{{\n"
            "    uint8_t* const s = state->bytes;\n    uint8_t* const w = work->bytes;\n",
            name);
        for (size_t i = 0; i < plan.loops.size(); ++i)
            line(fmt::format("const thb_index_t t{} = at->turns[{}];", plan.loops[i], i));
        for (const int loop : plan.loops) line(fmt::format("(void)t{};", loop));
        line("(void)s;");
        line("(void)w;");
        line("switch (at->slice) {");
        for (size_t i = 0; i < plan.slices.size(); ++i) {
            line(fmt::format("case {}:", i));
            ++depth_;
            if (i == 0 && program_.sequence_bytes > 0)
                line(fmt::format("{}_begin_sequence(state);", name));
            for (const SliceOp& op : plan.slices[i].ops) write_slice_op(plan, op);
            const bool leaves =
                !plan.slices[i].ops.empty() && plan.slices[i].ops.back().kind == SliceOp::Kind::go;
            if (!leaves) line(fmt::format("return {};", i + 1 < plan.slices.size() ? i + 1 : 0));
            --depth_;
        }
        line("default: return 0;");
        line("}");
        out_ += "}\n";
    }

    void write_slice_op(const SlicePlan& plan, const SliceOp& op)
    {
        const Step& at = step(op.step);
        const auto turn = std::ranges::find(plan.loops, op.step) - plan.loops.begin();
        switch (op.kind) {
        case SliceOp::Kind::whole:
            for (int i = op.step; i <= op.last; ++i) write_step(static_cast<size_t>(i));
            break;
        case SliceOp::Kind::calls:
            write_calls(at);
            break;
        case SliceOp::Kind::test:
            write_comment(static_cast<size_t>(op.step));
            write_calls(at);
            line(fmt::format("if (!*{}) return {};", condition(at), op.to));
            break;
        case SliceOp::Kind::go:
            line(fmt::format("return {};", op.to));
            break;
        case SliceOp::Kind::begin_loop:
            write_comment(static_cast<size_t>(op.step));
            write_calls(at);
            line(fmt::format("at->turns[{}] = 0;", turn));
            break;
        case SliceOp::Kind::next_turn:
            line(fmt::format("at->turns[{}] = (thb_index_t)(t{} + 1);", turn, op.step));
            line(fmt::format("if (t{} + 1 < {}) return {};", op.step, c_literal(at.trip_count),
                             op.to));
            break;
        }
    }

    std::string condition(const Step& step) const
    {
        Arg arg = step.condition;
        arg.c_type = "const uint8_t*";
        return argument(arg);
    }

    const Program& program_;
    const EmitOptions& options_;
    std::string out_;
    std::set<std::string> kernels_;
    std::map<std::string, Instance> instances_;
    std::vector<std::string> instance_order_;
    std::vector<bool> table_used_;
    size_t depth_ = 0;  // of the region that is being written
};

}  // namespace

// Names whose type NAME_t a header of C or POSIX has.
constexpr std::string_view kTakenNames[] = {
    "int8",      "int16",   "int32",  "int64",   "uint8",  "uint16",  "uint32",  "uint64",
    "intptr",    "uintptr", "intmax", "uintmax", "size",   "ssize",   "ptrdiff", "wchar",
    "max_align", "time",    "clock",  "clockid", "timer",  "off",     "mode",    "pid",
    "uid",       "gid",     "id",     "dev",     "ino",    "nlink",   "key",     "div",
    "ldiv",      "lldiv",   "float",  "double",  "u_int8", "u_int16", "u_int32", "u_int64",
    "register",  "sigset",  "locale", "blksize", "loff"};

std::string c_identifier(const std::string& text)
{
    std::string out;
    for (const char c : text) out += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    const bool taken = std::ranges::find(kTakenNames, out) != std::end(kTakenNames);
    if (out.empty() || taken || std::isdigit(static_cast<unsigned char>(out[0])))
        out = "model_" + out;
    return out;
}

std::string upper_case(std::string text)
{
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

GeneratedSource emit_c(const Program& program, const EmitOptions& options)
{
    return {c_header(program, options), SourceWriter(program, options).write()};
}

}  // namespace thimble
