#include "cmsis_vector.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace thimble {

static std::string without_prefix(const std::string& name, const std::string& prefix)
{
    const bool begins = name.size() > prefix.size() &&
                        std::equal(prefix.begin(), prefix.end(), name.begin(), [](char a, char b) {
                            return std::tolower(a) == std::tolower(b);
                        });
    return begins && name[prefix.size()] == '_' ? name.substr(prefix.size() + 1) : name;
}

CmsisVector load_cmsis_vector(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    const nlohmann::json json = nlohmann::json::parse(stream);
    CmsisVector vector;
    vector.name = json.at("test");
    for (const auto& [key, value] : json.at("constants").items()) {
        const std::string name = without_prefix(key, vector.name);
        if (value.is_number()) {
            vector.constants[name] = value;
            continue;
        }
        const std::string word = value;
        char* end = nullptr;
        const double number = std::strtod(word.c_str(), &end);
        if (end != word.c_str() && (*end == 'f' || *end == 0)) vector.constants[name] = number;
        else vector.words[name] = word;
    }
    for (const auto& [key, value] : json.at("arrays").items()) {
        const std::string name = without_prefix(key, vector.name);
        vector.arrays[name] = value.at("values").get<std::vector<double>>();
        vector.types[name] = value.at("type");
    }
    return vector;
}

int64_t CmsisVector::number(std::initializer_list<const char*> names) const
{
    for (const char* one : names)
        if (has(one)) return static_cast<int64_t>(constants.at(one));
    ADD_FAILURE() << name << " has no constant " << *names.begin();
    return 1;
}

int64_t CmsisVector::number_or(const char* one, int64_t otherwise) const
{
    return has(one) ? number({one}) : otherwise;
}

const std::vector<double>& CmsisVector::array(std::initializer_list<const char*> names) const
{
    for (const char* one : names)
        if (has_array(one)) return arrays.at(one);
    ADD_FAILURE() << name << " has no array " << *names.begin();
    static const std::vector<double> none;
    return none;
}

CmsisVector CmsisVector::part(const std::string& constant_prefix,
                              const std::string& array_prefix) const
{
    CmsisVector result;
    result.name = constant_prefix;
    for (const auto& [key, value] : constants)
        if (key.starts_with(constant_prefix + "_"))
            result.constants[key.substr(constant_prefix.size() + 1)] = value;
    for (const auto& [key, value] : arrays)
        if (key.starts_with(array_prefix + "_"))
            result.arrays[key.substr(array_prefix.size() + 1)] = value;
    return result;
}

std::vector<int32_t> reduced(const std::vector<int32_t>& multipliers)
{
    std::vector<int32_t> result;
    for (const int32_t m : multipliers)
        result.push_back(m < 0x7FFF0000 ? (m + (1 << 15)) >> 16 : 0x7FFF);
    return result;
}

CmsisResult not_applicable(std::string reason)
{
    return {CmsisResult::State::not_applicable, std::move(reason)};
}

CmsisResult compare_floats(const std::vector<float>& found, const std::vector<float>& expected)
{
    if (found.size() != expected.size())
        return {CmsisResult::State::failed, std::to_string(found.size()) + " outputs instead of " +
                                                std::to_string(expected.size())};
    float largest = 0;
    for (const float value : expected) largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < found.size(); ++i)
        if (!(std::fabs(found[i] - expected[i]) <= 1e-5f + 1e-4f * largest))
            return {CmsisResult::State::failed, "output " + std::to_string(i) + " is " +
                                                    std::to_string(found[i]) + " instead of " +
                                                    std::to_string(expected[i])};
    return {};
}

}  // namespace thimble
