#include "cli/calibration.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "data/dataset.h"
#include "formats/csv.h"
#include "ops/op.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace thimble {

namespace {

namespace fs = std::filesystem;

// Files of each input, by its place among the graph's inputs.
std::map<size_t, std::vector<std::string>> files_by_input(const Graph& graph,
                                                          const CalibrationOptions& options)
{
    std::map<size_t, std::vector<std::string>> files;
    for (const std::string& given : options.files) {
        const size_t sign = given.find('=');
        if (sign == std::string::npos) {
            require(
                graph.inputs.size() == 1, ErrorCode::T0004,
                {"--calibration " + given,
                 fmt::format("the model has {} inputs", graph.inputs.size()),
                 "NAME=FILE for each of them",
                 fmt::format("--calibration {}={}", graph.tensor(graph.inputs[0]).name, given)});
            files[0].push_back(given);
            continue;
        }
        const std::string name = given.substr(0, sign);
        const auto at = std::ranges::find_if(
            graph.inputs, [&](TensorId id) { return graph.tensor(id).name == name; });
        require(at != graph.inputs.end(), ErrorCode::T0004,
                {"--calibration " + given, fmt::format("the model has no input '{}'", name),
                 fmt::format("'{}'", graph.tensor(graph.inputs[0]).name),
                 "thimble inspect MODEL lists the inputs"});
        files[static_cast<size_t>(at - graph.inputs.begin())].push_back(given.substr(sign + 1));
    }
    for (size_t i = 0; i < graph.inputs.size(); ++i)
        require(files.contains(i), ErrorCode::T0004,
                {"--calibration",
                 fmt::format("nothing for the input '{}'", graph.tensor(graph.inputs[i]).name),
                 "recordings for every input",
                 fmt::format("--calibration {}=FILE", graph.tensor(graph.inputs[i]).name)});
    return files;
}

std::vector<std::string> names_of(const std::string& list)
{
    std::vector<std::string> names;
    std::istringstream stream(list);
    for (std::string name; std::getline(stream, name, ',');) names.push_back(name);
    return names;
}

std::optional<int> whole_number(const std::string& text)
{
    int value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || at != end || value < 0) return std::nullopt;
    return value;
}

// Labels as output elements: by --classes, as numbers, or in the order of their names.
class LabelNumbers {
public:
    LabelNumbers(const CalibrationOptions& options, const std::vector<Recording>& recordings)
        : names_(names_of(options.classes))
    {
        if (!names_.empty()) return;
        std::set<std::string> found;
        for (const Recording& one : recordings) found.insert(one.label);
        const bool numbers = std::ranges::all_of(
            found, [](const std::string& name) { return whole_number(name).has_value(); });
        if (!numbers) names_.assign(found.begin(), found.end());
    }
    // `outputs`: elements of the network's output; a single one tells two labels apart.
    int of(const Recording& recording, int64_t outputs) const
    {
        const int label = number(recording);
        const int64_t count = std::max<int64_t>(outputs, 2);
        require(label < count, ErrorCode::T0105,
                {recording.place(), fmt::format("label '{}'", recording.label),
                 fmt::format("0 to {}: the network has {} output{}", count - 1, outputs,
                             outputs == 1 ? "" : "s"),
                 "correct the label, or give names by --classes in the order of the outputs"});
        return label;
    }
    const std::vector<std::string>& names() const { return names_; }

private:
    int number(const Recording& recording) const
    {
        require(!recording.label.empty(), ErrorCode::T0105,
                {recording.place(), "no label", "a label where --labels says",
                 "--labels column:NAME, folder or file; or leave --labels out"});
        if (names_.empty()) return *whole_number(recording.label);
        const auto at = std::ranges::find(names_, recording.label);
        require(at != names_.end(), ErrorCode::T0105,
                {recording.place(), fmt::format("label '{}'", recording.label), "one of --classes",
                 "--classes with all labels, in the order of the outputs"});
        return static_cast<int>(at - names_.begin());
    }

    std::vector<std::string> names_;
};

std::vector<uint8_t> floats_of(const Recording& recording, const CalibrationOptions& options)
{
    std::vector<uint8_t> bytes(static_cast<size_t>(recording.count()) * sizeof(float));
    for (int64_t i = 0; i < recording.count(); ++i) {
        const auto value =
            static_cast<float>((recording.value(i) - options.subtract) / options.divide);
        std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(float), &value, sizeof(float));
    }
    return bytes;
}

