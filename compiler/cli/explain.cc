// explain: what an error code means and what to do about it.
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

constexpr const char* kCodes[] = {
#define THIMBLE_ERROR(code, exit, title, text) #code,
#include "base/errors.def"
#undef THIMBLE_ERROR
};

Exit explain(const std::string& code, bool as_json)
{
    const ErrorInfo* info = find_error_info(code);
    if (!info) {
        const std::string close = nearest(code, {std::begin(kCodes), std::end(kCodes)});
        fail(ErrorCode::T0004,
             {"thimble explain", fmt::format("there is no error code '{}'", code),
              fmt::format("a code from {} to {}", *std::begin(kCodes), *std::rbegin(kCodes)),
              "thimble explain " + (close.empty() ? *std::begin(kCodes) : close)});
    }
    const int exit_code = static_cast<int>(info->exit);
    if (as_json) {
        print_json({{"code", info->name}, {"title", info->title}, {"text", info->text},
                    {"exit_code", exit_code}});
        return Exit::ok;
    }
    say(fmt::format("{}: {} (exit code {})\n\n{}\n", info->name, info->title, exit_code,
                    info->text));
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto code = std::make_shared<std::string>();
    reader.argument("CODE", *code, "the code of an error message, such as T0301");
    return [code](bool as_json) { return explain(*code, as_json); };
}

}  // namespace

extern const Command command_explain;
const Command command_explain = {
    .name = "explain",
    .summary = "Explain an error code",
    .examples = {"thimble explain T0301", "thimble explain T0201 --json"},
    .declare = declare,
};

}  // namespace thimble
