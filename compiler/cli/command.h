// A command of the tool, and how it declares its options.
//
// One file per command holds: the options struct, the work, the two presentations (aligned text for
// people, one JSON object with --json) and the record `const Command command_<name>`. The parser
// library is seen by parser.cc alone.
#pragma once

#include "base/error.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace thimble {

// What a command runs after its options have been read; `json` chooses the presentation. Returns
// the exit code of a run that ended without an Error.
using Run = std::function<Exit(bool json)>;

// Declares options. The variables keep their values as defaults and must outlive the parser.
class OptionReader {
public:
    explicit OptionReader(CLI::App& app) : app_(app) {}

    // An argument without a flag. `name` stands in the usage line and in errors: "MODEL".
    void argument(const std::string& name, std::string& value, const std::string& help,
                  bool required = true);
    // `flags`: "-o,--output". `value_name` stands in the help: "DIR".
    void text(const std::string& flags, const std::string& value_name, std::string& value,
              const std::string& help);
    void required_text(const std::string& flags, const std::string& value_name, std::string& value,
                       const std::string& help);
    // May be given several times, and with several values.
    void list(const std::string& flags, const std::string& value_name,
              std::vector<std::string>& values, const std::string& help);
    void flag(const std::string& flags, bool& value, const std::string& help);
    // An integer within [least, most]; throws T0004 otherwise.
    void whole(const std::string& flags, int64_t& value, int64_t least, int64_t most,
               const std::string& help);
    // One of `allowed`; throws T0004 with the nearest otherwise.
    void choice(const std::string& flags, std::string& value, std::vector<std::string> allowed,
                const std::string& help);

private:
    CLI::App& app_;
};

struct Command {
    const char* name;
    const char* summary;                // one line of `thimble --help`
    std::vector<const char*> examples;  // two command lines that work in a checkout, end of --help
    Run (*declare)(OptionReader& options);
};

const std::vector<const Command*>& all_commands();

// Reads the command line and runs the command. Throws T0001, T0004 and whatever the command throws.
Exit run_command_line(const std::vector<std::string>& arguments);

}  // namespace thimble
