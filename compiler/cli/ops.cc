// ops: every operator with its formula and the TensorFlow Lite operators that become it.
#include "ops/op.h"

#include "cli/command.h"
#include "cli/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace thimble {

namespace {

using nlohmann::json;

Exit list_ops(bool as_json)
{
    json list = json::array();
    TextTable table({"operator", "from TensorFlow Lite", "computes"});
    for (const OpDef* op : all_ops()) {
        json sources = json::array();
        std::string names;
        for (const TfliteImport& import : op->tflite) {
            sources.push_back(import.source_op);
            names += (names.empty() ? "" : " ") + std::string(import.source_op);
        }
        table.row({std::string(op->name), names.empty() ? "(made by thimble)" : names,
                   std::string(op_formula(op->name))});
        list.push_back({{"op", op->name}, {"tflite", sources}, {"formula", op_formula(op->name)}});
    }
    if (as_json) {
        print_json({{"ops", list}});
        return Exit::ok;
    }
    say(table.text());
    say("Shapes: n batch, t time, h w c image, i input, o output, k reduction.\n");
    say_next("thimble inspect MODEL");
    return Exit::ok;
}

}  // namespace

extern const Command command_ops;
const Command command_ops = {
    .name = "ops",
    .summary = "List the operators that can be compiled",
    .examples = {"thimble ops", "thimble ops --json"},
    .declare = [](OptionReader&) -> Run { return list_ops; },
};

}  // namespace thimble
