// Reader of the conformance vectors of the Signal operators: lines of decimal numbers.
#pragma once

#include "../shared_folder.h"

#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <flatbuffers/flexbuffers.h>

namespace thimble {

class SignalVectors {
public:
    explicit SignalVectors(const std::string& name)
        : file_(shared_folder() / "data/vectors_tflm_signal" / (name + ".txt"))
    {
    }

    static bool present()
    {
        return !shared_folder().empty() &&
               std::filesystem::exists(shared_folder() / "data/vectors_tflm_signal");
    }
    // The next line that holds anything; false at the end.
    bool next(std::string& line)
    {
        while (std::getline(file_, line))
            if (line.find_first_not_of(" \r\t") != std::string::npos) return true;
        return false;
    }
    template <typename T> bool next(std::vector<T>& values)
    {
        std::string line;
        values.clear();
        if (!next(line)) return false;
        for (const char* at = line.data(); at < line.data() + line.size();) {
            while (*at == ' ') ++at;
            T value{};
            const auto result = std::from_chars(at, line.data() + line.size(), value);
            if (result.ec != std::errc()) break;
            values.push_back(value);
            at = result.ptr;
        }
        return true;
    }

private:
    std::ifstream file_;
};

// Custom options: a FlexBuffers map of integers.
inline std::vector<uint8_t>
flex_options(const std::vector<std::pair<std::string, int64_t>>& entries)
{
    flexbuffers::Builder builder;
    builder.Map([&] {
        for (const auto& [key, value] : entries) builder.Int(key.c_str(), value);
    });
    builder.Finish();
    return builder.GetBuffer();
}

}  // namespace thimble
