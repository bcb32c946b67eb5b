// NAME_self_test.c: recorded cases for boards that cannot be emulated.
//
// The inputs stand in flash; outputs are compared by CRC-32 (integers) or, because the last bit of
// floats depends on the math library, value by value within 1e-5 + 1e-4 x the largest magnitude.
#include "emit/c_tables.h"
#include "emit/device_files.h"
#include "emit/package.h"
#include "emit/self_test.h"

#include "base/crc32.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

std::string suffix(size_t i) { return i == 0 ? "" : fmt::format("_{}", i); }

template <typename T> void append(std::vector<uint8_t>& bytes, T value)
{
    const auto* raw = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

std::vector<uint8_t> all_inputs(const std::vector<RecordedCase>& cases, size_t input)
{
    std::vector<uint8_t> bytes;
    for (const RecordedCase& one : cases)
        bytes.insert(bytes.end(), one.inputs[input].begin(), one.inputs[input].end());
    return bytes;
}

std::vector<uint8_t> all_outputs(const std::vector<RecordedCase>& cases, size_t output)
{
    std::vector<uint8_t> bytes;
    for (const RecordedCase& one : cases)
        bytes.insert(bytes.end(), one.outputs[output].begin(), one.outputs[output].end());
    return bytes;
}

std::vector<uint8_t> all_crcs(const std::vector<RecordedCase>& cases, size_t output)
{
    std::vector<uint8_t> bytes;
    for (const RecordedCase& one : cases) append(bytes, crc32(one.outputs[output]));
    return bytes;
}

std::vector<uint8_t> all_tolerances(const std::vector<RecordedCase>& cases, size_t output)
{
    std::vector<uint8_t> bytes;
    for (const RecordedCase& one : cases) {
        float largest = 0;
        for (size_t at = 0; at + sizeof(float) <= one.outputs[output].size(); at += sizeof(float)) {
            float value;
            std::memcpy(&value, one.outputs[output].data() + at, sizeof value);
            if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
        }
        append(bytes, 1e-5f + 1e-4f * largest);
    }
    return bytes;
}

std::string compare_output(const Program& program, size_t i)
{
    const Tensor& tensor = program.graph.tensor(program.graph.outputs[i]);
    const std::string& name = program.name;
    if (tensor.type == DType::f32)
        return fmt::format(
            "        if (!self_test_close({0}_output{1}(t), self_test_output_{2} + run * {3}, {3}, "
            "THB_FLASH_F32(self_test_tolerance_{2} + run))) return (int)run + 1;\n",
            name, suffix(i), i, tensor.count());
    return fmt::format(
        "        if (~self_test_crc(UINT32_C(0xffffffff), {0}_output{1}(t), {3}) != "
        "THB_FLASH_U32(self_test_output_{2} + run)) return (int)run + 1;\n",
        name, suffix(i), i, tensor.bytes());
}

std::string tables(const Program& program, const std::vector<RecordedCase>& cases)
{
    std::string out;
    for (size_t i = 0; i < program.graph.inputs.size(); ++i)
        out += c_table({"uint8_t", all_inputs(cases, i), fmt::format("input {} of each case", i)},
                       fmt::format("self_test_input_{}", i));
    for (size_t i = 0; i < program.graph.outputs.size(); ++i) {
        const bool is_f32 = program.graph.tensor(program.graph.outputs[i]).type == DType::f32;
        const std::string name = fmt::format("self_test_output_{}", i);
        if (!is_f32) {
            out += c_table({"uint32_t", all_crcs(cases, i), fmt::format("CRC-32 of output {}", i)},
                           name);
            continue;
        }
        out += c_table({"float", all_outputs(cases, i), fmt::format("output {} of each case", i)},
                       name);
        out +=
            c_table({"float", all_tolerances(cases, i), fmt::format("tolerance of output {}", i)},
                    fmt::format("self_test_tolerance_{}", i));
    }
    return out;
}

// Feeds the inputs of case `run`.
std::string run_case(const Program& program)
{
    const std::string& name = program.name;
    std::string out;
    if (program.sequence_loop && !program.sequence_loop->holds_input) {
        const SequenceLoop& loop = *program.sequence_loop;
        const Tensor& input = program.graph.tensor(program.graph.inputs[0]);
        return fmt::format(
            "        for (step = 0; step < {1}; ++step) {{\n            {2} row[{3}];\n"
            "            for (i = 0; i < {4}; ++i) ((uint8_t*)(void*)row)[i] = "
            "THB_FLASH_U8(self_test_input_0 + run * {5} + step * {4} + i);\n"
            "            if ({0}_step(t, row) != (step == {6})) return (int)run + 1;\n"
            "        }}\n",
            name, loop.turns, dtype_c_name(input.type), input.count() / loop.turns, loop.row_bytes,
            input.bytes(), loop.turns - 1);
    }
    for (size_t i = 0; i < program.graph.inputs.size(); ++i)
        out += fmt::format(
            "        for (i = 0; i < {2}; ++i) ((uint8_t*)(void*){0}_input{1}(t))[i] = "
            "THB_FLASH_U8(self_test_input_{3} + run * {2} + i);\n",
            name, suffix(i), program.graph.tensor(program.graph.inputs[i]).bytes(), i);
    if (program.graph.inputs.empty()) out += "        (void)i;\n";
    return out + fmt::format("        {}_invoke(t);\n", name);
}

}  // namespace

std::string self_test_crc()
{
    return R"(
// CRC-32 of zlib: polynomial 0xEDB88320, reflected. Begins with all bits set and ends inverted.
static uint32_t self_test_crc(uint32_t crc, const void* data, size_t count)
{
    const uint8_t* const bytes = (const uint8_t*)data;
    size_t i;
    uint8_t bit;
    for (i = 0; i < count; ++i) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0u - (crc & 1u)));
    }
    return crc;
}
)";
}

std::string self_test_close()
{
    return R"(
// True when every value is within `tolerance` of the recorded one; both may be NaN.
static int self_test_close(const float* found, const float* expected, size_t count, float tolerance)
{
    size_t i;
    for (i = 0; i < count; ++i) {
        const float want = THB_FLASH_F32(expected + i);
        const float error = found[i] > want ? found[i] - want : want - found[i];
        if (error > tolerance || (found[i] == found[i]) != (want == want)) return 0;
    }
    return 1;
}
)";
}

std::string self_test_source(const Program& program, const std::vector<RecordedCase>& cases)
{
    const std::string& name = program.name;
    bool floats = false, integers = false;
    for (const TensorId id : program.graph.outputs)
        (program.graph.tensor(id).type == DType::f32 ? floats : integers) = true;
    std::string out = fmt::format("// {} {}. Licence: MIT-0.\n", kGeneratedMark, THIMBLE_VERSION);
    out += fmt::format(
        "// {} recorded cases with what thimble's oracle computes for them.\n#include \"{}.h\"\n\n",
        cases.size(), name);
    out += device_file("port/thb_port.h");
    out += "\n" + tables(program, cases);
    if (integers) out += self_test_crc();
    if (floats) out += self_test_close();
    out += fmt::format(
        "\nint {0}_self_test({0}_t* t)\n{{\n    size_t run, i{2};\n    for (run = 0; run < {1}; "
        "++run) {{\n        {0}_init(t);\n",
        name, cases.size(),
        program.sequence_loop && !program.sequence_loop->holds_input ? ", step" : "");
    out += run_case(program);
    for (size_t i = 0; i < program.graph.outputs.size(); ++i) out += compare_output(program, i);
    return out + "    }\n    return 0;\n}\n";
}

}  // namespace thimble
