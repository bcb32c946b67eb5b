// What all commands print with: aligned tables, grouped numbers, progress, the one JSON object.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace thimble {

// 97154 -> "97,154".
std::string grouped(int64_t value);

// "1.5 KB": 1 KB = 1,024 bytes.
std::string bytes_text(int64_t bytes);

// "0.27 ms", "8.45 s": three digits that mean something.
std::string duration_text(double milliseconds);

// A name for a table: converters join the names of what they fused to thousands of characters, of
// which this keeps the begin and the end. JSON has the whole name.
std::string shortened(const std::string& name);

// Columns as wide as their widest cell. A header that begins with '>' is right-aligned.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> headers) : headers_(std::move(headers)) {}
    void row(std::vector<std::string> cells);
    bool empty() const { return rows_.empty(); }
    std::string text() const;

private:
    std::vector<std::string> headers_;
    std::vector<std::vector<std::string>> rows_;
};

// Prints `text` on stdout.
void say(const std::string& text);
// "next: COMMAND", the end of every success for people.
void say_next(const std::string& command);
void print_json(const nlohmann::json& object);

// A line on stderr while something takes time; only on a terminal, and gone when the object goes.
class Progress {
public:
    // Shows "WHAT ..." at once; without it nothing yet.
    explicit Progress(std::string what = "");
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    // These draw a few times a second at most: "WHAT ... 3,200 of 10,000"; a text; a bar for the
    // share of all work that is done, [0, 1], a text, and the time that is left.
    void count(size_t done, size_t all);
    void text(const std::string& text);
    void share(double share, const std::string& text);
    void clear();

private:
    using Clock = std::chrono::steady_clock;
    bool is_time();
    std::string what_;
    bool shown_;
    Clock::time_point began_ = Clock::now(), drawn_ = {};
};

}  // namespace thimble
