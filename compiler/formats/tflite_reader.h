// What the parts of the TensorFlow Lite reader share; nobody else includes this.
#pragma once

#include "base/error.h"
#include "formats/tflite.h"

#include <cstdint>
#include <map>
#include <string>

namespace thimble::tflite_reader {

constexpr std::string_view kExportAgain = "export the model again, or fetch the file again";

// Identifiers of buffers outside of the file, with the name of the file that holds them.
using ExternalBuffers = std::map<uint32_t, std::string>;

[[noreturn]] void fail_malformed(std::string place, std::string found, std::string expected);

// Throws T0104 unless 0 <= index < count.
void require_index(int64_t index, size_t count, const std::string& place, std::string_view what);

// The `size` bytes from `offset`, counted from the begin of the file: how files above 2 GB store
// data behind the FlatBuffers part.
std::span<const uint8_t> file_extent(const TfliteModel& model, uint64_t offset, uint64_t size,
                                     const std::string& place);

// Reads and checks one tensor; `model.buffers` must have been read. `table` gets the tensor's name
// into its place.
TfliteTensor read_tensor(FlatTable& table, const TfliteModel& model,
                         const ExternalBuffers& external_buffers);

}  // namespace thimble::tflite_reader
