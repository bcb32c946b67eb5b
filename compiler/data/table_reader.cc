// Tables of text: .csv, and .tsv and .txt of everything but texts.
//
// A recording ends at a blank line, a repeated header, a new value in the column `group` or in the
// column of labels, and after `samples` rows. The first line that is not blank is a header when
// none of its cells is a number; columns of a table without one are called "1", "2", ...
#include "base/error.h"
#include "base/text.h"
#include "data/edits.h"
#include "data/readers.h"
#include "formats/csv.h"
#include "formats/printable.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace thimble {

namespace {

constexpr size_t kColumnsShown = 12;

class TableReader {
public:
    TableReader(const SourceFile& file, Dataset& dataset)
        : file_(file), options_(file.options), dataset_(dataset)
    {
    }

    void read(std::string_view text)
    {
        CsvReader reader(text, file_.name, options_.delimiter);
        decimal_comma_ = reader.delimiter() == ';';
        CsvRow row;
        while (reader.next(row)) {
            if (row.blank())
                finish();
            else if (names_.empty())
                read_first_row(row);
            else if (has_header_ && row.cells == names_)
                finish();
            else
                read_row(row);
        }
        finish();
        require(!names_.empty(), ErrorCode::T0105,
                {file_.name, "holds no row", "rows of cells", "remove the file"});
    }

private:
    bool is_text() const { return options_.kind == DataKind::text; }

    std::string place(int line) const { return fmt::format("{}:{}", file_.name, line); }

