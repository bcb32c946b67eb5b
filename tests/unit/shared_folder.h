// The folder of models and data that lies beside the checkout; tests that need it skip without it.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace thimble {

// THIMBLE_SHARED, or ../shared seen from the checkout; an empty path when there is none.
inline std::filesystem::path shared_folder()
{
    if (const char* folder = std::getenv("THIMBLE_SHARED")) return folder;
    const std::filesystem::path checkout =
        std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    const std::filesystem::path folder = checkout.parent_path() / "shared";
    return std::filesystem::exists(folder) ? folder : std::filesystem::path();
}

}  // namespace thimble