// The first two rows of a table that are not blank, the first of which may be a header, hold no
// number.
bool holds_text(const std::string& file, int& line)
{
    const std::string text = read_text_file(file);
    CsvReader reader(text, file);
    CsvRow row;
    const auto is_number = [](const std::string& cell) {
        return csv_number(cell, true).has_value();
    };
    bool any = false;
    try {
        for (int rows = 0; rows < 2 && reader.next(row);) {
            if (row.blank()) continue;
            if (std::ranges::any_of(row.cells, is_number)) return false;
            line = row.line;
            any = true;
            ++rows;
        }
    } catch (const Error&) {
        return any;  // Quotes within a sentence.
    }
    return any;
}

void require_numbers(const std::string& file, const Tensor& input)
{
    const std::string extension = lower_case(fs::path(file).extension().string());
    std::error_code ignored;
    const bool is_table = extension == ".txt" || extension == ".tsv" || extension == ".csv";
    if (!is_table || !fs::is_regular_file(file, ignored)) return;
    int line = 0;
    if (holds_text(file, line))
        fail(ErrorCode::T0105,
             {fmt::format("{}:{}", file, line), "a text, no numbers",
              fmt::format("rows of the {} numbers that input '{}' {}{} takes", input.count(),
                          input.name, dtype_name(input.type), shape_text(input.shape)),
              "a project turns texts into them by its own stages: thimble quantize PROJECT "
              "--calibration " +
                  file});
}

// Of the table that ids of this input are looked up in; 0: there is none.
int64_t rows_of_table(const Graph& graph, TensorId input)
{
    for (const Node& node : graph.nodes)
        if (node.op && node.op->name == "gather" && node.inputs.size() == 2 &&
            node.inputs[1] == input && graph.tensor(node.inputs[0]).is_constant())
            return graph.tensor(node.inputs[0]).shape.at(0);
    return 0;
}

void require_rows(const Recording& recording, int64_t rows)
{
    for (int64_t i = 0; rows > 0 && i < recording.count(); ++i)
        require(recording.value(i) >= 0 && recording.value(i) < static_cast<double>(rows),
                ErrorCode::T0105,
                {recording.place(), fmt::format("the id {}", recording.value(i)),
                 fmt::format("0 to {}: the network's table has {} rows", rows - 1, rows),
                 "correct the id"});
}

// The values as a run takes them: what is not float32 stays as it stands in the file.
std::vector<uint8_t> elements_of(const Recording& recording, const Tensor& input,
                                 const CalibrationOptions& options)
{
    constexpr const char* remedy = "correct the file, or leave it out of --calibration";
    if (input.type == DType::f32) return floats_of(recording, options);
    if (input.type == DType::boolean) {
        const std::vector<uint8_t> bytes = values_as(recording, DType::u8, remedy);
        require(std::ranges::all_of(bytes, [](uint8_t byte) { return byte <= 1; }),
                ErrorCode::T0105,
                {recording.place(), "a value that is neither 0 nor 1",
                 fmt::format("truth values of input '{}'", input.name), "correct the file"});
        return bytes;
    }
    if (input.type == DType::i64) {
        const std::vector<uint8_t> narrow = values_as(recording, DType::i32, remedy);
        std::vector<uint8_t> bytes(2 * narrow.size());
        for (size_t i = 0; i < narrow.size() / sizeof(int32_t); ++i) {
            int32_t value = 0;
            std::memcpy(&value, narrow.data() + i * sizeof(value), sizeof(value));
            const int64_t wide = value;
            std::memcpy(bytes.data() + i * sizeof(wide), &wide, sizeof(wide));
        }
        return bytes;
    }
    const bool known = input.type == DType::i8 || input.type == DType::u8 ||
                       input.type == DType::i16 || input.type == DType::i32;
    require(known, ErrorCode::T0202,
            {fmt::format("input '{}'", input.name), fmt::format("is {}", dtype_name(input.type)),
             "float32, or whole numbers of 8, 16, 32 or 64 bits with a sign",
             "a model with such inputs"});
    return values_as(recording, input.type, remedy);
}

struct InputRuns {
    std::vector<std::vector<uint8_t>> runs;
    std::vector<int> labels;
};

