// Comma-separated values, as spreadsheets and serial monitors write them: RFC 4180 with `,`, `;` or
// a tab between cells.
//
// Cells may stand in double quotes, a quote inside of them is doubled. Blanks around a cell do not
// count. A line end inside of quotes is refused: a recording has one row on each line, and a
// forgotten quote would swallow the rest of the file. Lines end with \n, \r\n or \r; a byte order
// mark at the begin is skipped.
//
// Tested by tests/unit/formats/csv_test.cc, tests/fuzz/read_csv_fuzz.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thimble {

struct CsvRow {
    int line = 0;  // 1-based
    std::vector<std::string> cells;
    // Nothing on the line but blanks and delimiters.
    bool blank() const;
};

class CsvReader {
public:
    // Both must outlive the reader. `delimiter` 0: the first line that is not blank tells, a tab
    // before a semicolon before a comma.
    CsvReader(std::string_view text, std::string_view file, char delimiter = 0);

    // False at the end. Throws T0105 for a quote that is not closed on its line, and for text
    // behind a closing quote.
    bool next(CsvRow& row);
    char delimiter() const { return delimiter_; }

private:
    std::string_view next_line();
    std::string cell(std::string_view line, size_t& at) const;
    std::string_view text_;
    std::string_view file_;
    char delimiter_;
    int line_ = 0;
};

// A finite decimal number; nothing for anything else. `decimal_comma`: "1,5" is a number too.
std::optional<double> csv_number(std::string_view cell, bool decimal_comma = false);

}  // namespace thimble
