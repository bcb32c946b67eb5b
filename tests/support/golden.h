// Recordings of the reference runtimes against the oracle and the generated C.
//
// Each function checks one recording and returns one line for people: what was compared. It throws
// GoldenMismatch with the first difference; Error when the model is refused.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

namespace thimble {

struct GoldenMismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Every operator's output by its CRC32, for four inputs: data/golden_layers.
std::string check_layer_recording(const std::filesystem::path& json_file);

// Inputs and outputs of runs in order with kept state: data/golden_tflm.
std::string check_run_recording(const std::filesystem::path& json_file);

// A one-operator int16 model with csv files beside it: models/seanet.
std::string check_csv_recording(const std::filesystem::path& model_file);

// person_detect on the raw 96x96 picture: the winner's class must be the one of the file name.
std::string check_person_picture(const std::filesystem::path& bmp_file);

}  // namespace thimble
