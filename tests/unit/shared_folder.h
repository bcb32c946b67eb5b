// The folder of models and data that lies beside the checkout; tests that need it skip without it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace thimble {

// THIMBLE_SHARED, or ../shared seen from the checkout; an empty path when there is none. The
// checkout is found from where the test binary lies: source paths inside it may be relative
// (ccache).
inline std::filesystem::path shared_folder()
{
    namespace fs = std::filesystem;
    if (const char* folder = std::getenv("THIMBLE_SHARED")) return folder;
    std::error_code error;
    fs::path at = fs::read_symlink("/proc/self/exe", error);
    while (at.has_relative_path()) {
        at = at.parent_path();
        if (fs::exists(at / "shared" / "models", error)) return at / "shared";
    }
    return {};
}

}  // namespace thimble
