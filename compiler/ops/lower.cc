#include "ops/lower.h"

#include "base/error.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thimble {

std::string c_literal(float value)
{
    if (std::isinf(value)) return value > 0 ? "THB_INFINITY" : "-THB_INFINITY";
    if (std::isnan(value)) return "THB_NAN";
    std::string text = fmt::format("{:.9g}", value);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    return text + "f";
}

std::string c_literal(int64_t value)
{
    if (value == std::numeric_limits<int32_t>::min()) return "(-INT32_C(2147483647) - 1)";
    if (value == std::numeric_limits<int64_t>::min()) return "(-INT64_C(9223372036854775807) - 1)";
    if (value >= -32767 && value <= 32767) return fmt::format("{}", value);
    if (value >= std::numeric_limits<int32_t>::min() &&
        value <= std::numeric_limits<int32_t>::max())
        return fmt::format("INT32_C({})", value);
    return fmt::format("INT64_C({})", value);
}

int LowerContext::buffer_of(TensorId id)
{
    const int known = program_.buffer_of_tensor.at(static_cast<size_t>(id));
    if (known >= 0) return known;
    const Tensor& tensor = graph.tensor(id);
    Buffer buffer;
    buffer.name = tensor.name;
    buffer.bytes = tensor.bytes();
    buffer.alignment = element_bytes(tensor.type);
    buffer.place = tensor.kind == TensorKind::state ? Place::state : Place::work;
    buffer.first_step = buffer.last_step = step_;
    if (tensor.kind == TensorKind::state) {
        buffer.initial = *tensor.data;
        buffer.per_sequence = tensor.per_sequence;
    }
    const int index = static_cast<int>(program_.buffers.size());
    program_.buffers.push_back(std::move(buffer));
    program_.buffer_of_tensor[static_cast<size_t>(id)] = index;
    return index;
}

const Arg* LowerContext::view_of(TensorId id) const
{
    const auto view = program_.views.find(id);
    return view == program_.views.end() ? nullptr : &view->second;
}

Arg LowerContext::in(size_t index)
{
    const Tensor& tensor = input(index);
    const std::string element(dtype_c_name(tensor.type));
    if (const Arg* view = view_of(node.inputs[index])) {
        Arg arg = *view;
        arg.c_type = "const " + element + "*";
        return arg;
    }
    if (tensor.is_constant()) return add_table(element, *tensor.data, tensor.name, true);
    Arg arg;
    arg.kind = Arg::Kind::buffer;
    arg.c_type = "const " + element + "*";
    arg.index = buffer_of(node.inputs[index]);
    return arg;
}

Arg LowerContext::in_flash(size_t index)
{
    return key(static_cast<int64_t>(input(index).is_constant() ? 1 : 0));
}

Arg LowerContext::out(size_t index)
{
    Arg arg;
    arg.kind = Arg::Kind::buffer;
    arg.c_type = std::string(dtype_c_name(output(index).type)) + "*";
    arg.index = buffer_of(node.outputs.at(index));
    return arg;
}

Arg LowerContext::state(size_t index)
{
    THIMBLE_CHECK(input(index).kind == TensorKind::state, input(index).name + " is no state");
    Arg arg = in(index);
    arg.c_type = std::string(dtype_c_name(input(index).type)) + "*";
    return arg;
}

Arg LowerContext::null(std::string c_type)
{
    Arg arg;
    arg.kind = Arg::Kind::null;
    arg.c_type = std::move(c_type);
    return arg;
}

Arg LowerContext::add_table(std::string c_type, std::vector<uint8_t> bytes, std::string purpose,
                            bool is_weight)
{
    Arg arg;
    arg.kind = Arg::Kind::table;
    arg.c_type = "const " + c_type + "*";
    for (size_t i = 0; i < program_.tables.size(); ++i) {
        if (program_.tables[i].c_type == c_type && program_.tables[i].bytes == bytes) {
            arg.index = static_cast<int>(i);
            return arg;
        }
    }
    arg.index = static_cast<int>(program_.tables.size());
    program_.tables.push_back({std::move(c_type), std::move(bytes), std::move(purpose), is_weight});
    return arg;
}

