#include "cli/output.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace thimble {

std::string grouped(int64_t value)
{
    std::string digits = std::to_string(value < 0 ? -value : value);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<size_t>(at), ",");
    return (value < 0 ? "-" : "") + digits;
}

std::string bytes_text(int64_t bytes)
{
    if (bytes < 10 * 1024) return grouped(bytes) + " B";
    if (bytes < 10 * 1024 * 1024)
        return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1024);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1024 * 1024));
}

std::string duration_text(double milliseconds)
{
    if (milliseconds >= 10000) return fmt::format("{:.0f} s", milliseconds / 1000);
    if (milliseconds >= 1000) return fmt::format("{:.3g} s", milliseconds / 1000);
    return fmt::format("{:.3g} ms", milliseconds);
}

std::string shortened(const std::string& name)
{
    constexpr size_t kMost = 60, kBegin = 38;
    if (name.size() <= kMost) return name;
    // Not in the middle of a character.
    const auto continues = [&](size_t at) { return (name[at] & 0xC0) == 0x80; };
    size_t begin = kBegin, end = name.size() - (kMost - kBegin - 3);
    while (begin > 0 && continues(begin)) --begin;
    while (end < name.size() && continues(end)) ++end;
    return name.substr(0, begin) + "..." + name.substr(end);
}

void TextTable::row(std::vector<std::string> cells)
{
    cells.resize(headers_.size());
    rows_.push_back(std::move(cells));
}

namespace {

// Characters, not bytes: continuation bytes of UTF-8 take no column.
size_t width_of(const std::string& text)
{
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

std::string padded(const std::string& text, size_t width, bool right)
{
    const std::string blanks(width - std::min(width, width_of(text)), ' ');
    return right ? blanks + text : text + blanks;
}

}  // namespace

std::string TextTable::text() const
{
    std::vector<std::string> titles = headers_;
    std::vector<bool> right;
    std::vector<size_t> widths;
    for (std::string& title : titles) {
        right.push_back(title.rfind('>', 0) == 0);
        if (right.back()) title.erase(0, 1);
        widths.push_back(width_of(title));
    }
    for (const auto& cells : rows_)
        for (size_t i = 0; i < cells.size(); ++i)
            widths[i] = std::max(widths[i], width_of(cells[i]));
    std::string out;
    const auto add_line = [&](const std::vector<std::string>& cells) {
        std::string line;
        for (size_t i = 0; i < cells.size(); ++i)
            line += (i ? "  " : "") + padded(cells[i], widths[i], right[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    };
    add_line(titles);
    for (const auto& cells : rows_) add_line(cells);
    return out;
}

void say(const std::string& text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void say_next(const std::string& command)
{
    say("next: " + command + "\n");
}

void print_json(const nlohmann::json& object)
{
    // Names in a model file may be any bytes; what is not UTF-8 is replaced.
    say(object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

namespace {

void draw(const std::string& line)
{
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
}

std::string time_left(double seconds)
{
    const auto whole = static_cast<int64_t>(seconds + 0.5);
    return whole < 60 ? fmt::format("{} s", whole)
                      : fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string what) : what_(std::move(what)), shown_(isatty(STDERR_FILENO) != 0)
{
    if (shown_ && !what_.empty()) draw(what_ + " ...");
}

bool Progress::is_time()
{
    constexpr auto kBetween = std::chrono::milliseconds(200);
    const Clock::time_point now = Clock::now();
    if (!shown_ || now - drawn_ < kBetween) return false;
    drawn_ = now;
    return true;
}

void Progress::count(size_t done, size_t all)
{
    if (is_time())
        draw(fmt::format("{} ... {} of {}", what_, grouped(static_cast<int64_t>(done)),
                         grouped(static_cast<int64_t>(all))));
}

void Progress::text(const std::string& text)
{
    if (is_time()) draw(text);
}

void Progress::share(double share, const std::string& text)
{
    constexpr int kWidth = 24;
    if (!is_time()) return;
    const double spent = std::chrono::duration<double>(drawn_ - began_).count();
    const std::string left =
        share > 0.01 ? "  " + time_left(spent / share - spent) + " left" : std::string();
    draw(fmt::format("[{:<{}}] {}{}", std::string(static_cast<size_t>(share * kWidth), '#'), kWidth,
                     text, left));
}

void Progress::clear()
{
    if (shown_) draw("");
}

Progress::~Progress()
{
    clear();
}

}  // namespace thimble
