// One conformance vector of CMSIS-NN: named constants and arrays, as the shared folder holds them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace thimble {

struct CmsisVector {
    std::string name;
    std::map<std::string, double> constants;            // without the vector's name in front
    std::map<std::string, std::string> words;           // constants that are no numbers
    std::map<std::string, std::vector<double>> arrays;  // without the vector's name in front
    std::map<std::string, std::string> types;           // "int8_t", by array

    bool has(const std::string& constant) const { return constants.count(constant) > 0; }
    bool has_array(const std::string& array) const { return arrays.count(array) > 0; }
    // The first of several spellings that exists; ends the test run when none does.
    int64_t number(std::initializer_list<const char*> names) const;
    int64_t number_or(const char* name, int64_t otherwise) const;
    double real(const char* name) const { return constants.at(name); }
    template <typename T> std::vector<T> values(std::initializer_list<const char*> names) const
    {
        const std::vector<double>& found = array(names);
        return {found.begin(), found.end()};
    }
    // Empty when none of them exists.
    template <typename T>
    std::vector<T> values_or_empty(std::initializer_list<const char*> names) const
    {
        for (const char* one : names)
            if (has_array(one)) return values<T>({one});
        return {};
    }
    // The constants and arrays that begin with these prefixes, as a vector of their own.
    CmsisVector part(const std::string& constant_prefix, const std::string& array_prefix) const;

private:
    const std::vector<double>& array(std::initializer_list<const char*> names) const;
};

CmsisVector load_cmsis_vector(const std::filesystem::path& file);

// How one vector went: `reason` is empty when it passed, else what differs or why it cannot run.
struct CmsisResult {
    enum class State { passed, failed, not_applicable };
    State state = State::passed;
    std::string reason;
};

// The 15-bit multipliers of 64-bit accumulators, from the vector's 31-bit ones.
std::vector<int32_t> reduced(const std::vector<int32_t>& multipliers);

CmsisResult not_applicable(std::string reason);
// Exact for integers.
template <typename T>
CmsisResult compare_exactly(const std::vector<T>& found, const std::vector<T>& expected);
CmsisResult compare_floats(const std::vector<float>& found, const std::vector<float>& expected);

// The kernels under test, by family; each calls the device kernel with the vector's own constants.
CmsisResult run_cmsis_conv(const CmsisVector& vector);
CmsisResult run_cmsis_depthwise(const CmsisVector& vector);
CmsisResult run_cmsis_transpose_conv(const CmsisVector& vector);
CmsisResult run_cmsis_dense(const CmsisVector& vector);
CmsisResult run_cmsis_pool(const CmsisVector& vector);
CmsisResult run_cmsis_batch_matmul(const CmsisVector& vector);
CmsisResult run_cmsis_add(const CmsisVector& vector);
CmsisResult run_cmsis_mul(const CmsisVector& vector);
CmsisResult run_cmsis_softmax(const CmsisVector& vector);
CmsisResult run_cmsis_svdf(const CmsisVector& vector);
CmsisResult run_cmsis_lstm(const CmsisVector& vector);
// A whole keyword network, layer after layer.
CmsisResult run_cmsis_network(const CmsisVector& vector);

// Layers of the network, from int8 to int8.
std::vector<int8_t> cmsis_conv_s8(const CmsisVector& vector, const std::vector<int8_t>& in);
std::vector<int8_t> cmsis_depthwise_s8(const CmsisVector& vector, const std::vector<int8_t>& in);
std::vector<int8_t> cmsis_dense_s8(const CmsisVector& vector, const std::vector<int8_t>& in);
std::vector<int8_t> cmsis_mean_s8(const CmsisVector& vector, const std::vector<int8_t>& in);
std::vector<int8_t> cmsis_softmax_s8(const CmsisVector& vector, const std::vector<int8_t>& in);

template <typename T>
CmsisResult compare_exactly(const std::vector<T>& found, const std::vector<T>& expected)
{
    if (found.size() != expected.size())
        return {CmsisResult::State::failed, std::to_string(found.size()) + " outputs instead of " +
                                                std::to_string(expected.size())};
    for (size_t i = 0; i < found.size(); ++i)
        if (found[i] != expected[i])
            return {CmsisResult::State::failed, "output " + std::to_string(i) + " is " +
                                                    std::to_string(found[i]) + " instead of " +
                                                    std::to_string(expected[i])};
    return {};
}

}  // namespace thimble
