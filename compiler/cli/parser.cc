// The command line, read with CLI11; its complaints become our three-line errors.
#include "base/text.h"
#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

namespace thimble {

namespace {

// A shell may write out a pattern of all recordings that somebody has.
constexpr int kListMost = 1 << 20;

// "-o,--output" -> "--output", for errors.
std::string long_flag(const std::string& flags)
{
    const size_t comma = flags.rfind(',');
    return comma == std::string::npos ? flags : flags.substr(comma + 1);
}

int64_t read_whole(const std::string& flag, const std::string& text, int64_t least, int64_t most)
{
    const std::string expected = most == INT64_MAX ? fmt::format("an integer from {}", least)
                                                   : fmt::format("{} to {}", least, most);
    int64_t value = 0;
    size_t used = 0;
    try {
        value = std::stoll(text, &used, 0);
    } catch (const std::exception&) {
        used = 0;
    }
    require(used == text.size() && used > 0 && value >= least && value <= most, ErrorCode::T0004,
            {flag, fmt::format("'{}'", text), expected, fmt::format("{} {}", flag, least)});
    return value;
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::vector<std::string> flag_names(const CLI::App& app)
{
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    return names;
}

[[noreturn]] void fail_unknown_command(const std::string& name)
{
    std::vector<std::string> names;
    for (const Command* command : all_commands()) names.emplace_back(command->name);
    const std::string close = nearest(name, names);
    fail(ErrorCode::T0001, {"thimble " + name, "there is no such command",
                            "one of " + joined(names),
                            close.empty() ? "thimble --help" : "thimble " + close});
}

[[noreturn]] void fail_surplus(const CLI::App& app, const std::string& argument)
{
    const std::string place = "thimble " + app.get_name();
    const std::string help = place + " --help";
    if (argument.rfind('-', 0) != 0)
        fail(ErrorCode::T0001, {place, fmt::format("one argument too many, '{}'", argument),
                                "the arguments that its help lists", help});
    const std::string name = argument.substr(0, argument.find('='));
    const std::string close = nearest(name, flag_names(app));
    fail(ErrorCode::T0001, {place, fmt::format("there is no option {}", name),
                            "an option that its help lists",
                            close.empty() ? help : fmt::format("{} {}", place, close)});
}

std::string footer(const Command& command)
{
    std::string text = "\nExamples:";
    for (const char* example : command.examples) text += fmt::format("\n  {}", example);
    return text;
}

struct Parser {
    CLI::App app{"thimble compiles a trained network into plain C for microcontrollers and proves "
                 "the C on emulated chips.", "thimble"};
    bool json = false;
    std::vector<std::pair<CLI::App*, Run>> runs;

    Parser()
    {
        app.set_version_flag("--version", std::string("thimble ") + THIMBLE_VERSION);
        app.footer("\nExamples:\n  thimble inspect examples/gesture/gesture.tflite\n"
                   "  thimble verify examples/gesture/gesture.tflite --target uno");
        for (const Command* command : all_commands()) {
            CLI::App* sub = app.add_subcommand(command->name, command->summary);
            sub->allow_extras();
            sub->footer(footer(*command));
            OptionReader options(*sub);
            runs.emplace_back(sub, command->declare(options));
            sub->add_flag("--json", json, "print one JSON object on stdout and nothing else there");
        }
    }
};

[[noreturn]] void fail_parse(const Parser& parser, const CLI::ParseError& error)
{
    std::string place = "thimble";
    for (const auto& [sub, run] : parser.runs)
        if (sub->parsed() || sub->count() > 0) place = "thimble " + sub->get_name();
    const bool missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    fail(missing ? ErrorCode::T0001 : ErrorCode::T0004,
         {place, error.what(), "options and arguments as its help lists them", place + " --help"});
}

}  // namespace

void OptionReader::argument(const std::string& name, std::string& value, const std::string& help,
                            bool required)
{
    app_.add_option(name, value, help)->required(required)->type_name(" ");
}

void OptionReader::text(const std::string& flags, const std::string& value_name, std::string& value,
                        const std::string& help)
{
    app_.add_option(flags, value, help)->type_name(value_name);
}

void OptionReader::required_text(const std::string& flags, const std::string& value_name,
                                 std::string& value, const std::string& help)
{
    app_.add_option(flags, value, help)->type_name(value_name)->required();
}

void OptionReader::list(const std::string& flags, const std::string& value_name,
                        std::vector<std::string>& values, const std::string& help)
{
    app_.add_option(flags, values, help)->type_name(value_name)->expected(1, kListMost);
}

void OptionReader::flag(const std::string& flags, bool& value, const std::string& help)
{
    app_.add_flag(flags, value, help);
}

void OptionReader::whole(const std::string& flags, int64_t& value, int64_t least, int64_t most,
                         const std::string& help)
{
    const std::string flag = long_flag(flags);
    const auto read = [&value, flag, least, most](const std::string& text) {
        value = read_whole(flag, text, least, most);
    };
    app_.add_option_function<std::string>(flags, read, fmt::format("{} (default {})", help, value))
        ->type_name("N");
}

void OptionReader::choice(const std::string& flags, std::string& value,
                          std::vector<std::string> allowed, const std::string& help)
{
    std::string names;
    for (const std::string& name : allowed) names += (names.empty() ? "" : "|") + name;
    const std::string flag = long_flag(flags);
    const std::string fallback = value.empty() ? "" : fmt::format(" (default {})", value);
    const auto read = [&value, flag, allowed](const std::string& text) {
        const std::string close = nearest(text, allowed);
        const bool known = std::find(allowed.begin(), allowed.end(), text) != allowed.end();
        require(known, ErrorCode::T0004,
                {flag, fmt::format("'{}'", text), "one of " + joined(allowed),
                 fmt::format("{} {}", flag, close.empty() ? allowed[0] : close)});
        value = text;
    };
    app_.add_option_function<std::string>(flags, read, help + fallback)->type_name(names);
}

const std::vector<const Command*>& all_commands()
{
#define COMMAND(name) extern const Command command_##name;
#include "cli/commands.def"
#undef COMMAND
    static const std::vector<const Command*> commands = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
    };
    return commands;
}

Exit run_command_line(const std::vector<std::string>& arguments)
{
    Parser parser;
    require(
        !arguments.empty(), ErrorCode::T0001,
        {"thimble", "no command was given", "a command and what it works on", "thimble --help"});
    const auto is_command = [&](const Command* command) { return arguments[0] == command->name; };
    const auto& commands = all_commands();
    if (arguments[0].rfind('-', 0) != 0 &&
        std::none_of(commands.begin(), commands.end(), is_command))
        fail_unknown_command(arguments[0]);
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        parser.app.parse(reversed);
    } catch (const CLI::Success& request) {  // --help and --version
        parser.app.exit(request);
        return Exit::ok;
    } catch (const CLI::ParseError& error) {
        for (const auto& [sub, run] : parser.runs)
            for (const std::string& extra : sub->remaining())
                if (extra.rfind('-', 0) == 0) fail_surplus(*sub, extra);
        fail_parse(parser, error);
    }
    for (const auto& [sub, run] : parser.runs) {
        if (!sub->parsed()) continue;
        const std::vector<std::string> surplus = sub->remaining();
        if (!surplus.empty()) fail_surplus(*sub, surplus[0]);
        return run(parser.json);
    }
    fail(ErrorCode::T0001, {"thimble", "no command was given", "a command and what it works on",
                            "thimble --help"});
}

}  // namespace thimble
