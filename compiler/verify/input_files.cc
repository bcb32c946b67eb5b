#include "verify/input_files.h"

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "formats/npy.h"

#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

struct Bound {
    std::string file;
    Bytes bytes;       // of one run, or of all
    bool per_run = false;
};

// Axes of length 1 say nothing about the order of the elements.
Shape without_ones(const Shape& shape)
{
    Shape result;
    for (const int64_t size : shape)
        if (size != 1) result.push_back(size);
    return result;
}

std::string wanted_text(const Tensor& tensor, int64_t runs)
{
    std::string text = fmt::format("{} {}", npy_type_of(tensor.type), shape_text(tensor.shape));
    if (runs > 1) {
        Shape all = tensor.shape;
        all.insert(all.begin(), runs);
        text += fmt::format(" for every run, or {} with one a run", shape_text(all));
    }
    return text;
}

[[noreturn]] void fail_type(const std::string& file, const NpyArray& array, const Tensor& tensor)
{
    std::string remedy =
        fmt::format("numpy.save('{}', x.astype('{}'))", file, npy_type_of(tensor.type));
    if (array.dtype[0] == 'f' && tensor.quant.present())
        remedy =
            fmt::format("quantize first: q = round(x / {:.9g}) + {}, saturated to {}",
                        tensor.quant.scale(), tensor.quant.zero_point(), dtype_name(tensor.type));
    fail(ErrorCode::T0105,
         {file, fmt::format("elements of type {} for input '{}'", array.dtype, tensor.name),
          fmt::format("type {} ({})", npy_type_of(tensor.type), dtype_name(tensor.type)), remedy});
}

Bound bind_npy(const std::string& file, const Tensor& tensor, int64_t runs)
{
    NpyArray array = read_npy(file);
    if (array.dtype != npy_type_of(tensor.type)) fail_type(file, array, tensor);
    Shape all = tensor.shape;
    all.insert(all.begin(), runs);
    const bool same = without_ones(array.shape) == without_ones(tensor.shape);
    const bool per_run = runs > 1 && without_ones(array.shape) == without_ones(all);
    if (!same && !per_run) {
        const int64_t count = element_count(tensor.shape);
        const int64_t found = element_count(array.shape);
        const bool more_runs = count > 0 && !array.shape.empty() && found == array.shape[0] * count;
        fail(ErrorCode::T0105,
             {file, fmt::format("shape {} for input '{}'", shape_text(array.shape), tensor.name),
              wanted_text(tensor, runs),
              more_runs ? fmt::format("--runs {}", array.shape[0])
                        : fmt::format("reshape the array to {}", shape_text(tensor.shape))});
    }
    return {file, std::move(array.bytes), per_run};
}

Bound bind_raw(const std::string& file, const Tensor& tensor, int64_t runs)
{
    Bytes bytes = read_file(file);
    const auto size = static_cast<int64_t>(bytes.size());
    require(size == tensor.bytes() || size == runs * tensor.bytes(), ErrorCode::T0105,
            {file, fmt::format("{} bytes for input '{}'", size, tensor.name),
             fmt::format("{} bytes, little-endian {}", runs * tensor.bytes(),
                         wanted_text(tensor, runs)),
             "write the file again"});
    return {file, std::move(bytes), runs > 1 && size == runs * tensor.bytes()};
}

Bound bind_file(const std::string& file, const Tensor& tensor, int64_t runs)
{
    const std::string extension = lower_case(fs::path(file).extension().string());
    if (extension == ".npy") return bind_npy(file, tensor, runs);
    if (extension == ".bin") return bind_raw(file, tensor, runs);
    fail(ErrorCode::T0105, {file, "an input file of unknown kind",
                            "a .npy array, or .bin with the tensor's raw bytes",
                            fmt::format("numpy.save('input.npy', x.astype('{}'))",
                                        npy_type_of(tensor.type))});
}

// Index of the graph input that a spec means, and its file.
std::pair<size_t, std::string> resolve(const Graph& graph, const std::string& spec,
                                       const std::vector<bool>& bound)
{
    const size_t equals = spec.find('=');
    if (equals == std::string::npos || fs::exists(spec)) {
        const size_t next =
            static_cast<size_t>(std::find(bound.begin(), bound.end(), false) - bound.begin());
        require(next < bound.size(), ErrorCode::T0004,
                {"--input", fmt::format("'{}' is one file too many", spec), inputs_text(graph),
                 "thimble inspect MODEL"});
        return {next, spec};
    }
    const std::string name = spec.substr(0, equals);
    std::vector<std::string> names;
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
        names.push_back(graph.tensor(graph.inputs[i]).name);
        if (names.back() == name) return {i, spec.substr(equals + 1)};
    }
    const std::string close = nearest(name, names);
    fail(ErrorCode::T0004, {"--input", fmt::format("the model has no input '{}'", name),
                            inputs_text(graph),
                            fmt::format("--input {}={}", close.empty() ? names.at(0) : close,
                                        spec.substr(equals + 1))});
}

}  // namespace

std::vector<TensorBytes> read_inputs(const Graph& graph, const std::vector<std::string>& specs,
                                     int64_t runs)
{
    std::vector<bool> bound(graph.inputs.size(), false);
    std::vector<Bound> files(graph.inputs.size());
    for (const std::string& spec : specs) {
        const auto [index, file] = resolve(graph, spec, bound);
        bound[index] = true;
        files[index] = bind_file(file, graph.tensor(graph.inputs[index]), runs);
    }
    for (size_t i = 0; i < bound.size(); ++i)
        require(
            bound[i], ErrorCode::T0004,
            {"--input", fmt::format("input '{}' has no file", graph.tensor(graph.inputs[i]).name),
             "a file for each of " + inputs_text(graph), "--input FILE.npy"});
    std::vector<TensorBytes> result(static_cast<size_t>(runs));
    for (int64_t run = 0; run < runs; ++run) {
        for (size_t i = 0; i < files.size(); ++i) {
            const int64_t size = graph.tensor(graph.inputs[i]).bytes();
            const auto begin = files[i].bytes.begin() + (files[i].per_run ? run * size : 0);
            result[static_cast<size_t>(run)].emplace_back(begin, begin + size);
        }
    }
    return result;
}

std::string inputs_text(const Graph& graph)
{
    std::string text;
    for (const TensorId id : graph.inputs) {
        const Tensor& tensor = graph.tensor(id);
        text += fmt::format("{}'{}' {} {}", text.empty() ? "" : ", ", tensor.name,
                            dtype_name(tensor.type), shape_text(tensor.shape));
    }
    return text.empty() ? "no input" : text;
}

std::string npy_type_of(DType type)
{
    switch (type) {
    case DType::f32: return "f4";
    case DType::f64: return "f8";
    case DType::i4: case DType::i8: return "i1";
    case DType::i16: return "i2";
    case DType::i32: return "i4";
    case DType::i64: return "i8";
    case DType::u16: case DType::f16: return "u2";
    case DType::u32: return "u4";
    case DType::u64: return "u8";
    case DType::boolean: return "b1";
    default: return "u1";
    }
}

std::string file_stem(const std::string& tensor_name)
{
    std::string stem;
    for (const char c : tensor_name) {
        const bool plain =
            std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
        stem += plain ? c : '_';
    }
    if (stem.empty() || stem[0] == '.' || stem[0] == '-') stem = "output" + stem;
    return stem.substr(0, 100);
}

}  // namespace thimble
