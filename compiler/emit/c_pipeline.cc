#include "emit/c_pipeline.h"

#include "base/error.h"
#include "emit/c_source.h"
#include "emit/c_tables.h"
#include "ir/pipeline.h"
#include "ops/lower.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

const PipelineInterface& interface_of(const Program& program)
{
    THIMBLE_CHECK(program.graph.interface != nullptr, program.name + " is no pipeline");
    return *program.graph.interface;
}

const Tensor& output(const Program& program, size_t i)
{
    return program.graph.tensor(program.graph.outputs.at(i));
}

const Tensor& input(const Program& program)
{
    return program.graph.tensor(program.graph.inputs.at(0));
}

bool decides_label(const Program& program)
{
    return interface_of(program).decision == Decision::label;
}

// A score, or values: a project may want labels alone.
bool has_number(const Program& program)
{
    return !decides_label(program) || program.graph.outputs.size() > 2;
}

bool is_quantized(const Tensor& tensor)
{
    return tensor.quant.present() && !is_float(tensor.type);
}

std::string kind_name(InputKind kind)
{
    switch (kind) {
    case InputKind::motion:
        return "motion";
    case InputKind::audio:
        return "audio";
    case InputKind::text:
        return "text";
    case InputKind::image:
        return "image";
    case InputKind::tensor:
        break;
    }
    return "tensor";
}

// "3 int16 a sample: aX, aY, aZ (raw counts), 50 samples a second".
std::string input_text(const Program& program)
{
    const PipelineInterface& interface = interface_of(program);
    const Tensor& samples = input(program);
    if (!interface.streamed())
        return fmt::format("{}{}", dtype_name(samples.type), shape_text(samples.shape));
    std::string text = fmt::format("{} {} a sample", interface.row, dtype_name(samples.type));
    for (size_t i = 0; i < interface.channels.size(); ++i)
        text += (i == 0 ? ": " : ", ") + one_line(interface.channels[i]);
    if (!interface.unit.empty()) text += fmt::format(" ({})", one_line(interface.unit));
    if (interface.rate_hz > 0) text += fmt::format(", {:.9g} samples a second", interface.rate_hz);
    return text;
}

// A line for each label; one for all when they are named by their numbers.
std::string labels_text(const std::vector<std::string>& labels)
{
    std::string lines;
    bool numbers = labels.size() > 2;
    for (size_t i = 0; i < labels.size(); ++i) {
        lines += fmt::format("// label {}: {}\n", i, one_line(labels[i]));
        numbers = numbers && labels[i] == fmt::format("{}", i);
    }
    return numbers ? fmt::format("// labels 0 to {}, named by their numbers\n", labels.size() - 1)
                   : lines;
}

std::string tick_text(const PipelineInterface& interface)
{
    std::string text =
        fmt::format("A tick sees {} sample{}, the next one {} later", interface.window,
                    interface.window == 1 ? "" : "s", interface.hop);
    if (interface.rate_hz > 0)
        text += fmt::format(" (every {:.6g} ms)",
                            1000.0 * static_cast<double>(interface.hop) / interface.rate_hz);
    return text + fmt::format("; up to {} samples wait in a ring.", interface.buffer);
}

std::string score_text(const Tensor& score)
{
    std::string text(dtype_name(score.type));
    if (is_quantized(score))
        text += fmt::format(", real = {:.9g} * (q - {})", score.quant.scale(),
                            score.quant.zero_point());
    return text;
}

std::string decision_type(const Program& program)
{
    const std::string& name = program.name;
    std::string out = "// What a pipeline decides.\ntypedef struct {\n";
    if (interface_of(program).streamed())
        out +=
            "    uint32_t samples;  // of the recording, up to the end of the window that "
            "decided\n";
    const auto field = [&](const Tensor& tensor, const std::string& type, const char* what,
                           const std::string& comment) {
        const int64_t count = tensor.count();
        out += fmt::format("    {} {}{};  // {}\n", type, what,
                           count == 1 ? "" : fmt::format("[{}]", count), comment);
    };
    if (decides_label(program)) {
        field(output(program, 1), "int16_t", "label", fmt::format("for {}_label; -1: none", name));
        if (!has_number(program)) return out + fmt::format("}} {}_decision_t;\n\n", name);
        const Tensor& score = output(program, 2);
        field(score, std::string(dtype_c_name(score.type)), "score", score_text(score));
    } else {
        const Tensor& values = output(program, 1);
        out += fmt::format("    {} values[{}];  // {}\n", dtype_c_name(values.type),
                           std::max<int64_t>(1, values.count()), score_text(values));
    }
    return out + fmt::format("}} {}_decision_t;\n\n", name);
}

