#include "emit/c_header.h"

#include "base/error.h"
#include "emit/c_pipeline.h"
#include "emit/c_tables.h"
#include "emit/c_text.h"
#include "ops/lower.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

struct Port {
    const Tensor* tensor;
    std::string c_type;
    std::string suffix;  // "", "_1"
    int64_t offset;      // in the work or state block
    bool in_state;
};

std::vector<Port> ports(const Program& program, const std::vector<TensorId>& ids)
{
    std::vector<Port> result;
    for (size_t i = 0; i < ids.size(); ++i) {
        const Tensor& tensor = program.graph.tensor(ids[i]);
        const int index = program.buffer_of_tensor[static_cast<size_t>(ids[i])];
        // A file may name a variable's handle, or a type without elements, as its output.
        require(index >= 0, ErrorCode::T0202,
                {"'" + tensor.name + "'", "is a graph input or output without values in memory",
                 "a number tensor", "export the model again"});
        const Buffer& buffer = program.buffers[static_cast<size_t>(index)];
        result.push_back({&tensor, std::string(dtype_c_name(tensor.type)),
                          i == 0 ? "" : fmt::format("_{}", i), buffer.offset,
                          buffer.place == Place::state});
    }
    return result;
}

std::string port_text(const Port& port)
{
    std::string text =
        fmt::format("{}{}", dtype_name(port.tensor->type), shape_text(port.tensor->shape));
    if (port.tensor->quant.present() && !is_float(port.tensor->type))
        text += fmt::format(", real = {:.9g} * (q - {})", port.tensor->quant.scale(),
                            port.tensor->quant.zero_point());
    return text + ", '" + one_line(port.tensor->name) + "'";
}

class HeaderWriter {
public:
    HeaderWriter(const Program& program, const EmitOptions& options)
        : program_(program),
          options_(options),
          name_(program.name),
          upper_(upper_case(program.name)),
          inputs_(ports(program, program.graph.inputs)),
          outputs_(ports(program, program.graph.outputs))
    {
    }

    std::string write()
    {
        write_comment();
        out_ += fmt::format(
            "#ifndef THIMBLE_{0}_H\n#define THIMBLE_{0}_H\n\n#include <stddef.h>\n#include "
            "<stdint.h>\n#include <string.h>\n\n",
            upper_);
        out_ += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
        write_macros();
        write_types();
        write_functions();
        for (size_t i = 0; holds_input() && i < inputs_.size(); ++i)
            write_accessor("input", inputs_[i], false);
        for (size_t i = 0; i < outputs_.size(); ++i) write_accessor("output", outputs_[i], true);
        write_run();
        if (program_.graph.interface) out_ += c_pipeline_declarations(program_, options_);
        if (options_.text) out_ += c_text_declaration(program_, *options_.text);
        if (!inputs_.empty()) write_quantize();
        if (!outputs_.empty()) write_dequantize();
        out_ += "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
        return std::move(out_);
    }

private:
    bool stateful() const { return program_.state_bytes > 0; }
    // Can be fed step by step; not null then.
    const SequenceLoop* loop() const
    {
        return program_.sequence_loop ? &*program_.sequence_loop : nullptr;
    }
    bool holds_input() const { return !loop() || loop()->holds_input; }

    void line(const std::string& text) { out_ += text + "\n"; }

    void write_model_usage()
    {
        line("//");
        line(fmt::format("//   static {}_t t;", name_));
        line(fmt::format("//   {}_init(&t);", name_));
        if (holds_input())
            line(fmt::format(
                "//   ... fill {0}_input(&t) ...  {0}_invoke(&t);  ... read {0}_output(&t) ...",
                name_));
        if (loop())
            line(
                fmt::format("//   {}for each time step x: if ({}_step(&t, x)) ... read "
                            "{}_output(&t) ...",
                            holds_input() ? "or, " : "", name_, name_));
        if (!program_.no_step_reason.empty())
            line(fmt::format("// It cannot be fed step by step: {}.",
                             one_line(program_.no_step_reason)));
    }

