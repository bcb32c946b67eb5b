// NAME_self_test.c of a pipeline: recordings in flash, pushed sample by sample, and what they
// decide.
//
// Whole numbers (labels, samples, integer scores and values) are compared by a CRC-32 over all
// decisions of a recording; real ones, whose last bit depends on the math library, one by one.
#include "base/crc32.h"
#include "emit/c_tables.h"
#include "emit/device_files.h"
#include "emit/package.h"
#include "emit/self_test.h"
#include "ir/pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

template <typename T>
void append(std::vector<uint8_t>& bytes, T value)
{
    const auto* raw = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

// Tables over all recordings, one behind the other.
struct Recorded {
    std::vector<uint8_t> samples, lengths, crcs, reals, tolerances;
    bool has_reals = false;
};

float tolerance_of(const std::vector<uint8_t>& reals)
{
    float largest = 0;
    for (size_t at = 0; at + sizeof(float) <= reals.size(); at += sizeof(float)) {
        float value;
        std::memcpy(&value, reals.data() + at, sizeof value);
        if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
    }
    return 1e-5f + 1e-4f * largest;
}

Recorded collect(const std::vector<RecordedCase>& cases, int64_t sample_bytes)
{
    Recorded all;
    for (const RecordedCase& one : cases) {
        const std::vector<uint8_t>& samples = one.inputs.at(0);
        all.samples.insert(all.samples.end(), samples.begin(), samples.end());
        append(all.lengths,
               static_cast<uint32_t>(static_cast<int64_t>(samples.size()) / sample_bytes));
        append(all.crcs, crc32(one.outputs.at(0)));
        const std::vector<uint8_t>& reals = one.outputs.at(1);
        all.reals.insert(all.reals.end(), reals.begin(), reals.end());
        append(all.tolerances, tolerance_of(reals));
    }
    all.has_reals = !all.reals.empty();
    return all;
}

// Takes one decision into the sum and compares its real numbers.
std::string decision_function(const Program& program, bool has_reals)
{
    const std::string& name = program.name;
    const bool label = program.graph.interface->decision == Decision::label;
    const bool number = !label || program.graph.outputs.size() > 2;
    const Tensor& last = program.graph.tensor(program.graph.outputs.back());
    const std::string field = label ? "score" : "values";
    std::string out = fmt::format(
        "\n// Where a recording has got to.\ntypedef struct {{\n    uint32_t crc;\n    size_t "
        "reals;\n"
        "    int wrong;\n}} self_test_sum_t;\n\n"
        "static void self_test_decided({0}_t* t, self_test_sum_t* sum, size_t run)\n{{\n"
        "    {0}_decision_t decision;\n    while ({0}_poll(t, &decision)) {{\n"
        "        sum->crc = self_test_crc(sum->crc, &decision.samples, sizeof decision.samples);\n",
        name);
    if (label)
        out +=
            "        sum->crc = self_test_crc(sum->crc, &decision.label, sizeof decision.label);\n";
    if (number && last.type != DType::f32) {
        out += fmt::format(
            "        sum->crc = self_test_crc(sum->crc, &decision.{0}, sizeof decision.{0});\n",
            field);
    } else if (number && has_reals) {
        out += fmt::format(
            "        if (sum->reals + {1} > {2} ||\n"
            "            !self_test_close({0}decision.{3}, self_test_reals + sum->reals, {1},\n"
            "                             THB_FLASH_F32(self_test_tolerances + run)))\n"
            "            sum->wrong = 1;\n        sum->reals += {1};\n",
            last.count() == 1 && label ? "&" : "", last.count(), "SELF_TEST_REALS", field);
    }
    return out + "    }\n    (void)run;\n}\n";
}

std::string test_function(const Program& program, size_t cases)
{
    const PipelineInterface& interface = *program.graph.interface;
    const std::string& name = program.name;
    const Tensor& input = program.graph.tensor(program.graph.inputs.at(0));
    const int64_t bytes = interface.row * element_bytes(input.type);
    return fmt::format(
        "\nint {0}_self_test({0}_t* t)\n{{\n    size_t run, at = 0, i;\n    self_test_sum_t sum;\n"
        "    sum.reals = 0;\n    for (run = 0; run < {1}; ++run) {{\n"
        "        uint32_t left = THB_FLASH_U32(self_test_lengths + run);\n"
        "        sum.crc = UINT32_C(0xffffffff);\n        sum.wrong = 0;\n        {0}_init(t);\n"
        "        for (; left > 0; --left) {{\n            {2} sample[{3}];\n"
        "            for (i = 0; i < {4}; ++i)\n"
        "                ((uint8_t*)(void*)sample)[i] = THB_FLASH_U8(self_test_samples + at + i);\n"
        "            at += {4};\n"
        "            if ({0}_push(t, sample, 1) != 1) return (int)run + 1;\n"
        "            self_test_decided(t, &sum, run);\n        }}\n"
        "        if (!{0}_flush(t)) return (int)run + 1;\n"
        "        self_test_decided(t, &sum, run);\n"
        "        if (sum.wrong || ~sum.crc != THB_FLASH_U32(self_test_crcs + run)) return (int)run "
        "+ "
        "1;\n    }}\n    return 0;\n}}\n",
        name, cases, dtype_c_name(input.type), interface.row, bytes);
}

}  // namespace

std::string pipeline_self_test_source(const Program& program,
                                      const std::vector<RecordedCase>& cases)
{
    const PipelineInterface& interface = *program.graph.interface;
    const Tensor& input = program.graph.tensor(program.graph.inputs.at(0));
    const Recorded all = collect(cases, interface.row * element_bytes(input.type));
    std::string out = fmt::format("// {} {}. Licence: MIT-0.\n", kGeneratedMark, THIMBLE_VERSION);
    out +=
        fmt::format("// {} recordings with what thimble's oracle decides.\n#include \"{}.h\"\n\n",
                    cases.size(), program.name);
    out += device_file("port/thb_port.h");
    out += "\n" + c_table({"uint8_t", all.samples, "samples"}, "self_test_samples");
    out += c_table({"uint32_t", all.lengths, "samples of each recording"}, "self_test_lengths");
    out += c_table({"uint32_t", all.crcs, "CRC-32 of its decisions"}, "self_test_crcs");
    if (all.has_reals) {
        out += c_table({"float", all.reals, "real numbers of all decisions"}, "self_test_reals");
        out += c_table({"float", all.tolerances, "tolerance of each recording"},
                       "self_test_tolerances");
        out += fmt::format("#define SELF_TEST_REALS {}\n", all.reals.size() / sizeof(float));
    }
    out += self_test_crc();
    if (all.has_reals) out += self_test_close();
    return out + decision_function(program, all.has_reals) + test_function(program, cases.size());
}

}  // namespace thimble
