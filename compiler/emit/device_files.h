// The files under device/, carried inside the tool as text (see tools/embed_files.cmake).
#pragma once

#include <cstddef>
#include <string_view>

namespace thimble {

struct DeviceFile {
    std::string_view path;  // relative to device/, for example "kernels/dense.h"
    std::string_view text;
};

extern const DeviceFile kDeviceFiles[];
extern const size_t kDeviceFileCount;

// Text of a device file; a bug report when there is none of that name.
std::string_view device_file(std::string_view path);

}  // namespace thimble