// The decision's number as a real value.
std::string score_function(const Program& program)
{
    if (!has_number(program)) return "";
    const bool label = decides_label(program);
    const Tensor& tensor = output(program, label ? 2 : 1);
    if (!is_quantized(tensor) && tensor.type != DType::f32) return "";
    const bool one = label && tensor.count() == 1;
    const std::string stored =
        fmt::format("decision->{}{}", label ? "score" : "values", one ? "" : "[i]");
    const std::string real = is_quantized(tensor) ? fmt::format("{} * (float)({} - ({}))",
                                                                c_literal(tensor.quant.scale()),
                                                                stored, tensor.quant.zero_point())
                                                  : stored;
    return fmt::format(
        "// The {0} as a real number.\nstatic inline float {1}_{0}(const {1}_decision_t* "
        "decision{2})\n{{\n    return {3};\n}}\n\n",
        label ? "score" : "value", program.name, one ? "" : ", size_t i", real);
}

std::string label_declaration(const Program& program)
{
    return fmt::format(
        "// Writes the name of label `i`, cut to `size` - 1 bytes, and a zero byte; nothing for a\n"
        "// label that does not exist. Returns `to`. Names take {1}_LABEL_BYTES at most.\n"
        "const char* {0}_label(int16_t i, char* to, size_t size);\n\n",
        program.name, upper_case(program.name));
}

// The names one after another, each ended by a zero byte.
std::vector<uint8_t> label_bytes(const std::vector<std::string>& labels)
{
    std::vector<uint8_t> bytes;
    for (const std::string& label : labels) {
        for (const char c : label) bytes.push_back(c == 0 ? ' ' : static_cast<uint8_t>(c));
        bytes.push_back(0);
    }
    return bytes;
}

size_t longest_label(const std::vector<std::string>& labels)
{
    size_t bytes = 1;
    for (const std::string& label : labels) bytes = std::max(bytes, label.size() + 1);
    return bytes;
}

std::string label_definition(const Program& program)
{
    const std::vector<std::string>& labels = interface_of(program).labels;
    return "\n" +
           c_table({"uint8_t", label_bytes(labels), "names of the labels", false},
                   program.name + "_labels") +
           fmt::format(
               "\nconst char* {0}_label(int16_t i, char* to, size_t size)\n{{\n"
               "    const uint8_t* from = {0}_labels;\n    size_t length = 0;\n"
               "    if (size == 0) return to;\n"
               "    if (i >= 0 && i < {1}) {{\n"
               "        for (; i > 0; --i) {{\n            while (THB_FLASH_U8(from) != 0) "
               "++from;\n"
               "            ++from;\n        }}\n"
               "        for (; length + 1 < size && THB_FLASH_U8(from + length) != 0; ++length)\n"
               "            to[length] = (char)THB_FLASH_U8(from + length);\n    }}\n"
               "    to[length] = 0;\n    return to;\n}}\n",
               program.name, labels.size());
}

