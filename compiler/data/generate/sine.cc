// sine: y = sin x for x in [0, 2 pi). What is trained on has noise, of deviation 0.1; what is held
// out are the exact values at equal distances, a fifth of the count.
#include "data/generate/generate.h"
#include "base/random.h"

#include <algorithm>

namespace thimble {

void generate_sine(const GenerateOptions& options, Dataset& dataset)
{
    constexpr double kTurn = 2 * 3.14159265358979323846;
    constexpr double kNoise = 0.1;
    SplitMix64 random(options.seed);
    const int64_t held_out = std::max<int64_t>(1, options.count / 5);
    const int64_t count = options.count + held_out;
    for (int64_t i = 0; i < count; ++i) {
        const bool test = i >= options.count;
        const double x = test ? kTurn * static_cast<double>(i - options.count) /
                                    static_cast<double>(held_out)
                              : kTurn * random.uniform();
        const double y = plain_sine(x) + (test ? 0 : kNoise * random.normal());
        Recording recording = generated("sine", i);
        recording.shape = {1, 1};
        recording.test = test;
        pack_values({x}, false, recording);
        // 0 is a whole number; all recordings have one type.
        if (recording.type != DType::f32) {
            recording.type = DType::f32;
            recording.bytes.assign(sizeof(float), 0);
        }
        recording.targets = {static_cast<float>(y)};
        dataset.recordings.push_back(std::move(recording));
    }
    dataset.channels = {"x"};
    dataset.targets = {"y"};
}

}  // namespace thimble
