#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace thimble {

namespace {

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

private:
    uint64_t state_;
};

// FNV-1a, 64 bits (Fowler, Noll, Vo).
uint64_t hash_of(const void* data, size_t size, uint64_t hash = 0xCBF29CE484222325u)
{
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return hash;
}

// How many of `count` are held out.
size_t held_out(double share, size_t count)
{
    if (share <= 0 || count < 2) return 0;
    const auto wanted = static_cast<size_t>(std::floor(share * static_cast<double>(count) + 0.5));
    return std::clamp<size_t>(wanted, 1, count - 1);
}

// The held-out places of [0, count), drawn with a generator of the label's own: another label's
// recordings change nothing here.
std::vector<size_t> drawn(const SplitOptions& options, const std::string& label, size_t count)
{
    SplitMix64 random(options.seed ^ hash_of(label.data(), label.size()));
    std::vector<size_t> order(count);
    for (size_t i = 0; i < count; ++i) order[i] = i;
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    order.resize(held_out(options.test, count));
    return order;
}

// Equal for equal values whatever type holds them.
uint64_t hash_of(const Recording& recording)
{
    uint64_t hash = hash_of(nullptr, 0);
    for (const int64_t size : recording.shape) hash = hash_of(&size, sizeof size, hash);
    for (int64_t i = 0; i < recording.count(); ++i) {
        const double value = recording.value(i) + 0.0;  // -0 and 0 are equal
        hash = hash_of(&value, sizeof value, hash);
    }
    return hash;
}

}  // namespace

void split_recordings(const SplitOptions& options, std::vector<Recording>& recordings)
{
    if (options.by == SplitBy::hash) {
        for (Recording& recording : recordings) {
            SplitMix64 random(options.seed ^ hash_of(recording));
            const double draw = static_cast<double>(random.next() >> 11) * 0x1p-53;
            recording.test = draw < options.test;
        }
        return;
    }
    // Units that stay together, by label, in the order of the recordings.
    std::map<std::string, std::vector<std::vector<Recording*>>> units;
    std::map<std::string, std::string> label_of_file;
    for (Recording& recording : recordings) {
        recording.test = false;
        if (options.by == SplitBy::recording) {
            units[recording.label].push_back({&recording});
            continue;
        }
        const auto [label, fresh] = label_of_file.insert({recording.file, recording.label});
        std::vector<std::vector<Recording*>>& of_label = units[label->second];
        if (fresh) of_label.emplace_back();
        // Recordings of one file follow each other, so that it is the last unit of its label.
        of_label.back().push_back(&recording);
    }
    for (auto& [label, of_label] : units)
        for (const size_t index : drawn(options, label, of_label.size()))
            for (Recording* recording : of_label[index]) recording->test = true;
}

}  // namespace thimble
