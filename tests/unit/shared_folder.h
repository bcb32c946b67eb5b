// The folder of models and data that lies beside the checkout; tests that need it skip without it.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace thimble {

// THIMBLE_SHARED, or ../shared seen from the checkout; an empty path when there is none.
inline std::filesystem::path shared_folder()
{
    namespace fs = std::filesystem;
    if (const char* folder = std::getenv("THIMBLE_SHARED")) return folder;
    // Normal form: the path of an included header may hold "..".
    const fs::path unit = fs::path(__FILE__).lexically_normal().parent_path();
    const fs::path folder = unit.parent_path().parent_path().parent_path() / "shared";
    return fs::exists(folder) ? folder : fs::path();
}

}  // namespace thimble