    void write_comment()
    {
        line(fmt::format("// {} {} from model '{}' for {}.", kGeneratedMark, THIMBLE_VERSION,
                         one_line(program_.graph.name), options_.target));
        if (!options_.options_text.empty()) line("// Options: " + options_.options_text);
        line("// Licence: MIT-0 (no notice needed); the weights belong to the model's owner.\n//");
        for (const Port& port : inputs_)
            line(fmt::format("// input{}   {}", port.suffix, port_text(port)));
        for (const Port& port : outputs_)
            line(fmt::format("// output{}  {}", port.suffix, port_text(port)));
        int64_t macs = 0, layers = 0;
        for (const Step& step : program_.steps) {
            macs += step.macs;
            layers += step.begin < 0;
        }
        line("//");
        line(fmt::format("// Work: {} multiply-accumulates in {} layers.", macs, layers));
        line(fmt::format("// Memory: {} bytes of state, {} bytes of work (lower bound {}).",
                         program_.state_bytes, program_.work_bytes,
                         program_.work_bytes_lower_bound));
        if (options_.measured)
            line(fmt::format("// Measured on {}: {}{} {}{}, {} bytes of flash, {} bytes of stack.",
                             options_.measured->target,
                             program_.graph.interface ? "longest tick " : "",
                             options_.measured->cycles, options_.measured->unit,
                             program_.stream ? fmt::format(", {}_push of one sample {}", name_,
                                                           options_.measured->push_cycles)
                                             : "",
                             options_.measured->flash_bytes, options_.measured->stack_bytes));
        else
            line(
                "// Cost: not measured (`thimble profile` needs the target's compiler and "
                "emulator).");
        for (const std::string& sentence : options_.verified) line("// " + sentence);
        if (program_.graph.interface)
            out_ += c_pipeline_comment(program_);
        else
            write_model_usage();
        line("//");
        line(
            "// The caller owns the memory; any number of instances may exist. There is no heap, "
            "no recursion,");
        line(fmt::format(
            "// no failure path and no mutable global.{}",
                         holds_input() ? " The input may be overwritten by an invocation." : ""));
        write_state_comment();
    }

    void write_state_comment()
    {
        if (!stateful()) return;
        line("//");
        if (program_.sequence_bytes > 0)
            line(
                fmt::format("// The state of recurrent layers ({} bytes) starts anew with every "
                            "call (--state reset).",
                            program_.sequence_bytes));
        if (lasting_bytes() > 0)
            line(fmt::format("// {} bytes of state live from call to call until {}_reset.",
                             lasting_bytes(), name_));
        if (loop())
            line(fmt::format(
                "// The rest of {}_state_t is what one step hands to the next.{}", name_,
                holds_input() ? fmt::format(" {}_invoke begins anew.", name_) : ""));
        line(fmt::format("// To save or restore the state, copy {}_state_t.", name_));
    }

    // Of states that the model declares and that no call resets.
    int64_t lasting_bytes() const
    {
        int64_t bytes = 0;
        for (size_t id = 0; id < program_.graph.tensors.size(); ++id) {
            const Tensor& tensor = program_.graph.tensors[id];
            const bool lasts = tensor.kind == TensorKind::state && !tensor.per_sequence &&
                               program_.buffer_of_tensor[id] >= 0 && !is_of_body(id);
            if (lasts) bytes += tensor.bytes();
        }
        return bytes;
    }
    // A state that an earlier tensor stands for already: bodies name those of the graph again.
    bool is_of_body(size_t id) const
    {
        const auto first = program_.buffer_of_tensor.begin();
        return std::find(first, first + static_cast<std::ptrdiff_t>(id),
                         program_.buffer_of_tensor[id]) != first + static_cast<std::ptrdiff_t>(id);
    }

    void write_port_macros(const char* kind, const std::vector<Port>& ports)
    {
        for (const Port& port : ports) {
            const std::string prefix = fmt::format("{}_{}{}", upper_, kind, port.suffix);
            line(fmt::format("#define {}_SIZE {}  // elements", prefix, port.tensor->count()));
            if (!port.tensor->quant.present() || is_float(port.tensor->type)) continue;
            line(fmt::format("#define {}_SCALE {}", prefix, c_literal(port.tensor->quant.scale())));
            line(
                fmt::format("#define {}_ZERO_POINT ({})", prefix, port.tensor->quant.zero_point()));
        }
    }