// Copies the graph's outputs behind `valid`.
std::string decision_definition(const Program& program)
{
    const std::string& name = program.name;
    const bool stateful = program.state_bytes > 0;
    std::string out = fmt::format(
        "\nstatic void {0}_take_decision({1}const {0}_work_t* work, {0}_decision_t* out)\n{{\n",
        name, stateful ? fmt::format("const {0}_state_t* state, ", name) : "");
    std::string copies;
    const auto copy = [&](size_t i, const std::string& field, bool narrows) {
        const Tensor& tensor = output(program, i);
        out += fmt::format("    const {0}* const {1} = (const {0}*)(const void*)({2});\n",
                           dtype_c_name(tensor.type), field,
                           port_place(program, program.graph.outputs[i]));
        const std::string cast = narrows ? "(int16_t)" : "";
        if (tensor.count() == 1 && field != "values")
            copies += fmt::format("    out->{0} = {1}{0}[0];\n", field, cast);
        else
            copies += fmt::format("    for (i = 0; i < {0}; ++i) out->{1}[i] = {2}{1}[i];\n",
                                  tensor.count(), field, cast);
    };
    const bool loops = !decides_label(program) || output(program, 1).count() > 1;
    if (loops) out += "    thb_index_t i;\n";
    if (decides_label(program)) {
        copy(1, "label", true);
        if (has_number(program)) copy(2, "score", false);
    } else {
        copy(1, "values", false);
    }
    if (stateful) out += "    (void)state;\n";
    return out + copies + "    (void)work;\n}\n";
}

std::string stream_declarations(const Program& program)
{
    const std::string& name = program.name;
    const std::string type(dtype_c_name(input(program).type));
    const PipelineInterface& interface = interface_of(program);
    std::string out = fmt::format(
        "// Stores up to `count` samples{2}; returns how many found room. It only copies, so that "
        "an\n"
        "// interrupt may call it while {0}_poll runs in the main loop: one interrupt, not "
        "several.\n"
        "size_t {0}_push_in({0}_state_t* state, const {1}* samples, size_t count);\n"
        "static inline size_t {0}_push({0}_t* t, const {1}* samples, size_t count)\n{{\n"
        "    return {0}_push_in(&t->state, samples, count);\n}}\n\n",
        name, type, interface.row > 1 ? fmt::format(", each of {} elements", interface.row) : "");
    out += fmt::format(
        "// Runs the ticks that are due until one decides: 1, with the decision in `out`; 0 when "
        "none\n"
        "// is due any more. Call it until it returns 0, whenever the main loop comes by.\n"
        "int {0}_poll_in({0}_state_t* state, {0}_work_t* work, {0}_decision_t* out);\n"
        "static inline int {0}_poll({0}_t* t, {0}_decision_t* out)\n{{\n"
        "    return {0}_poll_in(&t->state, &t->work, out);\n}}\n\n",
        name);
    out += fmt::format(
        "// The recording ends with the newest sample: {0}_poll makes the decisions that are due "
        "before\n"
        "// the end{1}, forgets the rest, and goes on with the next recording from the initial "
        "state.\n"
        "// Returns 0, and does nothing, while an earlier end waits for {0}_poll. May be called "
        "where\n"
        "// {0}_push may.\n"
        "int {0}_flush_in({0}_state_t* state);\n"
        "static inline int {0}_flush({0}_t* t)\n{{\n    return {0}_flush_in(&t->state);\n}}\n\n",
        name, interface.takes_end ? ", and what the end itself decides" : "");
    if (interface.kind != InputKind::text) return out;
    return out +
           fmt::format(
               "// Decides for one text of `size` bytes, from the initial state; nothing that was "
               "pushed\n"
               "// before counts. Returns 1 with the last decision in `out`, 0 when there is "
               "none.\n"
               "int {0}_text({0}_t* t, const char* text, size_t size, {0}_decision_t* out);\n\n",
               name);
}

std::string arguments_of(const Program& program)
{
    return program.state_bytes > 0 ? "state, work" : "work";
}

std::string valid_expression(const Program& program)
{
    return fmt::format("*({}) != 0", port_place(program, program.graph.outputs.at(0)));
}

const Buffer& buffer_of(const Program& program, int index)
{
    return program.buffers[static_cast<size_t>(index)];
}

// The state's pieces as the kernels want them, and how the ring is cut.
struct StreamText {
    std::string control, ring;
    int64_t sample_bytes;
};

StreamText stream_text(const Program& program)
{
    return {
        fmt::format("&{}_control(state)->stream", program.name),
        fmt::format("state->bytes + {}", buffer_of(program, program.stream->ring_buffer).offset),
        interface_of(program).row * element_bytes(input(program).type)};
}

