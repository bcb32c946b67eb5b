// thimble: the only place where errors are caught and become text and exit codes.
#include "cli/command.h"

#include <cstdio>
#include <new>

namespace {

int report(const char* what, const char* expected, const char* remedy)
{
    std::fprintf(stderr, "error: thimble: %s\nexpected: %s\ntry: %s\n", what, expected, remedy);
    return static_cast<int>(thimble::Exit::internal);
}

}  // namespace

int main(int argc, char** argv)
{
    try {
        return static_cast<int>(thimble::run_command_line({argv + 1, argv + argc}));
    } catch (const thimble::Error& error) {
        std::fflush(stdout);
        std::fprintf(stderr, "%s\n", error.what());
        return static_cast<int>(error.exit());
    } catch (const std::bad_alloc&) {
        return report("out of memory", "enough memory for the model and its compiled form",
                      "a machine with more memory");
    } catch (const std::exception& error) {
        return report(error.what(), "this never happens; it is our bug",
                      "report it together with the command line and the model");
    }
}
