#include "golden.h"

#include "base/crc32.h"
#include "base/error.h"
#include "base/file.h"
#include "compile.h"
#include "import/import.h"
#include "support/shared_models.h"
#include "verify/verify.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

namespace thimble {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

Graph import_checked(const fs::path& path)
{
    Graph graph = import_model(path);
    require_supported(graph);
    return graph;
}

Program compile_for_host(const Graph& graph, Match match, bool keep_state = false)
{
    return compile(graph, {.name = "golden",
                           .target = find_target("host").facts,
                           .lower = {.match = match},
                           .keep_state = keep_state});
}

// Steps whose outputs lie in memory: all that can be compared.
std::vector<int> traceable_steps(const Program& program)
{
    std::vector<int> steps;
    for (size_t s = 0; s < program.steps.size(); ++s)
        if (!traceable_outputs(program, static_cast<int>(s)).empty())
            steps.push_back(static_cast<int>(s));
    return steps;
}

template <typename T> void append(Bytes& bytes, T value)
{
    uint8_t raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

// The recordings' generator: a 32-bit linear congruence, one step per element, taken before use.
Bytes congruential_input(const Tensor& tensor, uint32_t seed)
{
    Bytes bytes;
    uint32_t x = seed;
    for (int64_t i = 0; i < tensor.count(); ++i) {
        x = x * 1664525u + 1013904223u;
        if (tensor.type == DType::f32)
            append(bytes, static_cast<float>(x >> 8) / 8388608.0f - 1.0f);
        else
            append(bytes, static_cast<uint8_t>(x >> 24));
    }
    return bytes;
}

Bytes bytes_from_base64(const std::string& text)
{
    static const std::string digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    Bytes bytes;
    uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<uint8_t>(bits >> count));
    }
    return bytes;
}

void compare_tensor(const Tensor& tensor, const Bytes& want, const Bytes& have, size_t run,
                    std::string_view engine)
{
    if (want.size() != have.size())
        throw GoldenMismatch(fmt::format("{}: '{}' has {} bytes, recorded {}", engine, tensor.name,
                                         have.size(), want.size()));
    TensorReport report;
    compare_values(tensor, want, have, static_cast<int>(run), report);
    if (report.mismatches > 0)
        throw GoldenMismatch(
            fmt::format("{}: run {} '{}' [{}]: recorded {}, found {}; {} of {} differ", engine, run,
                        tensor.name, report.first_index, report.first_expected, report.first_found,
                        report.mismatches, tensor.count()));
}

struct LayerGolden {
    TensorId tensor;
    std::string kind;
    std::vector<std::string> crcs;
};

void check_crcs(const Graph& graph, const std::vector<LayerGolden>& layers, size_t run, TensorId id,
                const Bytes& bytes, std::string_view engine)
{
    for (const LayerGolden& layer : layers) {
        if (layer.tensor != id) continue;
        const std::string found = fmt::format("{:08x}", crc32(bytes));
        if (found != layer.crcs[run])
            throw GoldenMismatch(fmt::format("{}: {} '{}', input {}: CRC {}, recorded {}", engine,
                                             layer.kind, graph.tensor(id).name, run, found,
                                             layer.crcs[run]));
    }
}

// Generated C may sum floats in another order than the reference: those are compared with the
// oracle, whose bits are the recorded ones, within the design's tolerance.
size_t check_host_layers(const Graph& graph, const std::vector<LayerGolden>& layers,
                         const std::vector<TensorBytes>& inputs,
                         const std::vector<RunOutputs>& oracle)
{
    const Program program = compile_for_host(graph, Match::tflm);
    const std::vector<RunOutputs> found =
        run_on_target(program, find_target("host"), inputs, traceable_steps(program));
    std::set<TensorId> compared;
    const auto check = [&](size_t run, TensorId id, const Bytes& bytes) {
        if (id >= static_cast<TensorId>(graph.tensors.size())) return;
        for (size_t i = 0; i < layers.size(); ++i) {
            if (layers[i].tensor != id) continue;
            compared.insert(id);
            compare_tensor(graph.tensor(id), oracle[run].traced[i].bytes, bytes, run, "host");
            if (!is_float(graph.tensor(id).type)) check_crcs(graph, layers, run, id, bytes, "host");
        }
    };
    for (size_t run = 0; run < found.size(); ++run) {
        for (const TracedTensor& traced : found[run].traced)
            check(run, traced.tensor, traced.bytes);
        for (size_t i = 0; i < graph.outputs.size(); ++i)
            check(run, graph.outputs[i], found[run].outputs[i]);
    }
    return compared.size();
}

}  // namespace

std::string check_layer_recording(const fs::path& json_file)
{
    const json golden = json::parse(read_text_file(json_file));
    const Graph graph = import_checked(shared_model_by_sha256(golden["sha256"]).path());
    std::vector<LayerGolden> layers;
    std::vector<TracePoint> ids;
    for (const json& layer : golden["layers"]) {
        layers.push_back({layer["tensor"]["index"], layer["kind"], layer["crc32"]});
        ids.push_back({{}, layers.back().tensor});
    }
    std::vector<TensorBytes> inputs;
    for (const json& seed : golden["lcg"]["seeds"])
        inputs.push_back(
            {congruential_input(graph.tensor(graph.inputs.at(0)), seed.get<uint32_t>())});
    const std::vector<RunOutputs> oracle = run_oracle(graph, Match::tflm, false, inputs, ids);
    for (size_t run = 0; run < oracle.size(); ++run)
        for (const TracedTensor& traced : oracle[run].traced)
            check_crcs(graph, layers, run, traced.tensor, traced.bytes, "oracle");
    const size_t on_host = check_host_layers(graph, layers, inputs, oracle);
    return fmt::format(
        "{} layers x {} inputs, all CRCs by the oracle; host: {} compared, {} fused or aliased",
        layers.size(), inputs.size(), on_host, layers.size() - on_host);
}

