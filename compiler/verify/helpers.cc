#include "verify/helpers.h"

#include "base/error.h"
#include "base/process.h"

#include <cstdlib>
#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

std::optional<fs::path> find_helper(std::string_view name)
{
    std::error_code ignored;
    const fs::path program_dir = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    std::vector<fs::path> folders;
    if (const char* lib = std::getenv("THIMBLE_LIB"); lib && *lib) folders.emplace_back(lib);
    folders.push_back(program_dir);
    folders.push_back(program_dir / ".." / "lib" / "thimble");
    for (const fs::path& folder : folders) {
        const fs::path candidate = folder / name;
        if (fs::is_regular_file(candidate, ignored)) return fs::absolute(candidate);
    }
    return std::nullopt;
}

void require_program(const std::string& program, const std::string& purpose,
                     const std::string& packages)
{
    require(find_program(program).has_value(), ErrorCode::T0401,
            {purpose, fmt::format("the program {} is not installed", program),
             fmt::format("{} in PATH", program), fmt::format("apt-get install {}", packages)});
}

fs::path require_helper(std::string_view name, const std::string& purpose,
                        const std::string& packages)
{
    const std::optional<fs::path> helper = find_helper(name);
    require(
        helper.has_value(), ErrorCode::T0401,
        {purpose, fmt::format("thimble's helper {} was not found", name),
         fmt::format("{} beside thimble, in ../lib/thimble, or in the folder THIMBLE_LIB", name),
         fmt::format("apt-get install {}, then build thimble again", packages)});
    return *helper;
}

bool can_compile(const ResolvedTarget& target)
{
    return !target.family->compiler.empty() && find_program(target.family->compiler).has_value();
}

bool can_measure(const ResolvedTarget& target)
{
    const Target& family = *target.family;
    if (!can_compile(target) || *family.unit == '\0') return false;
    if (family.emulator == Emulator::simavr)
        return find_helper(family.emulator_program).has_value();
    return find_program(family.emulator_program).has_value() &&
           find_helper(kCountPlugin).has_value();
}

}  // namespace thimble
