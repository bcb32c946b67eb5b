// Input vectors for verification.
//
// Integers: the whole range of the type; wide integers (indices, counts) small values, since a
// larger one is an index out of range in most models. Floats: [-1, 1), and +-4 for the extremes.
#include "verify/verify.h"

#include <cstring>

namespace thimble {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014): tiny, and the same everywhere.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next()
    {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

private:
    uint64_t state_;
};

constexpr int64_t kWideIntegerMax = 100;

struct Range {
    double least, most, zero;
};

Range range_of(const Tensor& tensor)
{
    const double zero = tensor.quant.present() ? tensor.quant.zero_point() : 0;
    switch (tensor.type) {
    case DType::i8: return {-128, 127, zero};
    case DType::i4: return {-8, 7, zero};
    case DType::u8: return {0, 255, zero};
    case DType::i16: return {-32768, 32767, zero};
    case DType::boolean: return {0, 1, 0};
    case DType::f32: return {-4, 4, 0};
    default: return {0, kWideIntegerMax, 0};
    }
}

template <typename T> void store(Bytes& bytes, size_t i, double value)
{
    const T typed = static_cast<T>(value);
    std::memcpy(bytes.data() + i * sizeof(T), &typed, sizeof(T));
}

void store_as(DType type, Bytes& bytes, size_t i, double value)
{
    switch (type) {
    case DType::f32: return store<float>(bytes, i, value);
    case DType::i16: return store<int16_t>(bytes, i, value);
    case DType::u16: return store<uint16_t>(bytes, i, value);
    case DType::i32: return store<int32_t>(bytes, i, value);
    case DType::u32: return store<uint32_t>(bytes, i, value);
    case DType::i64: return store<int64_t>(bytes, i, value);
    case DType::u64: return store<uint64_t>(bytes, i, value);
    case DType::u8: case DType::boolean: return store<uint8_t>(bytes, i, value);
    default: return store<int8_t>(bytes, i, value);
    }
}

double uniform(Random& random, const Tensor& tensor, const Range& range)
{
    if (tensor.type == DType::f32)
        return static_cast<double>(random.next() >> 40) / (1 << 23) - 1.0;
    const auto span = static_cast<uint64_t>(range.most - range.least) + 1;
    return range.least + static_cast<double>((random.next() >> 32) % span);
}

Bytes fill(Random& random, const Tensor& tensor, const std::string& kind)
{
    Bytes bytes(static_cast<size_t>(tensor.bytes()));
    const Range range = range_of(tensor);
    for (size_t i = 0; i < static_cast<size_t>(tensor.count()); ++i) {
        double value = range.zero;
        if (kind == "minimum") value = range.least;
        if (kind == "maximum") value = range.most;
        const bool drawn = kind == "uniform" || (kind == "sparse" && random.next() % 10 == 0);
        if (drawn) value = uniform(random, tensor, range);
        store_as(tensor.type, bytes, i, value);
    }
    return bytes;
}

}  // namespace

std::vector<Case> make_cases(const Graph& graph, int count, uint64_t seed)
{
    static const char* const fixed[] = {"uniform", "minimum", "maximum", "zero point", "sparse"};
    Random random(seed);
    std::vector<Case> cases;
    for (int i = 0; i < count; ++i) {
        Case one;
        one.kind = i < 5 ? fixed[i] : i % 4 == 0 ? "sparse" : "uniform";
        for (const TensorId id : graph.inputs)
            one.inputs.push_back(fill(random, graph.tensor(id), one.kind));
        cases.push_back(std::move(one));
    }
    return cases;
}

}  // namespace thimble
