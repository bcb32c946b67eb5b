#include "emit/capture.h"

#include "base/error.h"
#include "emit/c_source.h"
#include "ir/pipeline.h"

#include <cctype>
#include <fmt/format.h>

namespace thimble {

namespace {

// {0} is the pipeline's name, {1} the C type of a sample's values, {2} values in a sample.
constexpr const char* kBoardFunctions = R"(
// Yours: writes the next sample, {2} values, and returns 1; 0 when there will be no more.
int capture_sample({1}* sample);
// Yours: sends one character, over a serial line.
void capture_put(char c);
)";

constexpr const char* kHostFunctions = R"(
#include <stdio.h>

// The next row of numbers on standard input; lines that are none are skipped.
static int capture_sample({1}* sample)
{{
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {{
        const char* at = line;
        int count = 0, used = 0;
        long value;
        while (count < {2} && sscanf(at, "%ld%n", &value, &used) == 1) {{
            sample[count++] = ({1})value;
            at += used;
            if (*at == ',' || *at == ';' || *at == '\t') ++at;
        }}
        if (count == {2}) return 1;
    }}
    return 0;
}}

static void capture_put(char c) {{ (void)putchar(c); }}
)";

// {3} rows of a recording, {4} values in a row, {5} the header.
constexpr const char* kBody = R"(
static {0}_t pipeline;

static void put_text(const char* text)
{{
    while (*text) capture_put(*text++);
}}

static void put_number(int32_t value)
{{
    char digits[10];
    uint32_t rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    int count = 0;
    if (value < 0) capture_put('-');
    do {{
        digits[count++] = (char)('0' + (char)(rest % 10u));
        rest /= 10u;
    }} while (rest != 0);
    while (count > 0) capture_put(digits[--count]);
}}

// One recording: its rows, and a blank line behind them.
static void put_recording(const {0}_decision_t* recording)
{{
    uint16_t row, column;
    for (row = 0; row < {3}; ++row) {{
        for (column = 0; column < {4}; ++column) {{
            if (column > 0) capture_put(',');
            put_number((int32_t)recording->values[(uint32_t)row * {4} + column]);
        }}
        put_text("\n");
    }}
    put_text("\n");
}}

int main(void)
{{
    static {0}_decision_t recording;
    {1} sample[{2}];
    {0}_init(&pipeline);
    put_text("{5}\n");
    while (capture_sample(sample)) {{
        (void){0}_push(&pipeline, sample, 1);
        while ({0}_poll(&pipeline, &recording)) put_recording(&recording);
    }}
    return 0;
}}
)";

// What may stand in a C string as it is; a comma or quote would change the number of columns.
std::string c_string(const std::string& text)
{
    std::string out;
    for (const char c : text)
        out += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ? c : '_';
    return out;
}

}  // namespace

std::string capture_main(const Program& program, const std::vector<std::string>& columns,
                         bool hosted)
{
    const PipelineInterface& interface = *program.graph.interface;
    const Tensor& samples = program.graph.tensor(program.graph.inputs[0]);
    const Tensor& values = program.graph.tensor(program.graph.outputs[1]);
    const bool whole = is_integer(values.type) && is_integer(samples.type) &&
                       element_bytes(values.type) <= 4 && interface.streamed();
    require(whole, ErrorCode::T0202,
            {program.name, fmt::format("recordings of {}", dtype_name(values.type)),
             "whole numbers of a stream", "let the recordings enter before `scale`: at = ..."});
    std::string header;
    for (const std::string& column : columns)
        header += (header.empty() ? "" : ",") + c_string(column);
    const auto width = static_cast<int64_t>(columns.size());
    std::string text =
        "// Prints recordings as rows of numbers, a blank line behind each: what training reads.\n";
    text += fmt::format("#include \"{}.h\"\n", program.name);
    text += fmt::format(fmt::runtime(hosted ? kHostFunctions : kBoardFunctions), program.name,
                        dtype_c_name(samples.type), interface.row);
    return text + fmt::format(kBody, program.name, dtype_c_name(samples.type), interface.row,
                              values.count() / width, width, header);
}

}  // namespace thimble
