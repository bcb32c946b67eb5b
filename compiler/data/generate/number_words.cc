// number_words: the digits of a number from 0 to 9,999,999,999 and its British words.
//
// Groups of three digits read "X hundred and YY"; a group of zeros is left out; a last group below
// 100 behind a higher one begins with "and" ("nine million and thirty two"), an inner one does not
// ("six billion thirty six million"). 0 is "zero".
//
// Held out are 3,000 numbers, the same for every seed and count: 2, 18 and 180 of one, two and
// three digits, 400 of each length from four to ten. None of them is trained on. Numbers of all
// lengths are; of those with one to three digits there are few, so that each comes several times.
// Half of the longer ones have more zeros than chance gives: they are what is hard.
#include "data/generate/generate.h"
#include "base/random.h"

#include <set>

namespace thimble {

namespace {

constexpr int kDigitsMost = 10;
constexpr int64_t kHeldOut[kDigitsMost + 1] = {0, 2, 18, 180, 400, 400, 400, 400, 400, 400, 400};
// Of 100 numbers to train on.
constexpr int64_t kShare[kDigitsMost + 1] = {0, 1, 2, 6, 13, 13, 13, 13, 13, 13, 13};

const char* const kUnits[] = {"zero", "one", "two", "three", "four", "five", "six", "seven",
                              "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
                              "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
const char* const kTens[] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy",
                             "eighty", "ninety"};
const char* const kGroups[] = {" billion", " million", " thousand", ""};

std::string below_hundred(int64_t n)
{
    if (n < 20) return kUnits[n];
    return n % 10 == 0 ? kTens[n / 10] : std::string(kTens[n / 10]) + " " + kUnits[n % 10];
}

// 1 to 999.
std::string group_words(int64_t n)
{
    if (n < 100) return below_hundred(n);
    const std::string hundreds = std::string(kUnits[n / 100]) + " hundred";
    return n % 100 == 0 ? hundreds : hundreds + " and " + below_hundred(n % 100);
}

std::string words_of(int64_t number)
{
    if (number == 0) return kUnits[0];
    std::string text;
    int64_t unit = 1'000'000'000;
    for (const char* name : kGroups) {
        const int64_t group = number / unit % 1000;
        if (group != 0) {
            const bool tail = unit == 1 && group < 100 && !text.empty();
            if (!text.empty()) text += " ";
            text += (tail ? "and " : "") + group_words(group) + name;
        }
        unit /= 1000;
    }
    return text;
}

// Without a leading 0, but for 0 itself. `zeros`: one digit of four becomes 0, and half of the
// time so do all from one place to another.
int64_t draw_number(SplitMix64& random, int digits, bool zeros)
{
    std::vector<int64_t> list;
    for (int i = 0; i < digits; ++i) list.push_back(random.whole(i == 0 && digits > 1, 9));
    if (zeros) {
        for (int i = 1; i < digits; ++i)
            if (random.below(4) == 0) list[static_cast<size_t>(i)] = 0;
        const int64_t from = random.whole(1, digits), to = random.whole(1, digits);
        if (random.below(2) == 0)
            for (int64_t i = from; i < to; ++i) list[static_cast<size_t>(i)] = 0;
    }
    int64_t number = 0;
    for (const int64_t digit : list) number = number * 10 + digit;
    return number;
}

void add(int64_t number, bool test, const std::string& label, Dataset& dataset)
{
    const std::string source = std::to_string(number);
    Recording recording =
        generated("number_words", static_cast<int64_t>(dataset.recordings.size()));
    recording.type = DType::u8;
    recording.bytes.assign(source.begin(), source.end());
    recording.shape = {static_cast<int64_t>(source.size())};
    recording.label = label;
    recording.answer = words_of(number);
    recording.test = test;
    dataset.recordings.push_back(std::move(recording));
}

std::string label_of(int digits)
{
    return std::string(digits < 10 ? "0" : "") + std::to_string(digits) +
           (digits == 1 ? " digit" : " digits");
}

}  // namespace

void generate_number_words(const GenerateOptions& options, Dataset& dataset)
{
    std::set<int64_t> held_out;
    SplitMix64 fixed(0x7E57);
    for (int digits = 1; digits <= kDigitsMost; ++digits) {
        for (int64_t i = 0; i < kHeldOut[digits];) {
            const int64_t number = draw_number(fixed, digits, false);
            if (!held_out.insert(number).second) continue;
            add(number, true, label_of(digits), dataset);
            ++i;
        }
    }
    SplitMix64 random(options.seed);
    for (int digits = 1; digits <= kDigitsMost; ++digits) {
        const int64_t count = std::max<int64_t>(1, options.count * kShare[digits] / 100);
        for (int64_t i = 0; i < count;) {
            const int64_t number = draw_number(random, digits, digits > 3 && i % 2 == 1);
            if (held_out.count(number) > 0) continue;
            add(number, false, label_of(digits), dataset);
            ++i;
        }
    }
}

}  // namespace thimble
