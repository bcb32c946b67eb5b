#include "evaluate/confusion.h"

#include "base/error.h"

#include <algorithm>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr size_t kWidthMax = 100;
constexpr const char* kNoDecision = "no decision";

// Characters, not bytes: continuation bytes of UTF-8 take no column.
size_t width_of(const std::string& text)
{
    return static_cast<size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool right)
{
    const std::string blanks(width - std::min(width, width_of(text)), ' ');
    return right ? blanks + text : text + blanks;
}

std::string table_text(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<size_t> widths(rows[0].size());
    for (const std::vector<std::string>& row : rows)
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string text;
    for (const std::vector<std::string>& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i)
            line += (i ? "  " : "") + padded(row[i], widths[i], i > 0);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text;
}

std::optional<double> share(int64_t part, int64_t all)
{
    if (all == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

Confusion::Confusion(std::vector<std::string> labels)
    : labels_(std::move(labels)),
      counts_(labels_.size(), std::vector<int64_t>(labels_.size() + 1, 0))
{
}

void Confusion::add(int label, int decided)
{
    const auto count = static_cast<int>(labels_.size());
    THIMBLE_CHECK(label >= 0 && label < count && decided < count, "a label of the confusion");
    ++counts_[static_cast<size_t>(label)]
             [decided < 0 ? labels_.size() : static_cast<size_t>(decided)];
}

bool Confusion::undecided() const
{
    return std::ranges::any_of(counts_, [](const auto& row) { return row.back() > 0; });
}

std::vector<std::string> Confusion::columns() const
{
    std::vector<std::string> columns = labels_;
    if (undecided()) columns.push_back(kNoDecision);
    return columns;
}

std::vector<std::vector<int64_t>> Confusion::counts() const
{
    std::vector<std::vector<int64_t>> counts = counts_;
    if (!undecided())
        for (std::vector<int64_t>& row : counts) row.pop_back();
    return counts;
}

int64_t Confusion::samples() const
{
    int64_t sum = 0;
    for (const ClassResult& one : classes()) sum += one.samples;
    return sum;
}

int64_t Confusion::right() const
{
    int64_t sum = 0;
    for (size_t i = 0; i < labels_.size(); ++i) sum += counts_[i][i];
    return sum;
}

double Confusion::accuracy() const
{
    return share(right(), samples()).value_or(0);
}

std::vector<ClassResult> Confusion::classes() const
{
    std::vector<ClassResult> classes;
    for (size_t i = 0; i < labels_.size(); ++i) {
        ClassResult one{.label = labels_[i], .right = counts_[i][i]};
        for (const int64_t count : counts_[i]) one.samples += count;
        for (const std::vector<int64_t>& row : counts_) one.decided += row[i];
        one.precision = share(one.right, one.decided);
        one.recall = share(one.right, one.samples);
        classes.push_back(one);
    }
    return classes;
}

std::string Confusion::text() const
{
    const std::vector<std::string> names = columns();
    size_t width = 0, widest = 0;
    for (const std::string& name : names) {
        width += 2 + std::max<size_t>(width_of(name), 3);
        widest = std::max(widest, width_of(name));
    }
    const bool numbers = width + widest > kWidthMax;
    const auto title = [&](size_t i) {
        return numbers && i < labels_.size() ? fmt::format("{}", i) : names[i];
    };
    std::vector<std::vector<std::string>> rows = {{"is \\ decided"}};
    for (size_t i = 0; i < names.size(); ++i) rows[0].push_back(title(i));
    const std::vector<std::vector<int64_t>> table = counts();
    for (size_t i = 0; i < labels_.size(); ++i) {
        if (std::ranges::all_of(counts_[i], [](int64_t n) { return n == 0; })) continue;
        std::vector<std::string> row = {numbers ? fmt::format("{} {}", i, labels_[i]) : labels_[i]};
        for (const int64_t count : table[i])
            row.push_back(count == 0 ? "." : fmt::format("{}", count));
        rows.push_back(std::move(row));
    }
    return table_text(rows);
}

}  // namespace thimble
