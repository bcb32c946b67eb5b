#include "base/error.h"

#include <cstdio>
#include <cstdlib>
#include <strings.h>

namespace thimble {

static const ErrorInfo kErrors[] = {
#define THIMBLE_ERROR(code, exit, title, text) {ErrorCode::code, #code, Exit::exit, title, text},
#include "base/errors.def"
#undef THIMBLE_ERROR
};

const ErrorInfo& error_info(ErrorCode code)
{
    return kErrors[static_cast<size_t>(code)];
}

const ErrorInfo* find_error_info(std::string_view name)
{
    for (const ErrorInfo& info : kErrors) {
        if (info.name.size() == name.size() &&
            strncasecmp(info.name.data(), name.data(), name.size()) == 0)
            return &info;
    }
    return nullptr;
}

Error::Error(ErrorCode code, ErrorText text) : code_(code), text_(std::move(text))
{
    compose();
}

void Error::add_context(std::string_view context)
{
    text_.place =
        text_.place.empty() ? std::string(context) : std::string(context) + ": " + text_.place;
    compose();
}

void Error::compose()
{
    message_ = "error[" + std::string(error_info(code_).name) + "]: ";
    if (!text_.place.empty()) message_ += text_.place + ": ";
    message_ += text_.found;
    if (!text_.expected.empty()) message_ += "\nexpected: " + text_.expected;
    if (!text_.remedy.empty()) message_ += "\ntry: " + text_.remedy;
}

void fail(ErrorCode code, ErrorText text)
{
    throw Error(code, std::move(text));
}

void report_bug(const char* file, int line, const char* condition, std::string_view why)
{
    std::fprintf(stderr, "thimble: internal error at %s:%d: %s (%.*s)\n", file, line, condition,
                 static_cast<int>(why.size()), why.data());
    std::fprintf(stderr, "expected: this never happens; it is a bug in thimble\n");
    std::fprintf(stderr, "try: report it together with the command line and the model\n");
    std::exit(static_cast<int>(Exit::internal));  // Not _Exit: a fuzzer then keeps the input.
}

}  // namespace thimble