InputRuns read_input(const Graph& graph, size_t input, const std::vector<std::string>& files,
                     const CalibrationOptions& options, std::vector<std::string>& notes)
{
    const Tensor& tensor = graph.tensor(graph.inputs[input]);
    DataOptions data;
    data.files = files;
    data.place = "--calibration";
    data.rate_hz = options.rate_hz;
    data.project = false;
    set_labels(data, options.labels, "--labels");
    const bool image = tensor.shape.size() == 4 && tensor.shape[3] <= 4;
    data.kind = image ? DataKind::image : DataKind::samples;
    for (const std::string& file : files) require_numbers(file, tensor);
    const Dataset dataset = load_dataset(data);
    notes.insert(notes.end(), dataset.notes.begin(), dataset.notes.end());
    const LabelNumbers numbers(options, dataset.recordings);
    if (!options.labels.empty() && options.classes.empty() && !numbers.names().empty())
        notes.push_back(
            fmt::format("the labels stand for the outputs in the order of their names: "
                        "{} is the first, {} the last; --classes says another order",
                        numbers.names().front(), numbers.names().back()));
    const int64_t outputs = graph.tensor(graph.outputs.at(0)).count();
    const int64_t rows = rows_of_table(graph, graph.inputs[input]);
    InputRuns result;
    for (const Recording& one : dataset.recordings) {
        const int64_t count = tensor.count();
        require(
            one.count() >= count && (one.count() % count == 0 || one.shape.size() == 2),
            ErrorCode::T0105,
            {one.place(), fmt::format("{} values, shape {}", one.count(), shape_text(one.shape)),
             fmt::format("a multiple of the {} values of input '{}' {}", count, tensor.name,
                         shape_text(tensor.shape)),
             "recordings as the model takes them"});
        require_rows(one, rows);
        const std::vector<uint8_t> bytes = elements_of(one, tensor, options);
        const auto size = static_cast<size_t>(tensor.bytes());
        for (size_t at = 0; at + size <= bytes.size(); at += size) {
            result.runs.emplace_back(bytes.begin() + static_cast<ptrdiff_t>(at),
                                     bytes.begin() + static_cast<ptrdiff_t>(at + size));
            if (!options.labels.empty()) result.labels.push_back(numbers.of(one, outputs));
        }
    }
    return result;
}

// Of `count` runs, at most so many, evenly spread: files are often sorted by label.
std::vector<size_t> chosen_runs(size_t count, int64_t most)
{
    std::vector<size_t> chosen;
    const size_t kept = most > 0 ? std::min(count, static_cast<size_t>(most)) : count;
    for (size_t i = 0; i < kept; ++i) chosen.push_back(i * count / kept);
    return chosen;
}

// A network that is given nothing but zeros shows no range of any use.
void require_signal(const Graph& graph, const Calibration& calibration,
                    const CalibrationOptions& options)
{
    const bool any = std::ranges::any_of(calibration.runs, [](const CalibrationRun& run) {
        return std::ranges::any_of(run, [](const std::vector<uint8_t>& bytes) {
            return std::ranges::any_of(bytes, [](uint8_t byte) { return byte != 0; });
        });
    });
    const std::string& name = graph.tensor(graph.inputs.at(0)).name;
    require(any || calibration.runs.empty(), ErrorCode::T0105,
            {options.files.at(0),
             fmt::format("nothing but zeros for the input '{}', in all {} runs", name,
                         calibration.runs.size()),
             "recordings as the network gets them in use", "other recordings"});
}

}  // namespace

Calibration read_calibration(const Graph& graph, const CalibrationOptions& options)
{
    Calibration result;
    std::vector<InputRuns> inputs;
    for (const auto& [input, files] : files_by_input(graph, options))
        inputs.push_back(read_input(graph, input, files, options, result.notes));
    for (size_t i = 1; i < inputs.size(); ++i)
        require(inputs[i].runs.size() == inputs[0].runs.size(), ErrorCode::T0105,
                {"--calibration",
                 fmt::format("{} runs of '{}', {} of '{}'", inputs[0].runs.size(),
                             graph.tensor(graph.inputs[0]).name, inputs[i].runs.size(),
                             graph.tensor(graph.inputs[i]).name),
                 "as many of each", "cut the longer file"});
    for (const size_t run :
         chosen_runs(inputs.empty() ? 0 : inputs[0].runs.size(), options.runs_max)) {
        CalibrationRun& values = result.runs.emplace_back();
        for (const InputRuns& input : inputs) values.push_back(input.runs[run]);
        if (!inputs[0].labels.empty()) result.labels.push_back(inputs[0].labels[run]);
    }
    require_signal(graph, result, options);
    return result;
}

}  // namespace thimble
