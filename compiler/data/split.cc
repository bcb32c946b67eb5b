#include "data/split.h"

#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace thimble {

namespace {

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
    random.shuffle(order);
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

int64_t drop_equal(std::vector<Recording>& recordings)
{
    std::set<std::pair<std::vector<double>, Shape>> known;
    const auto is_known = [&](const Recording& recording) {
        std::vector<double> values(static_cast<size_t>(recording.count()));
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = recording.value(static_cast<int64_t>(i)) + 0.0;
        return !known.insert({std::move(values), recording.shape}).second;
    };
    return static_cast<int64_t>(std::erase_if(recordings, is_known));
}

void split_recordings(const SplitOptions& options, std::vector<Recording>& recordings)
{
    if (options.by == SplitBy::hash) {
        for (Recording& recording : recordings) {
            SplitMix64 random(options.seed ^ hash_of(recording));
            recording.test = random.uniform() < options.test;
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
