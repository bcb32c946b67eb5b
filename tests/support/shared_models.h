// The models and recordings that lie beside the checkout, and what index.json says about them.
#pragma once

#include "ir/graph.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace thimble {

struct SharedModel {
    std::string file;  // below models/: "tflite-micro/hello_world_int8.tflite"
    std::string sha256;
    std::set<std::string> ops;
    bool has_strings = false;
    bool has_recurrent = false;  // LSTM, RNN
    bool malformed = false;
    // Why the model is not expected to be accepted (recurrent, strings, vendor's custom
    // operators); empty: it is.
    std::string out_of_scope;

    std::filesystem::path path() const;
};

// models/ and data/ lie in it; empty when there is none.
std::filesystem::path shared_root();

// Every .tflite of index.json, in its order.
const std::vector<SharedModel>& shared_models();
// Throws std::runtime_error when there is none.
const SharedModel& shared_model(const std::string& file);
const SharedModel& shared_model_by_sha256(const std::string& sha256);

}  // namespace thimble
