// dates: a date as people write it ("3rd of march 2021", "mar 3, 2021", "3/3/21") and as ISO 8601
// does (2021-03-03). Years go from 1950 to 2049; two digits of a year mean one of these; of numbers
// alone the day comes first, but for those that begin with the year.
//
// Held out are 2,000 writings of dates that are not trained on in that form, the same for every
// seed and count.
#include "base/error.h"
#include "data/generate/generate.h"
#include "base/random.h"

#include <fmt/format.h>
#include <set>

namespace thimble {

namespace {

constexpr int64_t kHeldOut = 2000;
const char* const kMonths[] = {"january", "february", "march", "april", "may", "june", "july",
                               "august", "september", "october", "november", "december"};

struct Date {
    int year, month, day;
};

bool leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_of(int year, int month)
{
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return kDays[month - 1] + (month == 2 && leap(year));
}

Date draw_date(SplitMix64& random)
{
    Date date{};
    date.year = static_cast<int>(random.whole(1950, 2049));
    date.month = static_cast<int>(random.whole(1, 12));
    date.day = static_cast<int>(random.whole(1, days_of(date.year, date.month)));
    return date;
}

std::string ordinal(int day)
{
    const bool teen = day >= 11 && day <= 13;
    const char* const ends[] = {"th", "st", "nd", "rd"};
    return fmt::format("{}{}", day, teen || day % 10 > 3 ? "th" : ends[day % 10]);
}

struct Form {
    const char* label;  // for people
    const char* text;   // d 3, D 03, o 3rd, m 3, M 03, N march, n mar, y 21, Y 2021
};
constexpr Form kForms[] = {
    {"3 march 2021", "d N Y"},     {"3rd of march 2021", "o of N Y"},
    {"3rd march 2021", "o N Y"},   {"march 3, 2021", "N d, Y"},
    {"march 3rd, 2021", "N o, Y"}, {"march 3 2021", "N d Y"},
    {"3 mar 2021", "d n Y"},       {"mar 3, 2021", "n d, Y"},
    {"3-mar-21", "d-n-y"},         {"3 mar '21", "d n 'y"},
    {"3/3/21", "d/m/y"},           {"03/03/2021", "D/M/Y"},
    {"3.3.2021", "d.m.Y"},         {"03.03.21", "D.M.y"},
    {"2021/3/3", "Y/m/d"},         {"2021 march 3", "Y N d"},
};

std::string written(const Date& date, const Form& form)
{
    std::string text;
    const std::string name = kMonths[date.month - 1];
    const std::string_view form_text = form.text;
    for (size_t i = 0; i < form_text.size(); ++i) {
        if (form_text.substr(i, 2) == "of") {
            text += "of";
            ++i;
            continue;
        }
        switch (form_text[i]) {
        case 'd': text += fmt::format("{}", date.day); break;
        case 'D': text += fmt::format("{:02}", date.day); break;
        case 'o': text += ordinal(date.day); break;
        case 'm': text += fmt::format("{}", date.month); break;
        case 'M': text += fmt::format("{:02}", date.month); break;
        case 'N': text += name; break;
        case 'n': text += name.substr(0, 3); break;
        case 'y': text += fmt::format("{:02}", date.year % 100); break;
        case 'Y': text += fmt::format("{}", date.year); break;
        default: text += form_text[i];
        }
    }
    return text;
}

}  // namespace

void generate_dates(const GenerateOptions& options, Dataset& dataset)
{
    std::set<std::string> held_out;
    constexpr int64_t kFormCount = std::size(kForms);
    const auto draw = [&](SplitMix64& random, int64_t i, bool test) {
        const Form& form = kForms[i % kFormCount];
        const Date date = draw_date(random);
        const std::string source = written(date, form);
        if (test ? !held_out.insert(source).second : held_out.count(source) > 0) return false;
        Recording recording = generated("dates", static_cast<int64_t>(dataset.recordings.size()));
        recording.type = DType::u8;
        recording.bytes.assign(source.begin(), source.end());
        recording.shape = {static_cast<int64_t>(source.size())};
        recording.label = form.label;
        recording.answer = fmt::format("{}-{:02}-{:02}", date.year, date.month, date.day);
        recording.test = test;
        dataset.recordings.push_back(std::move(recording));
        return true;
    };
    SplitMix64 fixed(0x7E57);
    for (int64_t i = 0; i < kHeldOut;) i += draw(fixed, i, true);
    SplitMix64 random(options.seed);
    for (int64_t i = 0; i < options.count;) i += draw(random, i, false);
}

}  // namespace thimble
