#include "cli/data_table.h"

#include "cli/output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace thimble {

using nlohmann::json;

namespace {

LabelSummary sum_of(const std::vector<LabelSummary>& labels)
{
    LabelSummary sum{.label = "all"};
    for (const LabelSummary& one : labels) {
        sum.shortest = sum.recordings == 0 ? one.shortest : std::min(sum.shortest, one.shortest);
        sum.longest = std::max(sum.longest, one.longest);
        sum.recordings += one.recordings;
        sum.rows += one.rows;
        sum.train += one.train;
        sum.validation += one.validation;
        sum.test += one.test;
        sum.left_over += one.left_over;
    }
    return sum;
}

}  // namespace

std::string data_table_text(const Dataset& dataset)
{
    const std::vector<LabelSummary> labels = summarize(dataset);
    TextTable table({"label", ">recordings", ">samples", ">each", ">train", ">validation", ">test",
                     ">left out"});
    std::vector<LabelSummary> rows = labels;
    if (rows.size() > 1) rows.push_back(sum_of(labels));
    for (const LabelSummary& one : rows) {
        const std::string each = one.shortest == one.longest
                                     ? grouped(one.shortest)
                                     : grouped(one.shortest) + ".." + grouped(one.longest);
        table.row({one.label.empty() ? "(none)" : one.label, grouped(one.recordings),
                   grouped(one.rows), each, grouped(one.train),
                   one.validation == 0 ? "-" : grouped(one.validation), grouped(one.test),
                   one.left_over == 0 ? "-" : grouped(one.left_over)});
    }
    std::string text = table.text();
    text += dataset.files == 0
                ? "generated"
                : fmt::format("from {} file{}", dataset.files, dataset.files == 1 ? "" : "s");
    if (!dataset.channels.empty())
        text += fmt::format(", columns {}", fmt::join(dataset.channels, ", "));
    text += "\n";
    for (const std::string& note : dataset.notes) text += "note: " + note + "\n";
    return text;
}

json data_table_json(const Dataset& dataset)
{
    const std::vector<LabelSummary> labels = summarize(dataset);
    const LabelSummary sum = sum_of(labels);
    json object = {{"files", dataset.files},
                   {"channels", dataset.channels},
                   {"recordings", sum.recordings},
                   {"rows", sum.rows},
                   {"train", sum.train},
                   {"validation", sum.validation},
                   {"test", sum.test},
                   {"left_out_rows", sum.left_over},
                   {"notes", dataset.notes},
                   {"labels", json::array()}};
    for (const LabelSummary& one : labels)
        object["labels"].push_back({{"label", one.label},
                                    {"recordings", one.recordings},
                                    {"rows", one.rows},
                                    {"shortest", one.shortest},
                                    {"longest", one.longest},
                                    {"train", one.train},
                                    {"validation", one.validation},
                                    {"test", one.test},
                                    {"left_out_rows", one.left_over}});
    return object;
}

}  // namespace thimble
