// C functions that the self-tests of models and of pipelines share.
#pragma once

#include <string>

namespace thimble {

std::string self_test_crc();    // uint32_t self_test_crc(uint32_t crc, const void*, size_t)
std::string self_test_close();  // int self_test_close(const float*, const float*, size_t, float)

}  // namespace thimble