    void write_macros()
    {
        const char* entry = holds_input() ? "invoke" : "step";
        write_port_macros("INPUT", inputs_);
        if (loop()) {
            line(fmt::format("#define {}_STEPS {}  // time steps of a sequence", upper_,
                             loop()->turns));
            line(fmt::format("#define {}_STEP_SIZE {}  // elements of one time step", upper_,
                             inputs_[0].tensor->count() / loop()->turns));
        }
        write_port_macros("OUTPUT", outputs_);
        if (program_.graph.interface) out_ += c_pipeline_macros(program_);
        line(fmt::format("#define {}_RAM_BYTES {}  // sizeof({}_t)", upper_, ram_bytes(), name_));
        if (options_.measured) {
            line(fmt::format("#define {}_STACK_BYTES {}  // deepest stack use of {}_{}", upper_,
                             options_.measured->stack_bytes, name_,
                             program_.stream ? "poll" : entry));
            line(fmt::format("#define {}_FLASH_BYTES {}  // code and weights", upper_,
                             options_.measured->flash_bytes));
            line(fmt::format("#define {}_CYCLES {}  // {} of {} on {}", upper_,
                             options_.measured->cycles, options_.measured->unit,
                             program_.graph.interface ? "the longest tick"
                             : holds_input()          ? fmt::format("one {}_invoke", name_)
                                                      : fmt::format("all {} steps", loop()->turns),
                             options_.measured->target));
            if (program_.stream)
                line(fmt::format("#define {}_PUSH_CYCLES {}  // {} of {}_push of one sample",
                                 upper_, options_.measured->push_cycles, options_.measured->unit,
                                 name_));
        }
        line("");
    }

    int64_t alignment_of(Place place) const
    {
        int64_t alignment = 1;
        for (const Buffer& buffer : program_.buffers)
            if (buffer.place == place && buffer.bytes > 0)
                alignment = std::max(alignment, buffer.alignment);
        return alignment;
    }

    static int64_t rounded(int64_t bytes, int64_t alignment)
    {
        return (bytes + alignment - 1) / alignment * alignment;
    }
    int64_t work_size() const
    {
        return std::max<int64_t>(1, rounded(program_.work_bytes, alignment_of(Place::work)));
    }
    int64_t state_size() const { return rounded(program_.state_bytes, alignment_of(Place::state)); }
    int64_t ram_bytes() const
    {
        const int64_t work = alignment_of(Place::work), state = alignment_of(Place::state);
        if (!stateful()) return work_size();
        return rounded(rounded(state_size(), work) + work_size(), std::max(work, state));
    }

    void write_block(const char* kind, int64_t bytes, int64_t alignment, const char* comment)
    {
        line(fmt::format("// {}", comment));
        line("typedef union {");
        line(fmt::format("    uint8_t bytes[{}];", bytes));
        if (alignment >= 8) line("    int64_t align_8;");
        else if (alignment >= 4) line("    int32_t align_4;");
        else if (alignment >= 2) line("    int16_t align_2;");
        line(fmt::format("}} {}_{}_t;\n", name_, kind));
    }

    void write_types()
    {
        if (stateful())
            write_block("state", program_.state_bytes, alignment_of(Place::state),
                        "Persists between calls.");
        write_block(
            "work", std::max<int64_t>(1, program_.work_bytes), alignment_of(Place::work),
            loop() ? "Scratch, input and output; may be shared with others or lost between calls "
                     "and steps."
                   : "Scratch: holds input and output; may be shared with others or lost between "
                     "calls.");
        line("typedef struct {");
        if (stateful()) line(fmt::format("    {}_state_t state;", name_));
        line(fmt::format("    {}_work_t work;", name_));
        line(fmt::format("}} {}_t;\n", name_));
    }

    void write_functions()
    {
        if (stateful()) {
            line("// Sets the state to its initial value.");
            line(fmt::format("void {0}_reset_state({0}_state_t* state);", name_));
            if (loop()) write_step_in();
            if (holds_input()) {
                line(fmt::format("// Runs the model once; `state` and `work` may lie anywhere."));
                line(fmt::format("void {0}_invoke_in({0}_state_t* state, {0}_work_t* work);\n",
                                 name_));
            }
            line(
                fmt::format("// Call once before the first use.\nstatic inline void "
                            "{0}_init({0}_t* t)\n{{\n    {0}_reset_state(&t->state);\n}}\n",
                            name_));
            line(
                fmt::format("// Forgets all that earlier calls left behind.\nstatic inline void "
                            "{0}_reset({0}_t* t)\n{{\n    {0}_reset_state(&t->state);\n}}\n",
                            name_));
            if (holds_input())
                line(fmt::format(
                    "// Runs the model once on {0}_input(t).\nstatic inline void {0}_invoke({0}_t* "
                    "t)\n{{\n    {0}_invoke_in(&t->state, &t->work);\n}}\n",
                    name_));
            if (loop()) write_step();
        } else {
            line(
                fmt::format("// Runs the model once; `work` may lie anywhere.\nvoid "
                            "{0}_invoke_in({0}_work_t* work);\n",
                            name_));
            line(
                fmt::format("// Call once before the first use.\nstatic inline void "
                            "{0}_init({0}_t* t)\n{{\n    (void)t;\n}}\n",
                            name_));
            line(
                fmt::format("// Runs the model once on {0}_input(t).\nstatic inline void "
                            "{0}_invoke({0}_t* t)\n{{\n    {0}_invoke_in(&t->work);\n}}\n",
                            name_));
        }
        if (options_.self_test)
            line(
                fmt::format("// Runs recorded cases; 0: every output has the expected CRC-32, else "
                            "the number of the first wrong case.\nint {0}_self_test({0}_t* t);\n",
                            name_));
    }

