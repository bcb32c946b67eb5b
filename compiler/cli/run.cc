// run: a model on given inputs, by the oracle, by the generated C on this computer, or on a chip.
#include "base/crc32.h"
#include "cli/model_options.h"
#include "cli/output.h"
#include "cli/pipeline_run.h"
#include "cli/text_runs.h"
#include "evaluate/decide.h"
#include "formats/npy.h"
#include "import/import.h"
#include "verify/engine.h"
#include "verify/input_files.h"

#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

namespace thimble {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int64_t kRunsMax = 65535;   // what the firmware's run counter holds
constexpr int64_t kValuesShown = 16;  // of each output, for people
constexpr int64_t kRunsShown = 100;

struct RunCommandOptions {
    ModelOptions model;
    std::vector<std::string> inputs;
    std::shared_ptr<const TextInterface> text;  // of a project with vocabularies
    std::string output;
    std::string engine = "oracle";
    std::string target;
    int64_t runs = 1;
};

struct NamedOutput {
    const Tensor* tensor;
    NpyArray array;
    std::string file;  // empty: not written
    uint32_t crc;
};

std::vector<RunOutputs> execute(const RunCommandOptions& options, const Graph& graph,
                                const std::vector<TensorBytes>& inputs)
{
    const bool keep = options.model.keep_state();
    const bool generated = !options.target.empty() || options.engine == "host";
    if (!generated) return run_oracle(graph, options.model.match_rule(), keep, inputs);
    const std::string name = options.target.empty() ? "host" : options.target;
    const ResolvedTarget target = find_target(name);
    require(target.family->emulator != Emulator::none, ErrorCode::T0003,
            {"--target " + name, "this target has no emulator",
             "a target that `thimble targets` lists with an emulator", "--engine host"});
    const Program program = compile_for(graph, options.model, target);
    const Progress progress("running on " + name);
    return run_on_target(program, target, inputs);
}

std::vector<NamedOutput> collect(const RunCommandOptions& options, const Graph& graph,
                                 const std::vector<RunOutputs>& results)
{
    std::vector<NamedOutput> outputs;
    std::set<std::string> stems;
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
        const Tensor& tensor = graph.tensor(graph.outputs[i]);
        NamedOutput output{.tensor = &tensor,
                           .array = {npy_type_of(tensor.type), tensor.shape, {}}};
        if (options.runs > 1) output.array.shape.insert(output.array.shape.begin(), options.runs);
        for (const RunOutputs& run : results)
            output.array.bytes.insert(output.array.bytes.end(), run.outputs[i].begin(),
                                      run.outputs[i].end());
        output.crc = crc32(output.array.bytes);
        std::string stem = file_stem(tensor.name);
        for (int n = 1; !stems.insert(stem).second; ++n)
            stem = fmt::format("{}_{}", file_stem(tensor.name), n);
        if (!options.output.empty())
            output.file = (fs::path(options.output) / (stem + ".npy")).string();
        outputs.push_back(std::move(output));
    }
    return outputs;
}

template <typename T> std::string values_text(std::span<const uint8_t> bytes, const Tensor& tensor)
{
    std::string text;
    for (size_t i = 0; i < static_cast<size_t>(tensor.count()); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        if constexpr (std::is_floating_point_v<T>) text += fmt::format(" {:.6g}", value);
        else text += fmt::format(" {}", value);
    }
    return text;
}

std::string run_values(std::span<const uint8_t> bytes, const Tensor& tensor)
{
    switch (tensor.type) {
    case DType::f32: return values_text<float>(bytes, tensor);
    case DType::i8: case DType::i4: return values_text<int8_t>(bytes, tensor);
    case DType::u8: case DType::boolean: return values_text<uint8_t>(bytes, tensor);
    case DType::i16: return values_text<int16_t>(bytes, tensor);
    case DType::i32: return values_text<int32_t>(bytes, tensor);
    case DType::i64: return values_text<int64_t>(bytes, tensor);
    default: return "";
    }
}

