#include "data/generate/generate.h"

#include "base/error.h"
#include "data/split.h"

#include <cmath>
#include <fmt/format.h>

namespace thimble {

#define GENERATOR(kind, data, count, splits, sentence) \
    void generate_##kind(const GenerateOptions&, Dataset&);
#include "data/generate/generators.def"
#undef GENERATOR

namespace {

constexpr Generator kGenerators[] = {
#define GENERATOR(kind, data, count, splits, sentence) \
    {#kind, DataKind::data, count, splits, generate_##kind, sentence},
#include "data/generate/generators.def"
#undef GENERATOR
};

const char* kind_text(DataKind kind)
{
    switch (kind) {
    case DataKind::text: return "texts";
    case DataKind::image: return "images";
    case DataKind::samples: break;
    }
    return "numbers";
}

}  // namespace

const Generator* find_generator(std::string_view kind)
{
    for (const Generator& generator : kGenerators)
        if (generator.kind == kind) return &generator;
    return nullptr;
}

void generate_recordings(const DataOptions& options, Dataset& dataset)
{
    const Generator* const generator = find_generator(options.generate);
    THIMBLE_CHECK(generator != nullptr, "a kind that the schema allows");
    require(options.kind == generator->data, ErrorCode::T0106,
            {options.place,
             fmt::format("'{}' gives {}, the project takes {}", generator->kind,
                         kind_text(generator->data), kind_text(options.kind)),
             "recordings of the input's kind", "take other data, or another [input]"});
    const size_t before = dataset.recordings.size();
    generator->make({options.count > 0 ? options.count : generator->count, options.seed}, dataset);
    THIMBLE_CHECK(dataset.recordings.size() > before, "a generator that gives recordings");
    if (!generator->splits) split_recordings(options.split, dataset.recordings);
}

double plain_sine(double x)
{
    constexpr double kPi = 3.14159265358979323846;
    x -= 2 * kPi * std::floor(x / (2 * kPi) + 0.5);  // to [-pi, pi]
    if (x > kPi / 2) x = kPi - x;
    if (x < -kPi / 2) x = -kPi - x;
    // Taylor's series; the first term left out is below (pi/2)^15 / 15! = 7e-10.
    double term = x, sum = x;
    for (int k = 3; k <= 13; k += 2) {
        term *= -x * x / (k * (k - 1));
        sum += term;
    }
    return sum;
}

Recording generated(const char* kind, int64_t number)
{
    Recording recording;
    recording.file = kind;
    recording.first = number;
    return recording;
}

}  // namespace thimble
