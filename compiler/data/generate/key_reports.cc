// key_reports: what a USB keyboard sends at every change (HID boot protocol): modifiers, a reserved
// 0, up to six codes of keys that are down in any order, zeros behind them.
//
// Typing is `angry` when a shift key is held and no control key, and two keys or more are down; or
// when four keys or more are down, whatever is held. Else it is `calm`. Only the set of keys
// counts, not the places of their codes. Held out are whole sets of keys, in other orders too.
#include "data/generate/generate.h"
#include "data/random.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr uint8_t kControl = 0x11, kShift = 0x22;  // left and right
constexpr int64_t kFirstKey = 4, kLastKey = 56;    // `a` to `/`, US layout
constexpr int64_t kKeysMost = 6;

bool is_angry(uint8_t modifiers, int64_t keys)
{
    const bool shouts = (modifiers & kShift) != 0 && (modifiers & kControl) == 0;
    return keys >= 4 || (shouts && keys >= 2);
}

struct Report {
    uint8_t modifiers = 0;
    std::vector<uint8_t> keys;

    // The same for every order of the keys.
    bool held_out() const
    {
        std::vector<uint8_t> sorted = keys;
        std::ranges::sort(sorted);
        uint64_t set = modifiers;
        for (const uint8_t key : sorted) set = SplitMix64(set * 256 + key).next();
        return SplitMix64(set).uniform() < 0.2;
    }
};

// Each modifier alone or with others; most reports have none, or shift.
uint8_t draw_modifiers(SplitMix64& random)
{
    switch (random.below(8)) {
    case 0: return static_cast<uint8_t>(random.below(256));
    case 1: return 0x01;
    case 2: return static_cast<uint8_t>(random.below(2) ? 0x03 : 0x30);
    case 3:
    case 4: return 0x02;
    case 5: return 0x20;
    default: return 0;
    }
}

Report draw_report(SplitMix64& random)
{
    Report report;
    report.modifiers = draw_modifiers(random);
    const int64_t count = random.whole(0, kKeysMost);
    while (static_cast<int64_t>(report.keys.size()) < count) {
        const auto key = static_cast<uint8_t>(random.whole(kFirstKey, kLastKey));
        if (std::ranges::find(report.keys, key) == report.keys.end()) report.keys.push_back(key);
    }
    return report;
}

}  // namespace

void generate_key_reports(const GenerateOptions& options, Dataset& dataset)
{
    SplitMix64 random(options.seed);
    const char* const labels[] = {"calm", "angry"};
    for (int64_t i = 0; i < options.count; ++i) {
        // Both answers in turn, so that neither is rare.
        const bool angry = i % 2 == 1;
        Report report = draw_report(random);
        while (is_angry(report.modifiers, static_cast<int64_t>(report.keys.size())) != angry)
            report = draw_report(random);
        Recording recording = generated("key_reports", i);
        recording.type = DType::u8;
        recording.shape = {1, 2 + kKeysMost};
        recording.label = labels[angry];
        recording.test = report.held_out();
        recording.bytes = {report.modifiers, 0};
        recording.bytes.insert(recording.bytes.end(), report.keys.begin(), report.keys.end());
        recording.bytes.resize(2 + kKeysMost, 0);
        dataset.recordings.push_back(std::move(recording));
    }
    dataset.channels = {"modifiers", "reserved", "key_1", "key_2", "key_3", "key_4", "key_5",
                        "key_6"};
}

}  // namespace thimble
