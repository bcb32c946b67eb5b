// key_reports: what a USB keyboard sends at every change (HID boot protocol): modifiers, a reserved
// 0, up to six codes of keys that are down in any order, zeros behind them.
//
// Typing is `angry` when a shift key is held and no control key, and two letters or more are down;
// or when four letters or more are down, whatever is held. Else it is `calm`: digits, enter and the
// like never count. Only the set of keys decides, not the places of their codes. Held out are whole
// sets of keys, in all of their orders.
#include "data/generate/generate.h"
#include "base/random.h"

#include <algorithm>

namespace thimble {

namespace {

constexpr uint8_t kControl = 0x11, kShift = 0x22;  // left and right
// USB HID usage codes: `a` to `z`, then digits, enter, space and punctuation of a US layout.
constexpr int64_t kFirstKey = 4, kLastLetter = 29, kLastKey = 56;
constexpr int64_t kKeysMost = 6;

struct Report {
    uint8_t modifiers = 0;
    std::vector<uint8_t> keys;

    bool angry() const
    {
        const auto is_letter = [](uint8_t key) { return key <= kLastLetter; };
        const auto letters = std::ranges::count_if(keys, is_letter);
        const bool shouts = (modifiers & kShift) != 0 && (modifiers & kControl) == 0;
        return letters >= 4 || (shouts && letters >= 2);
    }

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

// None, or one or two of the eight; often a shift key alone.
uint8_t draw_modifiers(SplitMix64& random)
{
    if (random.below(3) == 0) return static_cast<uint8_t>(random.below(2) ? 0x02 : 0x20);
    uint64_t modifiers = 0;
    for (uint64_t i = random.below(3); i > 0; --i) modifiers |= 1u << random.below(8);
    return static_cast<uint8_t>(modifiers);
}

Report draw_report(SplitMix64& random)
{
    Report report;
    report.modifiers = draw_modifiers(random);
    const int64_t count = random.whole(0, kKeysMost);
    while (static_cast<int64_t>(report.keys.size()) < count) {
        const int64_t last = random.below(3) == 0 ? kLastKey : kLastLetter;
        const auto key = static_cast<uint8_t>(random.whole(kFirstKey, last));
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
        while (report.angry() != angry) report = draw_report(random);
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