    void write_step_in()
    {
        line(fmt::format(
            "// One time step of {1}_STEP_SIZE elements; 1 when the last of the {1}_STEPS steps "
            "has produced the output.\nint {0}_step_in({0}_state_t* state, {0}_work_t* work, const "
            "{2}* x);\n",
            name_, upper_, inputs_[0].c_type));
    }

    void write_step()
    {
        line(fmt::format(
            "// The same for {0}_t. {1}_STEPS steps equal one call of the whole model, bit for "
            "bit;\n// the step behind the last one begins the next sequence, {2}.\n"
            "static inline int {0}_step({0}_t* t, const {3}* x)\n{{\n    return "
            "{0}_step_in(&t->state, &t->work, x);\n}}\n",
            name_, upper_,
            lasting_bytes() > 0 ? "with the state that the last one left"
                                : "from its initial state",
            inputs_[0].c_type));
    }

    void write_accessor(const char* kind, const Port& port, bool constant)
    {
        line(fmt::format("// {}: {}.", kind, port_text(port)));
        line(
            fmt::format("static inline {0}{1}* {2}_{3}{4}({2}_t* t)\n{{\n    return "
                        "({0}{1}*)(void*)(t->{5}.bytes + {6});\n}}\n",
                        constant ? "const " : "", port.c_type, name_, kind, port.suffix,
                        port.in_state ? "state" : "work", port.offset));
    }

    void write_run()
    {
        if (inputs_.size() != 1 || outputs_.size() != 1 || !holds_input()) return;
        line(
            fmt::format("// Copies `in` ({0}_INPUT_SIZE elements), runs, copies to `out` "
                        "({0}_OUTPUT_SIZE elements).",
                        upper_));
        line(
            fmt::format("static inline void {0}_run({0}_t* t, const {1}* in, {2}* out)\n{{\n    "
                        "memcpy({0}_input(t), in, {3});\n    {0}_invoke(t);\n    memcpy(out, "
                        "{0}_output(t), {4});\n}}",
                        name_, inputs_[0].c_type, outputs_[0].c_type, inputs_[0].tensor->bytes(),
                        outputs_[0].tensor->bytes()));
    }

    static bool small_quantized(const Port& port)
    {
        const DType type = port.tensor->type;
        return port.tensor->quant.present() &&
               (type == DType::i8 || type == DType::u8 || type == DType::i16);
    }

    void write_quantize()
    {
        const Port& port = inputs_[0];
        if (!small_quantized(port)) return;
        const char* limits[] = {"-128.0f", "127.0f", "0.0f", "255.0f", "-32768.0f", "32767.0f"};
        const int row = port.tensor->type == DType::i8 ? 0 : port.tensor->type == DType::u8 ? 2 : 4;
        line("\n// Real value to stored input: rounds half away from zero, saturates.");
        line(fmt::format(
            "static inline {1} {0}_quantize(float real)\n{{\n    float q = real / {2};\n"
            "    q = (float)(int32_t)(q < -1.0e6f ? -1.0e6f : q > 1.0e6f ? 1.0e6f : q < 0.0f ? q - "
            "0.5f : q + 0.5f) + {3};\n"
            "    return ({1})(q < {4} ? {4} : q > {5} ? {5} : q);\n}}",
            name_, port.c_type, c_literal(port.tensor->quant.scale()),
            c_literal(static_cast<float>(port.tensor->quant.zero_point())), limits[row],
            limits[row + 1]));
    }

    void write_dequantize()
    {
        const Port& port = outputs_[0];
        if (!small_quantized(port)) return;
        line("\n// Stored output to real value.");
        line(
            fmt::format("static inline float {0}_dequantize({1} stored)\n{{\n    return {2} * "
                        "(float)(stored - ({3}));\n}}",
                        name_, port.c_type, c_literal(port.tensor->quant.scale()),
                        port.tensor->quant.zero_point()));
    }

    const Program& program_;
    const EmitOptions& options_;
    std::string name_;
    std::string upper_;
    std::vector<Port> inputs_;
    std::vector<Port> outputs_;
    std::string out_;
};

}  // namespace

std::string c_header(const Program& program, const EmitOptions& options)
{
    return HeaderWriter(program, options).write();
}

}  // namespace thimble
