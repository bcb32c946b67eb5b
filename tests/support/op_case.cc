#include "op_case.h"

#include "base/text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <flatbuffers/flexbuffers.h>
#include <fmt/format.h>
#include <stdexcept>

namespace thimble {

namespace {

[[noreturn]] void fail_parse(const std::string& what) { throw std::runtime_error(what); }

double number(std::string_view text)
{
    if (text == "inf") return INFINITY;
    if (text == "-inf") return -INFINITY;
    if (text == "nan") return NAN;
    if (text == "true" || text == "false") return text == "true";
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        fail_parse(fmt::format("'{}' is not a number", text));
    return value;
}

std::vector<double> numbers(std::string_view list)
{
    std::vector<double> values;
    while (!list.empty()) {
        const size_t comma = list.find(',');
        values.push_back(number(list.substr(0, comma)));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return values;
}

template <typename T> std::vector<T> numbers_as(std::string_view list)
{
    const std::vector<double> values = numbers(list);
    std::vector<T> result;
    for (const double value : values) result.push_back(static_cast<T>(value));
    return result;
}

TfliteType type_named(std::string_view name)
{
    static constexpr std::pair<std::string_view, TfliteType> types[] = {
#define TFLITE_TYPE(number, name, enumerator, bits) {#name, TfliteType::enumerator},
#include "formats/tflite_types.def"
#undef TFLITE_TYPE
    };
    for (const auto& [upper, type] : types)
        if (lower_case(upper) == name) return type;
    fail_parse(fmt::format("'{}' is not an element type", name));
}

std::vector<int64_t> shape_from(std::string_view text)
{
    if (text.size() < 2 || text.front() != '[' || text.back() != ']')
        fail_parse(fmt::format("'{}' is not a shape such as [1,3]", text));
    return numbers_as<int64_t>(text.substr(1, text.size() - 2));
}

struct Range {
    double least, most;
};

Range whole_range(TfliteType type)
{
    switch (type) {
    case TfliteType::int4: return {-8, 7};
    case TfliteType::int8: return {-128, 127};
    case TfliteType::uint8: return {0, 255};
    case TfliteType::int16: return {-32768, 32767};
    case TfliteType::uint16: return {0, 65535};
    case TfliteType::boolean: return {0, 1};
    case TfliteType::uint32:
    case TfliteType::uint64: return {0, 1000};
    case TfliteType::int32:
    case TfliteType::int64: return {-1000, 1000};
    default: return {-1, 1};
    }
}

// "flex:shift=12": whole numbers, decimals, true/false, or comma-separated whole numbers.
void add_flex_entry(flexbuffers::Builder& builder, const std::string& key, const std::string& value)
{
    if (value == "true" || value == "false") {
        builder.Bool(key.c_str(), value == "true");
    } else if (value.find(',') != std::string::npos) {
        builder.Vector(key.c_str(), [&] {
            for (const int64_t v : numbers_as<int64_t>(value)) builder.Int(v);
        });
    } else if (value.find_first_not_of("+-.0123456789e") != std::string::npos) {
        builder.String(key.c_str(), value);
    } else if (value.find_first_of(".e") != std::string::npos) {
        builder.Float(key.c_str(), static_cast<float>(number(value)));
    } else {
        builder.Int(key.c_str(), static_cast<int64_t>(number(value)));
    }
}

TfliteOption option_from(const std::string& op, const std::string& name, const std::string& typed)
{
    const size_t colon = typed.find(':');
    if (colon == std::string::npos)
        fail_parse(fmt::format("option '{}={}' lacks its type, such as i32:", name, typed));
    const std::string type = typed.substr(0, colon);
    const std::string value = typed.substr(colon + 1);
    TfliteOption option{option_field(op, name), false};
    if (type == "i8")
        option.value = static_cast<int8_t>(number(value));
    else if (type == "i32")
        option.value = static_cast<int32_t>(number(value));
    else if (type == "i64")
        option.value = static_cast<int64_t>(number(value));
    else if (type == "f32")
        option.value = static_cast<float>(number(value));
    else if (type == "bool")
        option.value = number(value) != 0;
    else if (type == "str")
        option.value = value;
    else if (type == "ints")
        option.value = numbers_as<int32_t>(value);
    else if (type == "floats")
        option.value = numbers_as<float>(value);
    else
        fail_parse(fmt::format("'{}:' is none of i8 i32 i64 f32 bool str ints floats", type));
    return option;
}

void read_op(const std::vector<std::string>& words, OpCase& one)
{
    if (words.size() < 2) fail_parse("`op` lacks the operator's name");
    one.op = words[1];
    flexbuffers::Builder builder;
    const size_t map = builder.StartMap();
    bool has_map = false;
    for (size_t i = 2; i < words.size(); ++i) {
        const size_t equal = words[i].find('=');
        if (equal == std::string::npos)
            fail_parse(fmt::format("'{}' is not NAME=TYPE:VALUE", words[i]));
        std::string name = words[i].substr(0, equal);
        const std::string value = words[i].substr(equal + 1);
        if (name.starts_with("flex:")) {
            add_flex_entry(builder, name.substr(5), value);
            has_map = true;
        } else {
            one.options.push_back(option_from(one.op, name, value));
        }
    }
    builder.EndMap(map);
    builder.Finish();
    if (has_map) one.custom_options = builder.GetBuffer();
}

// Reads what follows the shape: scale=, zero=, axis=, random, = values.
void read_attributes(const std::vector<std::string>& words, OpCaseTensor& tensor)
{
    for (size_t i = 4; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word.starts_with("scale=")) {
            tensor.scales = numbers_as<float>(word.substr(6));
        } else if (word.starts_with("zero=")) {
            tensor.zero_points = numbers_as<int64_t>(word.substr(5));
        } else if (word.starts_with("axis=")) {
            tensor.axis = static_cast<int>(number(word.substr(5)));
        } else if (word == "random") {
            tensor.random = true;
            if (i + 2 < words.size()) {
                tensor.least = number(words[i + 1]);
                tensor.most = number(words[i + 2]);
                i += 2;
            }
        } else if (word == "=") {
            for (++i; i < words.size(); ++i) tensor.values.push_back(number(words[i]));
        } else {
            fail_parse(fmt::format("'{}' is none of scale= zero= axis= random =", word));
        }
    }
}

OpCaseTensor tensor_from(OpCaseRole role, const std::vector<std::string>& words)
{
    if (words.size() < 4) fail_parse("a tensor needs a name, a type and a shape");
    OpCaseTensor tensor;
    tensor.role = role;
    tensor.name = words[1];
    tensor.type = type_named(words[2]);
    tensor.shape = shape_from(words[3]);
    const Range range = whole_range(tensor.type);
    tensor.least = range.least;
    tensor.most = range.most;
    read_attributes(words, tensor);
    if (!tensor.scales.empty())
        tensor.zero_points.resize(tensor.scales.size(),
                                  tensor.zero_points.empty() ? 0 : tensor.zero_points[0]);
    int64_t count = 1;
    for (const int64_t dimension : tensor.shape) count *= dimension;
    const bool wants_values = role == OpCaseRole::input || role == OpCaseRole::constant;
    if (wants_values && !tensor.random && static_cast<int64_t>(tensor.values.size()) != count)
        fail_parse(fmt::format("'{}' has {} values for {} elements", tensor.name,
                               tensor.values.size(), count));
    if (!wants_values && !tensor.values.empty() &&
        static_cast<int64_t>(tensor.values.size()) != count)
        fail_parse(fmt::format("'{}' has {} values for {} elements", tensor.name,
                               tensor.values.size(), count));
    return tensor;
}

void read_line(const std::vector<std::string>& words, const std::string& line, OpCase& one)
{
    const std::string& key = words[0];
    const auto argument = [&](size_t i) { return i < words.size() ? words[i] : std::string(); };
    if (key == "op") return read_op(words, one);
    if (key == "absent") return one.tensors.push_back({.role = OpCaseRole::absent});
    if (key == "in") return one.tensors.push_back(tensor_from(OpCaseRole::input, words));
    if (key == "const") return one.tensors.push_back(tensor_from(OpCaseRole::constant, words));
    if (key == "state") return one.tensors.push_back(tensor_from(OpCaseRole::state, words));
    if (key == "out") return one.tensors.push_back(tensor_from(OpCaseRole::output, words));
    if (key == "tolerance") {
        one.tolerance = number(argument(1));
    } else if (key == "repeat") {
        one.repeat = static_cast<int>(number(argument(1)));
        if (words.size() > 3 && words[2] == "seed")
            one.seed = static_cast<uint64_t>(number(words[3]));
    } else if (key == "match") {
        if (argument(1) != "tflm" && argument(1) != "tflite")
            fail_parse("`match` is tflm or tflite");
        one.match = argument(1) == "tflite" ? Match::tflite : Match::tflm;
    } else if (key == "refused") {
        one.refused = line.substr(line.find("refused") + 8);
    } else {
        fail_parse(fmt::format(
            "'{}' is none of op in const state absent out tolerance repeat match refused", key));
    }
}

}  // namespace

std::vector<OpCase> parse_op_cases(std::string_view text, const std::string& file_name)
{
    std::vector<OpCase> cases;
    bool inside = false;
    int number_of_line = 0;
    for (std::string line : split_lines(text)) {
        ++number_of_line;
        if (const size_t mark = line.find('#'); mark != std::string::npos) line.resize(mark);
        const std::vector<std::string> words = split_words(line);
        try {
            if (words.empty()) {
                inside = false;
            } else if (words[0] == "case") {
                if (words.size() != 2) fail_parse("`case` takes one name");
                inside = true;
                cases.push_back({.name = words[1], .line = number_of_line});
            } else {
                if (!inside) fail_parse("a case begins with `case NAME`");
                read_line(words, line, cases.back());
            }
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(
                fmt::format("{}:{}: {}", file_name, number_of_line, error.what()));
        }
    }
    return cases;
}

}  // namespace thimble
