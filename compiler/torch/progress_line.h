// A line on stderr with a bar, a text and the time that is left: on a terminal only.
#pragma once

#include <chrono>
#include <string>

namespace thimble {

class ProgressLine {
public:
    ProgressLine();
    ~ProgressLine();
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    // `share` of all work is done, [0, 1]. Draws a few times a second at most.
    void show(double share, const std::string& text);
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    const bool shown_;
    Clock::time_point began_ = Clock::now();
    Clock::time_point drawn_ = {};
};

}  // namespace thimble
