// Random numbers that are the same on every machine, with every compiler and library: SplitMix64
// (Steele, Lea, Flood 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace thimble {

class SplitMix64 {
public:
    explicit SplitMix64(uint64_t seed) : state_(seed) {}

    uint64_t next()
    {
        state_ += 0x9E3779B97F4A7C15u;
        uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }
    // A number in [0, count); the bias of the remainder is below count / 2^64.
    uint64_t below(uint64_t count) { return next() % count; }
    // A whole number in [least, most].
    int64_t whole(int64_t least, int64_t most)
    {
        return least + static_cast<int64_t>(below(static_cast<uint64_t>(most - least + 1)));
    }
    // In [0, 1), a multiple of 2^-53.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double uniform(double least, double most) { return least + (most - least) * uniform(); }
    // Nearly normal, mean 0 and deviation 1: twelve uniform numbers less 6 (their variance is 1/12
    // each). No logarithm whose last bit differs between libraries.
    double normal()
    {
        double sum = -6;
        for (int i = 0; i < 12; ++i) sum += uniform();
        return sum;
    }
    template <typename T> const T& one_of(const std::vector<T>& list)
    {
        return list[static_cast<size_t>(below(list.size()))];
    }
    // Fisher and Yates's order.
    template <typename T> void shuffle(std::vector<T>& list)
    {
        for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[below(i)]);
    }

private:
    uint64_t state_;
};

}  // namespace thimble
