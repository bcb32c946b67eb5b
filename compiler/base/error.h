// Errors that a user can act on, and checks for our own bugs.
//
// A user-facing error is three lines: place and finding, what was expected, what to try. Every one
// carries a code from errors.def, which also fixes the exit code and holds the longer text that
// `thimble explain CODE` prints. Readers throw through fail() or require(); cli/main.cc catches.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace thimble {

// Exit codes of the command line (README, "Exit codes").
enum class Exit : int {
    ok = 0,
    user_error = 1,     // the model or the data is at fault, unsupported, or does not fit
    usage = 2,          // misspelt command, or a target that cannot do this
    mismatch = 3,       // verification found a difference
    missing_tool = 4,   // an external tool is needed
    internal = 70,      // our bug
};

enum class ErrorCode {
#define THIMBLE_ERROR(code, exit, title, text) code,
#include "base/errors.def"
#undef THIMBLE_ERROR
};

struct ErrorInfo {
    ErrorCode code;
    std::string_view name;   // "T0101"
    Exit exit;
    std::string_view title;  // one phrase
    std::string_view text;   // what it means and what to do, a few sentences
};

const ErrorInfo& error_info(ErrorCode code);
// Returns nullptr when no such code exists. `name` is matched without regard to case.
const ErrorInfo* find_error_info(std::string_view name);

struct ErrorText {
    std::string place;     // file, node, tensor, key: where
    std::string found;     // what was found there
    std::string expected;  // what would have been right
    std::string remedy;    // a command or an edit that works
};

class Error : public std::exception {
public:
    Error(ErrorCode code, ErrorText text);
    const char* what() const noexcept override { return message_.c_str(); }
    ErrorCode code() const { return code_; }
    Exit exit() const { return error_info(code_).exit; }
    const ErrorText& text() const { return text_; }
    // Puts "context: " in front of the place; the import and pass loops add where they were.
    void add_context(std::string_view context);

private:
    void compose();
    ErrorCode code_;
    ErrorText text_;
    std::string message_;
};

[[noreturn]] void fail(ErrorCode code, ErrorText text);
inline void require(bool condition, ErrorCode code, const ErrorText& text)
{
    if (!condition) fail(code, text);
}

// A broken promise inside thimble itself: prints file and line, ends with exit code 70. Always on.
[[noreturn]] void report_bug(const char* file, int line, const char* condition,
                             std::string_view why);
#define THIMBLE_CHECK(condition, why)                                          \
    do {                                                                       \
        if (!(condition)) ::thimble::report_bug(__FILE__, __LINE__, #condition, (why)); \
    } while (0)

}  // namespace thimble
