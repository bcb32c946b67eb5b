// Names of the option fields of every operator, for text cases.
#include "op_case.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

namespace thimble {

namespace {

struct OptionNames {
    std::vector<std::string_view> ops;
    std::vector<FlatField> fields;
};

const std::vector<OptionNames>& option_names()
{
    using namespace tflite_field;
    static const std::vector<OptionNames> names = {
#include "option_names.def"
    };
    return names;
}

}  // namespace

FlatField option_field(const std::string& op, const std::string& name)
{
    std::string known;
    for (const OptionNames& entry : option_names()) {
        if (std::ranges::find(entry.ops, op) == entry.ops.end()) continue;
        for (const FlatField& field : entry.fields) {
            if (field.name == name) return field;
            known += " " + std::string(field.name);
        }
    }
    throw std::runtime_error(
        fmt::format("{} has no option '{}'; known:{}", op, name, known.empty() ? " none" : known));
}

}  // namespace thimble