std::string push_definition(const Program& program)
{
    const std::string& name = program.name;
    const StreamText text = stream_text(program);
    return fmt::format(
        "\n"
        "size_t {0}_push_in({0}_state_t* state, const {1}* samples, size_t count)\n{{\n"
        "    return thb_stream_push({2}, {3}, samples, count, {4}, {5});\n}}\n"
        "\nint {0}_flush_in({0}_state_t* state)\n{{\n    return thb_stream_flush({2});\n}}\n",
        name, dtype_c_name(input(program).type), text.control, text.ring,
        c_literal(interface_of(program).buffer), text.sample_bytes);
}

// Brings the next window, or the end, into the tick graph's inputs.
std::string next_definition(const Program& program)
{
    const std::string& name = program.name;
    const PipelineInterface& interface = interface_of(program);
    const StreamText text = stream_text(program);
    const std::string window = port_place(program, program.graph.inputs[0]);
    std::string out = fmt::format(
        "\nstatic uint8_t {0}_next({0}_state_t* state, {0}_work_t* work, uint32_t* samples)\n{{\n"
        "    const uint8_t due = thb_stream_next({1}, {2}, {3}, {4}, {5}, {6},\n"
        "                                        {7}, samples);\n",
        name, text.control, text.ring, c_literal(interface.window), c_literal(interface.hop),
        c_literal(interface.buffer), text.sample_bytes, window);
    if (interface.takes_end)
        out += fmt::format("    if (due == 2) memset({}, 0, {});\n    *({}) = due == 2;\n", window,
                           input(program).bytes(), port_place(program, program.graph.inputs.at(1)));
    return out + "    return due;\n}\n";
}

// What follows a tick: its decision is taken, and the last one of a recording begins the next.
// `at` goes before the names of what is known of the tick.
std::string after_tick(const Program& program, const std::string& indent, const std::string& at)
{
    std::string out = fmt::format(
        "{1}if (valid) {{\n{1}    {0}_take_decision(state, work, out);\n"
        "{1}    out->samples = {2}samples;\n{1}}}\n",
        program.name, indent, at);
    if (program.tick_state_bytes > 0)
        out += fmt::format("{1}if ({2}due == 2) {0}_begin_recording(state);\n", program.name,
                           indent, at);
    return out;
}

std::string poll_definition(const Program& program)
{
    const std::string& name = program.name;
    const PipelineInterface& interface = interface_of(program);
    std::string out = next_definition(program);
    out += fmt::format(
        "\nint {0}_poll_in({0}_state_t* state, {0}_work_t* work, {0}_decision_t* out)\n{{\n"
        "    uint32_t samples;\n    uint8_t due;\n"
        "    while ((due = {0}_next(state, work, &samples)) != 0) {{\n        uint8_t valid = 0;\n",
        name);
    out += fmt::format(
        "        {}{{\n            {}_invoke_in(state, work);\n"
        "            valid = {};\n        }}\n",
        interface.takes_end ? "" : "if (due == 1) ", name, valid_expression(program));
    out += after_tick(program, "        ", "");
    return out + "        if (valid) return 1;\n    }\n    return 0;\n}\n";
}

std::string slices_declaration(const Program& program, const SlicePlan& plan)
{
    const std::string& name = program.name;
    std::string cost = fmt::format("{} {}", plan.cycles_max, plan.unit);
    if (plan.longest > 0)
        cost += fmt::format(" (measured: at most {} on {})", plan.longest, plan.measured_on);
    return fmt::format(
        "// {0}_poll in slices of at most {1}: runs one, returns 1 with\n"
        "// a decision, else 0. {0}_busy tells whether there is more to do before the next push.\n"
        "// Between slices the whole of {0}_t must be kept, `work` too. Use this or {0}_poll, not\n"
        "// both.\n"
        "int {0}_poll_slice_in({0}_state_t* state, {0}_work_t* work, {0}_decision_t* out);\n"
        "int {0}_busy({0}_t* t);\n"
        "static inline int {0}_poll_slice({0}_t* t, {0}_decision_t* out)\n{{\n"
        "    return {0}_poll_slice_in(&t->state, &t->work, out);\n}}\n\n",
        name, cost);
}