void say_outputs(const RunCommandOptions& options, const std::vector<NamedOutput>& outputs)
{
    TextTable table({"output", "type", "shape", "CRC-32", "file"});
    for (const NamedOutput& output : outputs)
        table.row({output.tensor->name, std::string(dtype_name(output.tensor->type)),
                   shape_text(output.array.shape), fmt::format("{:08x}", output.crc),
                   output.file.empty() ? "-" : output.file});
    say(table.text());
    for (const NamedOutput& output : outputs) {
        const Tensor& tensor = *output.tensor;
        if (tensor.count() > kValuesShown || options.runs > kRunsShown) continue;
        for (int64_t run = 0; run < options.runs; ++run) {
            const auto bytes = std::span(output.array.bytes)
                                   .subspan(static_cast<size_t>(run * tensor.bytes()),
                                            static_cast<size_t>(tensor.bytes()));
            const std::string which = options.runs > 1 ? fmt::format(" run {}", run) : "";
            say(fmt::format("{}{}:{}\n", tensor.name, which, run_values(bytes, tensor)));
        }
    }
}

Exit run_model(RunCommandOptions options, bool as_json)
{
    apply_deploy(options.model);
    require_one_engine({.engine = options.engine, .target = options.target});
    if (options.engine == "float") take_float(options.model);
    const Graph graph = load_graph(options.model);
    require_supported(graph);
    if (graph.interface) {
        require(options.runs == 1, ErrorCode::T0004,
                {"--runs", "does not apply to a pipeline", "recordings, as many as the files hold",
                 "leave it out"});
        return run_pipeline(
            {options.model, graph, options.inputs, options.output, options.engine, options.target},
            as_json);
    }
    options.text = load_text(options.model);
    const std::vector<TensorBytes> inputs =
        read_given_inputs(graph, options.text.get(), options.inputs, options.runs, kRunsMax);
    const std::vector<RunOutputs> results = execute(options, graph, inputs);
    const std::vector<NamedOutput> outputs = collect(options, graph, results);
    if (!options.output.empty()) {
        std::error_code problem;
        fs::create_directories(options.output, problem);
        require(!problem, ErrorCode::T0102, {options.output, problem.message(),
                                             "a folder that can be made", "--output out/run"});
        for (const NamedOutput& output : outputs) write_npy(output.file, output.array);
    }
    const std::vector<std::string> answers = text_answers(options.text.get(), results);
    if (!as_json) {
        for (const std::string& answer : answers) say(answer + "\n");
        if (answers.empty()) say_outputs(options, outputs);
        say_next(verify_command(options.model, options.target));
        return Exit::ok;
    }
    json object = {{"engine", options.target.empty() ? options.engine : options.target},
                   {"runs", options.runs}, {"outputs", json::array()}};
    for (const NamedOutput& output : outputs)
        object["outputs"].push_back({{"name", output.tensor->name},
                                     {"dtype", dtype_name(output.tensor->type)},
                                     {"shape", output.array.shape},
                                     {"file", output.file.empty() ? json() : json(output.file)},
                                     {"crc32", fmt::format("{:08x}", output.crc)}});
    if (!answers.empty()) object["text"] = answers;
    print_json(object);
    return Exit::ok;
}

Run declare(OptionReader& reader)
{
    auto options = std::make_shared<RunCommandOptions>();
    declare_model(reader, options->model);
    reader.list("-i,--input", "[NAME=]FILE", options->inputs,
                "a .npy array or .bin with raw bytes for each input, in order or by name; "
                "a project takes recordings: .csv, .wav, .txt, .png");
    reader.text("-o,--output", "DIR", options->output,
                "write every output as .npy into this folder");
    reader.whole("--runs", options->runs, 1, kRunsMax,
                 "runs in order; arrays may have a leading axis of this length");
    reader.choice("--engine", options->engine, {"oracle", "host", "float"},
                  "the slow reference, the generated C on this computer, or the float model beside "
                  "the quantised one");
    reader.text("-t,--target", "T", options->target,
                "run the generated C on this emulated chip instead");
    declare_compilation(reader, options->model);
    return [options](bool as_json) { return run_model(*options, as_json); };
}

}  // namespace

extern const Command command_run;
const Command command_run = {
    .name = "run",
    .summary = "Run a model on arrays, by the oracle, on this computer or on an emulated chip",
    .examples =
        {"thimble run examples/gesture/gesture.tflite --input examples/gesture/data/punch_0.npy",
         "thimble run examples/gesture/gesture.tflite --target uno --runs 20 --input "
         "examples/gesture/data/flex.npy --output out/flex"},
    .declare = declare,
};

}  // namespace thimble