Arg LowerContext::per_turn(Arg arg, int64_t bytes) const
{
    int loop = program_.steps[static_cast<size_t>(step_)].region;
    while (loop >= 0 && program_.steps[static_cast<size_t>(loop)].kind != StepKind::scan_begin)
        loop = program_.steps[static_cast<size_t>(loop)].region;
    THIMBLE_CHECK(loop >= 0, node.name + " stands in no loop");
    arg.strides.push_back({loop, bytes});
    return arg;
}

Arg LowerContext::scratch(int64_t bytes, int64_t alignment, std::string c_type)
{
    Buffer buffer;
    buffer.name = "scratch of " + node.name;
    buffer.bytes = bytes;
    buffer.alignment = alignment;
    buffer.first_step = buffer.last_step = step_;
    Arg arg;
    arg.kind = Arg::Kind::buffer;
    arg.c_type = std::move(c_type);
    arg.index = static_cast<int>(program_.buffers.size());
    program_.buffers.push_back(std::move(buffer));
    return arg;
}

Arg LowerContext::number(int64_t value, std::string c_type)
{
    Arg arg;
    arg.c_type = std::move(c_type);
    arg.text = c_literal(value);
    return arg;
}

Arg LowerContext::number(float value)
{
    Arg arg;
    arg.c_type = "float";
    arg.text = c_literal(value);
    return arg;
}

Arg LowerContext::key(int64_t value) { return key_text(c_literal(value)); }
Arg LowerContext::key(float value) { return key_text(c_literal(value)); }

Arg LowerContext::key_text(std::string text)
{
    Arg arg;
    arg.kind = Arg::Kind::key;
    arg.text = std::move(text);
    return arg;
}

void LowerContext::call(std::string kernel, std::vector<Arg> args)
{
    program_.steps[static_cast<size_t>(step_)].calls.push_back(
        {std::move(kernel), std::move(args)});
}

void LowerContext::allow_in_place(size_t input_index, size_t output_index)
{
    if (input(input_index).kind != TensorKind::activation || view_of(node.inputs[input_index]))
        return;
    const int from = buffer_of(node.inputs[input_index]);
    const int to = buffer_of(node.outputs.at(output_index));
    program_.buffers[static_cast<size_t>(to)].may_start_at.push_back(from);
}

void LowerContext::alias(size_t input_index, size_t output_index)
{
    const TensorId from = node.inputs.at(input_index);
    const TensorId to = node.outputs.at(output_index);
    const bool same_memory = graph.tensor(from).kind == TensorKind::activation &&
                             graph.tensor(to).kind == TensorKind::activation &&
                             graph.tensor(from).bytes() == graph.tensor(to).bytes() &&
                             program_.buffer_of_tensor.at(static_cast<size_t>(to)) < 0;
    if (same_memory) {
        if (const Arg* view = view_of(from)) {
            program_.views[to] = *view;
            return;
        }
        program_.buffer_of_tensor[static_cast<size_t>(to)] = buffer_of(from);
        return;
    }
    const int64_t bytes = graph.tensor(to).bytes();
    call("thb_copy",
         {in(input_index), in_flash(input_index), out(output_index), number(bytes, "uint32_t")});
}

void LowerContext::choose(std::vector<Variant> variants)
{
    const Variant* best = nullptr;
    for (const Variant& variant : variants) {
        if (!variant.kernel_set.empty() && !target.has(variant.kernel_set)) continue;
        if (!best || variant.cost < best->cost) best = &variant;
    }
    THIMBLE_CHECK(best, "no variant of " + node.name + " runs on this target");
    program_.steps[static_cast<size_t>(step_)].variant = std::string(best->name);
    best->emit();
}

}  // namespace thimble
