// Bytes of text cases: literal and random values, and the one-operator model around them.
#include "op_case.h"

#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>

namespace thimble {

namespace {

template <typename T> void append(std::vector<uint8_t>& bytes, double value)
{
    const T typed = static_cast<T>(value);
    uint8_t raw[sizeof(T)];
    std::memcpy(raw, &typed, sizeof(T));
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

// Nearest binary16, ties to even; too large becomes infinity.
uint16_t float16_bits(double value)
{
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    const double magnitude = std::fabs(value);
    if (std::isnan(value)) return 0x7E00;
    if (magnitude >= 65520) return static_cast<uint16_t>(sign | 0x7C00);
    int exponent = 0;
    std::frexp(magnitude, &exponent);
    const int step = std::max(exponent - 11, -24);  // of the last mantissa bit
    const double units = std::nearbyint(std::ldexp(magnitude, -step));
    const double rounded = std::ldexp(units, step);
    if (rounded < std::ldexp(1.0, -14))
        return static_cast<uint16_t>(sign | static_cast<int>(std::ldexp(rounded, 24)));
    std::frexp(rounded, &exponent);
    const int mantissa = static_cast<int>(std::ldexp(rounded, 11 - exponent)) - 1024;
    return static_cast<uint16_t>(sign | ((exponent + 14) << 10) | mantissa);
}

int64_t count_of(const OpCaseTensor& tensor)
{
    int64_t count = 1;
    for (const int64_t dimension : tensor.shape) count *= dimension;
    return count;
}

// mt19937_64's output is fixed by the C++ standard; its distributions are not, so none is used.
std::vector<double> values_of(const OpCaseTensor& tensor, std::mt19937_64& random)
{
    if (!tensor.random) return tensor.values;
    const bool whole = tensor.type != TfliteType::float32 && tensor.type != TfliteType::float16;
    std::vector<double> values(static_cast<size_t>(count_of(tensor)));
    for (double& value : values) {
        const double unit = static_cast<double>(random() >> 11) * 0x1p-53;  // [0, 1)
        value = whole ? tensor.least + std::floor(unit * (tensor.most - tensor.least + 1))
                      : static_cast<float>(tensor.least + unit * (tensor.most - tensor.least));
    }
    return values;
}

// Files pack two int4 a byte, the first one in the low half.
std::vector<uint8_t> file_bytes(TfliteType type, const std::vector<double>& values)
{
    const std::vector<uint8_t> bytes = element_bytes_of(type, values);
    if (type != TfliteType::int4) return bytes;
    std::vector<uint8_t> packed((bytes.size() + 1) / 2);
    for (size_t i = 0; i < bytes.size(); ++i)
        packed[i / 2] = static_cast<uint8_t>(packed[i / 2] | (bytes[i] & 15) << (i % 2 * 4));
    return packed;
}

}  // namespace

std::vector<uint8_t> element_bytes_of(TfliteType type, const std::vector<double>& values)
{
    std::vector<uint8_t> bytes;
    for (const double value : values) {
        switch (type) {
        case TfliteType::float32: append<float>(bytes, value); break;
        case TfliteType::float64: append<double>(bytes, value); break;
        case TfliteType::float16: append<uint16_t>(bytes, float16_bits(value)); break;
        case TfliteType::int4:
        case TfliteType::int8: append<int8_t>(bytes, value); break;
        case TfliteType::uint8:
        case TfliteType::boolean: append<uint8_t>(bytes, value); break;
        case TfliteType::int16: append<int16_t>(bytes, value); break;
        case TfliteType::uint16: append<uint16_t>(bytes, value); break;
        case TfliteType::int32: append<int32_t>(bytes, value); break;
        case TfliteType::uint32: append<uint32_t>(bytes, value); break;
        case TfliteType::int64: append<int64_t>(bytes, value); break;
        case TfliteType::uint64: append<uint64_t>(bytes, value); break;
        default: throw std::runtime_error("text cases hold no values of this element type");
        }
    }
    return bytes;
}

TfliteDraft draft_of(const OpCase& one)
{
    TfliteDraftSubgraph subgraph;
    TfliteDraftOperator op{
        .name = one.op, .options = one.options, .custom_options = one.custom_options};
    std::mt19937_64 random(one.seed);
    for (const OpCaseTensor& tensor : one.tensors) {
        if (tensor.role == OpCaseRole::absent) {
            op.inputs.push_back(-1);
            continue;
        }
        const int index = static_cast<int>(subgraph.tensors.size());
        TfliteDraftTensor draft{.name = tensor.name,
                                .type = tensor.type,
                                .shape = tensor.shape,
                                .scales = tensor.scales,
                                .zero_points = tensor.zero_points,
                                .quantized_dimension = tensor.axis};
        if (tensor.role == OpCaseRole::constant)
            draft.data = file_bytes(tensor.type, values_of(tensor, random));
        draft.is_variable = tensor.role == OpCaseRole::state;
        subgraph.tensors.push_back(std::move(draft));
        if (tensor.role == OpCaseRole::input) subgraph.inputs.push_back(index);
        if (tensor.role == OpCaseRole::output) subgraph.outputs.push_back(index);
        (tensor.role == OpCaseRole::output ? op.outputs : op.inputs).push_back(index);
    }
    subgraph.operators.push_back(std::move(op));
    TfliteDraft draft;
    draft.subgraphs.push_back(std::move(subgraph));
    return draft;
}

std::vector<std::vector<uint8_t>> inputs_of(const OpCase& one, int run)
{
    std::mt19937_64 random(one.seed * 1000003 + static_cast<uint64_t>(run) + 1);
    std::vector<std::vector<uint8_t>> inputs;
    for (const OpCaseTensor& tensor : one.tensors)
        if (tensor.role == OpCaseRole::input)
            inputs.push_back(element_bytes_of(tensor.type, values_of(tensor, random)));
    return inputs;
}

}  // namespace thimble
