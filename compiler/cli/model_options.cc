#include "cli/model_options.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/output.h"
#include "emit/c_source.h"
#include "evaluate/float_project.h"
#include "import/import.h"
#include "project/project.h"
#include "train/untrained.h"

#include <filesystem>
#include <fmt/format.h>

namespace thimble {

namespace fs = std::filesystem;

namespace {

struct ForeignFormat {
    const char* extension;
    const char* what;
    const char* remedy;
};

constexpr ForeignFormat kForeignFormats[] = {
    {".keras", "a Keras model",
     "tf.lite.TFLiteConverter.from_keras_model(model).convert() in Python"},
    {".h5", "a Keras model", "tf.lite.TFLiteConverter.from_keras_model(model).convert() in Python"},
    {".onnx", "an ONNX model", "convert it to .tflite with onnx2tf"},
};

void require_tflite(const std::string& path)
{
    const std::string expected =
        "a .tflite file (this version reads TensorFlow Lite models only), or a project";
    if (fs::is_directory(path))
        fail(ErrorCode::T0103,
             {path, "a folder without thimble.toml", expected, "thimble inspect MODEL.tflite"});
    const std::string extension = lower_case(fs::path(path).extension().string());
    for (const ForeignFormat& format : kForeignFormats)
        require(extension != format.extension, ErrorCode::T0103,
                {path, format.what, expected, format.remedy});
}

Optimize optimize_of(const std::string& name)
{
    if (name == "speed") return Optimize::speed;
    if (name == "size") return Optimize::size;
    return Optimize::balanced;
}

std::string shell_word(const std::string& text)
{
    const bool plain =
        !text.empty() &&
        text.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+") ==
            std::string::npos;
    if (plain) return text;
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace

std::string ModelOptions::changed_text() const
{
    std::string text;
    const auto add = [&](const char* flag, const std::string& value, const char* usual) {
        if (value != usual)
            text += fmt::format("{}{} {}", text.empty() ? "" : " ", flag, shell_word(value));
    };
    add("--match", match, "tflm");
    add("--state", state, "reset");
    add("--feed", feed, "whole");
    if (!optimize.empty()) add("--optimize", optimize, "balanced");
    add("--signature", signature, "");
    add("--name", name, "");
    return text;
}

void declare_model(OptionReader& reader, ModelOptions& options)
{
    // In a project's folder the project is meant.
    if (fs::exists(kProjectFileName)) options.path = ".";
    reader.argument("MODEL", options.path,
                    "a TensorFlow Lite model (.tflite), or a project (folder with thimble.toml)",
                    options.path.empty());
    reader.text("--signature", "KEY", options.signature,
                "compile this signature (default: the first subgraph)");
}

void declare_compilation(OptionReader& reader, ModelOptions& options)
{
    reader.choice("--match", options.match, {"tflm", "tflite"},
                  "whose last bit to reproduce where the reference kernels differ");
    reader.choice("--state", options.state, {"reset", "keep"},
                  "state of recurrent layers at the begin of each call (variables always persist)");
    reader.choice("--optimize", options.optimize, {"balanced", "speed", "size"},
                  "what to favour when a layer has several kernels");
    reader.text("--name", "NAME", options.name,
                "prefix of the C symbols (default: from the file's name)");
}

void declare_feed(OptionReader& reader, ModelOptions& options)
{
    reader.choice("--feed", options.feed, {"whole", "steps"},
                  "memory for the whole input, or only NAME_step, one time step at a time");
}

std::string deploy_target(const ModelOptions& options, const std::string& given)
{
    if (!given.empty() || !is_project(options.path)) return given;
    const ProjectFile file = read_project_file(options.path);
    return file.deploy() ? file.deploy()->text_or_empty("target") : "";
}

std::string verify_command(const ModelOptions& options, const std::string& given)
{
    const std::string target = deploy_target(options, given);
    return command_text("verify", options) + " --target " + (target.empty() ? "host" : target);
}

std::string required_target(const ModelOptions& options, const std::string& given,
                            const std::string& command)
{
    std::string target = deploy_target(options, given);
    require(!target.empty(), ErrorCode::T0001,
            {"thimble " + command, "--target is required",
             "options and arguments as its help lists them",
             fmt::format("thimble {} --help", command)});
    return target;
}

void apply_deploy(ModelOptions& options)
{
    if (!options.optimize.empty() || !is_project(options.path)) return;
    const ProjectFile file = read_project_file(options.path);
    if (file.deploy()) options.optimize = file.deploy()->text("optimize");
}

namespace {

Project loaded_project(const ModelOptions& options)
{
    const ProjectFile file = read_project_file(options.path);
    if (options.in_float) return load_project(float_project(file));
    if (!options.stand_ins) return load_project(file);
    const TemporaryFolder folder;
    std::vector<std::string> notes;
    Project project = load_project(with_stand_ins(file, folder.path(), notes));
    project.graph.notes.insert(project.graph.notes.end(), notes.begin(), notes.end());
    return project;
}

}  // namespace

Graph load_graph(const ModelOptions& options)
{
    if (is_project(options.path)) {
        require(options.signature.empty(), ErrorCode::T0004,
                {"--signature", "does not apply to a project",
                 "encoder_signature and decoder_signature in thimble.toml", "leave it out"});
        return loaded_project(options).graph;
    }
    require_tflite(options.path);
    return import_model(options.path, {.signature = options.signature});
}

bool is_trained(const ModelOptions& options)
{
    return !is_project(options.path) || is_trained(read_project_file(options.path));
}

void take_float(ModelOptions& options)
{
    options.in_float = is_project(options.path);
    if (options.in_float) return;
    require_tflite(options.path);
    options.path = float_model(options.path).string();
}

std::vector<Joint> load_joints(const ModelOptions& options)
{
    if (!is_project(options.path)) return {};
    return loaded_project(options).joints;
}

std::shared_ptr<const TextInterface> load_text(const ModelOptions& options)
{
    if (!is_project(options.path)) return nullptr;
    return loaded_project(options).text;
}

Program compile_for(const Graph& graph, const ModelOptions& options, const ResolvedTarget& target)
{
    return compile_recognised_for(recognise(graph, options.keep_state()), options, target);
}

Program compile_recognised_for(const Graph& graph, const ModelOptions& options,
                               const ResolvedTarget& target)
{
    const std::string name = options.name.empty() ? c_identifier(graph.name) : options.name;
    require(name == c_identifier(name), ErrorCode::T0004,
            {"--name", fmt::format("'{}' is not a C identifier", name),
             "letters, digits and _, not beginning with a digit",
             fmt::format("--name {}", c_identifier(name))});
    const bool pipeline = graph.interface != nullptr;
    require(!pipeline || !options.keep_state(), ErrorCode::T0004,
            {"--state keep", "does not apply to a pipeline", "the state of each network of its own",
             "state = \"keep\" in the stage 'network'"});
    require(!pipeline || options.feed == "whole", ErrorCode::T0004,
            {"--feed " + options.feed, "does not apply to a pipeline",
             "samples come one after another in any case", "leave it out"});
    return compile_recognised(
        graph, {.name = name,
                .target = target.facts,
                .lower = {.match = options.match_rule(), .optimize = optimize_of(options.optimize)},
                .keep_state = options.keep_state(),
                .feed = options.feed == "steps" ? Feed::steps : Feed::whole,
                .slices = options.slices});
}

void say_notes(const Graph& imported, const Program& program)
{
    const std::vector<std::string>& notes = program.graph.notes;
    for (size_t i = imported.notes.size(); i < notes.size(); ++i) say("note: " + notes[i] + "\n");
}

std::string command_text(const std::string& command, const ModelOptions& options)
{
    const std::string changed = options.changed_text();
    return fmt::format("thimble {} {}{}{}", command, shell_word(options.path),
                       changed.empty() ? "" : " ", changed);
}

}  // namespace thimble
