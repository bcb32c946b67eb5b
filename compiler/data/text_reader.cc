// Texts, one on each line: .txt and .tsv of text projects.
//
// With `labels = "column:1"` the label stands before the line's first tab, with "column:2" behind
// its last; whatever is left is the text, tabs included. `targets` says the same of the text that
// it shall be turned into. A blank line is no text.
#include "base/error.h"
#include "base/text.h"
#include "data/readers.h"

#include <fmt/format.h>

namespace thimble {

void read_text_lines(const SourceFile& file, std::string_view all, Dataset& dataset)
{
    const DataOptions& options = file.options;
    const bool answered = !options.targets.empty();
    const bool labelled = options.labels == LabelSource::column && !answered;
    const std::string column =
        answered ? options.targets[0] : labelled ? options.label_column : "1";
    const bool first = column == "1";
    require(first || column == "2", ErrorCode::T0105,
            {file.name, fmt::format("lines of text, whose {} stands in column '{}'",
                                    answered ? "answer" : "label", column),
             answered ? "targets = \"2\" (text, tab, answer) or \"1\" (answer, tab, text)"
                      : "column:1 (LABEL, tab, text) or column:2 (text, tab, LABEL)",
             answered ? "targets = \"2\"" : "labels = \"column:1\""});
    if (all.starts_with("\xEF\xBB\xBF")) all.remove_prefix(3);
    int64_t number = 0;
    for (std::string& line : split_lines(all)) {
        ++number;
        if (line.ends_with('\r')) line.pop_back();
        if (split_words(line).empty()) continue;
        Recording recording{.type = DType::u8, .label = file.label, .file = file.name,
                            .first = number, .has_lines = true};
        std::string text = line;
        if (labelled || answered) {
            const size_t tab = first ? line.find('\t') : line.rfind('\t');
            const char* const beside = answered ? "answer" : "LABEL";
            require(tab != std::string::npos, ErrorCode::T0105,
                    {recording.place(), "a line without a tab",
                     first ? fmt::format("{}, tab, text", beside)
                           : fmt::format("text, tab, {}", beside),
                     answered ? "put the answer on each line"
                              : "put the label on each line, or take it from the file's name: "
                                "labels = \"file\""});
            const std::string other = first ? line.substr(0, tab) : line.substr(tab + 1);
            (answered ? recording.answer : recording.label) = other;
            text = first ? line.substr(tab + 1) : line.substr(0, tab);
            if (labelled) require_label(recording.label, recording.place());
        }
        recording.bytes.assign(text.begin(), text.end());
        recording.shape = {static_cast<int64_t>(text.size())};
        dataset.recordings.push_back(std::move(recording));
    }
}

}  // namespace thimble