std::string slices_definition(const Program& program)
{
    const std::string& name = program.name;
    const PipelineInterface& interface = interface_of(program);
    std::string out = fmt::format(
        "\nint {0}_busy({0}_t* t)\n{{\n    return {0}_control(&t->state)->slices.due != 0;\n}}\n"
        "\nint {0}_poll_slice_in({0}_state_t* state, {0}_work_t* work, {0}_decision_t* out)\n{{\n"
        "    {0}_slices_t* const at = &{0}_control(state)->slices;\n    uint8_t valid;\n"
        "    // Bringing the window is a slice of its own.\n"
        "    if (at->due == 0 || at->due == 3) {{\n"
        "        at->due = {0}_next(state, work, &at->samples);\n"
        "        return 0;\n    }}\n    valid = 0;\n",
        name);
    out += fmt::format(
        "    {}{{\n        at->slice = {}_slice(state, work, at);\n"
        "        if (at->slice != 0) return 0;\n        valid = {};\n    }}\n",
        interface.takes_end ? "" : "if (at->due == 1) ", name, valid_expression(program));
    out += after_tick(program, "    ", "at->");
    return out + "    at->due = 3;\n    return valid;\n}\n";
}

std::string text_definition(const Program& program)
{
    return fmt::format(
        "\nint {0}_text({0}_t* t, const char* text, size_t size, {0}_decision_t* out)\n{{\n"
        "    int found = 0;\n    {0}_reset(t);\n"
        "    while (size > 0) {{\n"
        "        const size_t taken = {0}_push(t, (const {1}*)(const void*)text, size);\n"
        "        text += taken;\n        size -= taken;\n"
        "        while ({0}_poll(t, out)) found = 1;\n    }}\n"
        "    (void){0}_flush(t);\n    while ({0}_poll(t, out)) found = 1;\n    return found;\n}}\n",
        program.name, dtype_c_name(input(program).type));
}

std::string decide_definition(const Program& program)
{
    const std::string& name = program.name;
    const bool stateful = program.state_bytes > 0;
    std::string out =
        fmt::format("\nint {0}_decide_in({1}{0}_work_t* work, {0}_decision_t* out)\n{{\n", name,
                    stateful ? fmt::format("{}_state_t* state, ", name) : "");
    if (stateful) out += fmt::format("    {}_reset_state(state);\n", name);
    return out + fmt::format(
                     "    {0}_invoke_in({1});\n    if (!({2})) return 0;\n"
                     "    {0}_take_decision({1}, out);\n    return 1;\n}}\n",
                     name, arguments_of(program), valid_expression(program));
}

std::string decide_declaration(const Program& program)
{
    const std::string& name = program.name;
    const bool stateful = program.state_bytes > 0;
    return fmt::format(
        "// Decides for what is in {0}_input(t), which may be overwritten; nothing of what came "
        "before\n"
        "// counts. Returns 1 with the decision in `out`, 0 when there is none.\n"
        "int {0}_decide_in({1}{0}_work_t* work, {0}_decision_t* out);\n"
        "static inline int {0}_decide({0}_t* t, {0}_decision_t* out)\n{{\n"
        "    return {0}_decide_in({2}&t->work, out);\n}}\n\n",
        name, stateful ? fmt::format("{}_state_t* state, ", name) : "",
        stateful ? "&t->state, " : "");
}

}  // namespace

std::string port_place(const Program& program, TensorId id)
{
    const int index = program.buffer_of_tensor.at(static_cast<size_t>(id));
    THIMBLE_CHECK(index >= 0, program.graph.tensor(id).name);
    const Buffer& buffer = program.buffers[static_cast<size_t>(index)];
    return fmt::format("{}->bytes + {}", buffer.place == Place::state ? "state" : "work",
                       buffer.offset);
}

std::set<std::string> c_pipeline_kernels(const Program& program)
{
    if (!program.stream) return {};
    return {"thb_stream_push", "thb_stream_flush", "thb_stream_next"};
}

