#include "emit/device_files.h"

#include "base/error.h"

namespace thimble {

std::string_view device_file(std::string_view path)
{
    for (size_t i = 0; i < kDeviceFileCount; ++i) {
        if (kDeviceFiles[i].path == path) return kDeviceFiles[i].text;
    }
    THIMBLE_CHECK(false, path);
    return {};
}

}  // namespace thimble