    std::string names_text() const
    {
        std::vector<std::string> shown(names_.begin(),
                                       names_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                            names_.size(), kColumnsShown)));
        for (std::string& name : shown) name = printable(name);
        return fmt::format("one of: {}{}", fmt::join(shown, ", "),
                           names_.size() > kColumnsShown ? ", ..." : "");
    }

    // `edit`: what the user may type, with the name of a column.
    template <typename Edit>
    size_t column(const std::string& name, const Edit& edit, int line) const
    {
        const auto it = std::ranges::find(names_, name);
        if (it != names_.end()) return static_cast<size_t>(it - names_.begin());
        const std::string like = nearest(name, names_);
        std::string remedy =
            project_edit(options_, "correct the name, or leave the file out of `files`");
        if (!has_header_)
            remedy = "the file has no header: its columns are called \"1\", \"2\", ...";
        else if (!like.empty())
            remedy = edit(printable(like));
        fail(ErrorCode::T0105, {place(line), fmt::format("has no column '{}'", printable(name)),
                                names_text(), remedy});
    }

    void read_first_row(const CsvRow& row)
    {
        const auto is_number = [&](const std::string& cell) {
            return csv_number(cell, decimal_comma_).has_value();
        };
        has_header_ = options_.header == Header::present ||
                      (options_.header == Header::automatic &&
                       std::ranges::none_of(row.cells, is_number));
        // A table of texts looks like a header; without a column's name it has none.
        if (is_text() && options_.header == Header::automatic)
            has_header_ = std::ranges::find(row.cells, options_.label_column) != row.cells.end() ||
                          (!options_.columns.empty() &&
                           std::ranges::find(row.cells, options_.columns[0]) != row.cells.end()) ||
                          (!options_.targets.empty() &&
                           std::ranges::find(row.cells, options_.targets[0]) != row.cells.end());
        for (size_t i = 0; i < row.cells.size(); ++i)
            names_.push_back(has_header_ ? row.cells[i] : std::to_string(i + 1));
        choose_columns(row.line);
        if (!has_header_) read_row(row);
    }

    void choose_columns(int line)
    {
        if (options_.labels == LabelSource::column)
            label_ = column(
                options_.label_column,
                [&](const std::string& like) { return labels_edit(options_, "column:" + like); },
                line);
        const auto key = [](const char* form) {
            return
                [form](const std::string& like) { return fmt::format(fmt::runtime(form), like); };
        };
        if (!options_.group.empty()) group_ = column(options_.group, key(R"(group = "{}")"), line);
        for (const std::string& name : options_.targets)
            targets_.push_back(column(name, key(R"(targets = [..., "{}"])"), line));
        const bool named = !options_.columns.empty();
        const std::vector<std::string>& wanted =
            named ? options_.columns
                  : has_header_ && !is_text() ? options_.channels : std::vector<std::string>();
        const auto edit = key(named ? R"(columns = [..., "{}"])" : R"(channels = [..., "{}"])");
        for (const std::string& name : wanted) taken_.push_back(column(name, edit, line));
        for (size_t i = 0; wanted.empty() && i < names_.size(); ++i)
            if (i != label_ && i != group_ && !std::ranges::count(targets_, i))
                taken_.push_back(i);
        const size_t count = is_text() ? 1 : options_.channels.size();
        require(!taken_.empty() && (count == 0 || taken_.size() == count), ErrorCode::T0105,
                {place(line),
                 fmt::format("{} column{} of values", taken_.size(), taken_.size() == 1 ? "" : "s"),
                 count == 0 ? "at least one"
                            : fmt::format("{}: one for each channel of the input", count),
                 project_edit(options_, "columns = [...]: name the columns to take, in order")});
        std::vector<std::string> channels;
        for (const size_t i : taken_) channels.push_back(names_[i]);
        if (dataset_.channels.empty()) dataset_.channels = channels;
        require(dataset_.channels.size() == channels.size(), ErrorCode::T0105,
                {place(line), fmt::format("{} columns of values", channels.size()),
                 fmt::format("{}, as the files before", dataset_.channels.size()),
                 project_edit(options_, "columns = [...]: name the columns to take")});
    }

    void read_row(const CsvRow& row)
    {
        const size_t width = names_.size();
        const bool trailing = row.cells.size() == width + 1 && row.cells.back().empty();
        require(row.cells.size() == width || trailing, ErrorCode::T0105,
                {place(row.line), fmt::format("{} cells", row.cells.size()),
                 fmt::format("{}, as in the {}", width, has_header_ ? "header" : "first row"),
                 "complete the row; a blank line ends a recording"});
        if (label_ < width && row.cells[label_] != value_of_label_) {
            finish();
            value_of_label_ = row.cells[label_];
            require_label(value_of_label_,
                          place(row.line) + fmt::format(": column '{}'", names_[label_]));
        }
        if (group_ < width && row.cells[group_] != value_of_group_) {
            finish();
            value_of_group_ = row.cells[group_];
        }
        if (is_text()) return add_text(row);
        if (values_.empty()) first_line_ = row.line;
        for (const size_t i : taken_) values_.push_back(number(row, i));
        goal_.clear();
        for (const size_t i : targets_) goal_.push_back(static_cast<float>(number(row, i)));
        if (options_.samples > 0 && rows() == options_.samples) finish();
    }

    double number(const CsvRow& row, size_t index) const
    {
        const std::optional<double> value = csv_number(row.cells[index], decimal_comma_);
        if (value) return *value;
        std::vector<std::string> numbers;
        for (size_t i = 0; i < names_.size(); ++i)
            if (csv_number(row.cells[i], decimal_comma_)) numbers.push_back(names_[i]);
        const std::string& cell = row.cells[index];
        const std::string like = nearest(names_[index], numbers);
        fail(ErrorCode::T0105,
             {place(row.line) + fmt::format(": column '{}'", printable(names_[index])),
              cell.empty() ? "an empty cell" : fmt::format("'{}'", printable(cell)),
              decimal_comma_ ? "a number such as 1,5 or 1.5" : "a number such as -12 or 0.5",
              project_edit(options_,
                           like.empty()
                               ? "correct the cell, or take other columns: columns = [...]"
                               : fmt::format("correct the cell, or take another column: columns = "
                                             "[\"{}\"]",
                                             printable(like)))});
    }

    int64_t rows() const
    {
        return static_cast<int64_t>(values_.size() / std::max<size_t>(taken_.size(), 1));
    }

    const std::string& label() const
    {
        return label_ < names_.size() ? value_of_label_ : file_.label;
    }

    void add_text(const CsvRow& row)
    {
        const std::string& text = row.cells[taken_[0]];
        dataset_.recordings.push_back({.type = DType::u8,
                                       .bytes = {text.begin(), text.end()},
                                       .shape = {static_cast<int64_t>(text.size())},
                                       .label = label(),
                                       .answer = targets_.empty() ? "" : row.cells[targets_[0]],
                                       .file = file_.name,
                                       .first = row.line,
                                       .has_lines = true});
    }

    void finish()
    {
        if (values_.empty()) return;
        if (options_.samples > 0 && rows() < options_.samples) {
            add_left_over(dataset_, label(), rows());
        } else {
            Recording recording{.shape = {rows(), static_cast<int64_t>(taken_.size())},
                                .label = label(),
                                .targets = goal_,
                                .file = file_.name,
                                .first = first_line_,
                                .has_lines = true};
            pack_values(values_, false, recording);
            dataset_.recordings.push_back(std::move(recording));
        }
        values_.clear();
    }

    const SourceFile& file_;
    const DataOptions& options_;
    Dataset& dataset_;
    std::vector<std::string> names_;  // of the columns; empty: no row yet
    bool has_header_ = false;
    bool decimal_comma_ = false;
    size_t label_ = SIZE_MAX, group_ = SIZE_MAX;  // columns
    std::vector<size_t> taken_, targets_;
    std::string value_of_label_, value_of_group_;
    std::vector<double> values_;  // of the present recording
    std::vector<float> goal_;     // of its last row
    int first_line_ = 0;
};

}  // namespace

void read_table(const SourceFile& file, std::string_view text, Dataset& dataset)
{
    TableReader(file, dataset).read(text);
}

}  // namespace thimble