std::string c_pipeline_comment(const Program& program)
{
    const PipelineInterface& interface = interface_of(program);
    const std::string& name = program.name;
    std::string out = fmt::format("//\n// A pipeline, from {} to a decision. Input: {}.\n",
                                  kind_name(interface.kind), input_text(program));
    if (interface.streamed()) out += "// " + tick_text(interface) + "\n";
    out += labels_text(interface.labels);
    out += fmt::format(
        "//\n//   static {0}_t t;\n//   {0}_decision_t decision;\n//   {0}_init(&t);\n", name);
    if (interface.kind == InputKind::text)
        out += fmt::format("//   if ({0}_text(&t, text, size, &decision)) ... or byte by byte:\n",
                           name);
    if (interface.streamed())
        return out + fmt::format(
                         "//   in the interrupt, or wherever samples come:  {0}_push(&t, samples, "
                         "count);\n"
                         "//   in the main loop:  while ({0}_poll(&t, &decision)) ...\n"
                         "//   at the end of a recording:  {0}_flush(&t);\n"
                         "//\n// {0}_invoke is one tick, and not needed beside these: it is for "
                         "tests.\n",
                         name);
    return out + fmt::format(
                     "//   ... fill {0}_input(&t) ...  if ({0}_decide(&t, &decision)) ...\n", name);
}

std::string c_pipeline_macros(const Program& program)
{
    const PipelineInterface& interface = interface_of(program);
    const std::string upper = upper_case(program.name);
    std::string out;
    if (interface.streamed())
        out += fmt::format(
            "#define {0}_ROW {1}  // elements of a sample\n"
            "#define {0}_WINDOW {2}  // samples that a tick sees\n"
            "#define {0}_HOP {3}  // samples from one tick to the next\n"
            "#define {0}_BUFFER {4}  // samples that wait at most\n",
            upper, interface.row, interface.window, interface.hop, interface.buffer);
    if (decides_label(program))
        out += fmt::format(
            "#define {0}_LABELS {1}\n#define {0}_LABEL_BYTES {2}  // of the longest name, with its "
            "zero byte\n",
            upper, interface.labels.size(), longest_label(interface.labels));
    return out;
}

std::string c_pipeline_types(const Program& program, const EmitOptions& options)
{
    if (!program.stream) return "";
    const std::string& name = program.name;
    const Buffer& control = buffer_of(program, program.stream->control_buffer);
    std::string out;
    if (options.slices)
        out += fmt::format(
            "// Where the tick that runs slice by slice has got to.\ntypedef struct {{\n"
            "    uint32_t samples;\n    thb_index_t turns[{}];  // of the loops that are cut\n"
            "    uint16_t slice;\n    uint8_t due;  // as {}_next said; 3: a tick has ended, the "
            "next may be due\n"
            "}} {}_slices_t;\n\n",
            std::max<size_t>(1, options.slices->loops.size()), name, name);
    return out +
           fmt::format(
               "// What of the state no tick sees.\ntypedef struct {{\n    thb_stream_t stream;\n"
               "{3}}} {0}_control_t;\n\n"
               "// The compiler gave it {1} bytes.\n"
               "typedef char {0}_control_fits[sizeof({0}_control_t) <= {1} ? 1 : -1];\n\n"
               "static {0}_control_t* {0}_control({0}_state_t* state)\n{{\n"
               "    return ({0}_control_t*)(void*)(state->bytes + {2});\n}}\n\n",
               name, control.bytes, control.offset,
               options.slices ? fmt::format("    {}_slices_t slices;\n", name) : "");
}

std::string c_pipeline_declarations(const Program& program, const EmitOptions& options)
{
    std::string out = decision_type(program) + score_function(program);
    if (decides_label(program)) out += label_declaration(program);
    out += program.stream ? stream_declarations(program) : decide_declaration(program);
    if (options.slices) out += slices_declaration(program, *options.slices);
    return out;
}

std::string c_pipeline_definitions(const Program& program, const EmitOptions& options)
{
    std::string out;
    if (decides_label(program)) out += label_definition(program);
    out += decision_definition(program);
    if (!program.stream) return out + decide_definition(program);
    out += push_definition(program) + poll_definition(program);
    if (options.slices) out += slices_definition(program);
    if (interface_of(program).kind == InputKind::text) out += text_definition(program);
    return out;
}

}  // namespace thimble