std::string check_run_recording(const fs::path& json_file)
{
    const json golden = json::parse(read_text_file(json_file));
    const Graph graph = import_checked(shared_model(golden["model"]).path());
    std::vector<TensorBytes> inputs, outputs;
    for (const json& run : golden["runs"]) {
        inputs.emplace_back();
        outputs.emplace_back();
        for (const json& tensor : run["inputs"]) inputs.back().push_back(bytes_from_base64(tensor));
        for (const json& tensor : run["outputs"])
            outputs.back().push_back(bytes_from_base64(tensor));
        if (outputs.back().size() != graph.outputs.size() ||
            inputs.back().size() != graph.inputs.size())
            throw GoldenMismatch("another number of inputs or outputs than recorded");
    }
    const auto compare = [&](const std::vector<RunOutputs>& found, std::string_view engine) {
        for (size_t run = 0; run < found.size(); ++run)
            for (size_t i = 0; i < graph.outputs.size(); ++i)
                compare_tensor(graph.tensor(graph.outputs[i]), outputs[run][i],
                               found[run].outputs[i], run, engine);
    };
    compare(run_oracle(graph, Match::tflm, true, inputs), "oracle");
    compare(run_on_target(compile_for_host(graph, Match::tflm, true), find_target("host"), inputs),
            "host");
    return fmt::format("{} runs, {} outputs each, by oracle and host", inputs.size(),
                       graph.outputs.size());
}

namespace {

Bytes bytes_from_csv(const fs::path& file, DType type)
{
    const std::string text = read_text_file(file);
    Bytes bytes;
    for (const char *at = text.data(), *end = at + text.size(); at < end; ++at) {
        int32_t value = 0;
        const auto result = std::from_chars(at, end, value);
        if (result.ptr == at) continue;
        if (type == DType::i32)
            append(bytes, value);
        else
            append(bytes, static_cast<int16_t>(value));
        at = result.ptr;
    }
    return bytes;
}

}  // namespace

std::string check_csv_recording(const fs::path& model_file)
{
    const Graph graph = import_checked(model_file);
    const std::string stem = model_file.stem().string();
    const Match match = stem.starts_with("sub") ? Match::tflite : Match::tflm;
    const auto csv = [&](const std::string& what, const Tensor& tensor) {
        return bytes_from_csv(model_file.parent_path() /
                                  fmt::format("{}_{}_{}.csv", stem, what, dtype_name(tensor.type)),
                              tensor.type);
    };
    std::vector<TensorBytes> inputs(1);
    for (size_t i = 0; i < graph.inputs.size(); ++i)
        inputs[0].push_back(csv(fmt::format("input{}", i), graph.tensor(graph.inputs[i])));
    const Tensor& output = graph.tensor(graph.outputs.at(0));
    const Bytes golden = csv("golden", output);
    compare_tensor(output, golden, run_oracle(graph, match, false, inputs)[0].outputs[0], 0,
                   "oracle");
    compare_tensor(
        output, golden,
        run_on_target(compile_for_host(graph, match), find_target("host"), inputs)[0]
            .outputs[0],
        0, "host");
    return fmt::format("{} values by oracle and host{}", output.count(),
                       match == Match::tflite ? " (match tflite)" : "");
}

std::string check_person_picture(const fs::path& bmp_file)
{
    const Graph graph = import_checked(shared_model("tflite-micro/person_detect.tflite").path());
    const std::vector<uint8_t> file = read_file(bmp_file);
    const size_t pixels = static_cast<size_t>(graph.tensor(graph.inputs.at(0)).count());
    const size_t columns = static_cast<size_t>(graph.tensor(graph.inputs[0]).shape.at(2));
    std::vector<TensorBytes> inputs = {{Bytes()}};
    // A bitmap's rows lie from bottom to top at the end of the file.
    for (size_t row = pixels; row > 0; row -= columns)
        inputs[0][0].insert(inputs[0][0].end(),
                            file.end() - static_cast<std::ptrdiff_t>(pixels - row + columns),
                            file.end() - static_cast<std::ptrdiff_t>(pixels - row));
    // Grey values 0 to 255 become -128 to 127. The tflm_ and microflow_ files hold the latter
    // already: as grey values they show white where a dark area ends, and read so they give no
    // person.
    const bool centred = !bmp_file.filename().string().starts_with("arduino");
    for (uint8_t& pixel : inputs[0][0]) pixel = static_cast<uint8_t>(centred ? pixel : pixel - 128);
    const Bytes oracle = run_oracle(graph, Match::tflm, false, inputs)[0].outputs[0];
    const Bytes host =
        run_on_target(compile_for_host(graph, Match::tflm), find_target("host"), inputs)[0]
            .outputs[0];
    if (host != oracle) throw GoldenMismatch("host and oracle differ");
    const int no_person = static_cast<int8_t>(oracle[0]);
    const int person = static_cast<int8_t>(oracle[1]);
    const bool expects_person =
        bmp_file.filename().string().find("_no_person") == std::string::npos;
    const std::string scores = fmt::format("no person {}, person {}", no_person, person);
    if ((person > no_person) != expects_person) throw GoldenMismatch(scores);
    return scores;
}

}  // namespace thimble
