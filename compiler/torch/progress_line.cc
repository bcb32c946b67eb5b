#include "torch/progress_line.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace thimble {

namespace {

std::string time_text(double seconds)
{
    const auto whole = static_cast<int64_t>(seconds + 0.5);
    return whole < 60 ? fmt::format("{} s", whole)
                      : fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

}  // namespace

ProgressLine::ProgressLine() : shown_(isatty(STDERR_FILENO) != 0) {}

ProgressLine::~ProgressLine()
{
    clear();
}

void ProgressLine::show(double share, const std::string& text)
{
    constexpr auto kBetween = std::chrono::milliseconds(200);
    constexpr int kWidth = 24;
    const Clock::time_point now = Clock::now();
    if (!shown_ || now - drawn_ < kBetween) return;
    drawn_ = now;
    const double spent = std::chrono::duration<double>(now - began_).count();
    const auto full = static_cast<size_t>(share * kWidth);
    const std::string left =
        share > 0.01 ? "  " + time_text(spent / share - spent) + " left" : std::string();
    std::fprintf(stderr, "\r\033[K[%-*s] %s%s", kWidth, std::string(full, '#').c_str(),
                 text.c_str(), left.c_str());
    std::fflush(stderr);
}

void ProgressLine::clear()
{
    if (!shown_) return;
    std::fprintf(stderr, "\r\033[K");
    std::fflush(stderr);
}

}  // namespace thimble
