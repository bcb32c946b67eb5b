// Reads what a seq2seq stage names, finds the role of every tensor and checks that sizes agree.
#include "base/error.h"
#include "formats/npy.h"
#include "project/seq2seq.h"
#include "project/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace thimble {

namespace {

constexpr int64_t kSymbolsMax = 32767;  // what beam_select counts

bool is_id(const Tensor& tensor)
{
    return is_integer(tensor.type) && !tensor.quant.present();
}

std::optional<Embedding> read_embedding(const Settings& stage, const std::string& key)
{
    if (!stage.has(key)) return std::nullopt;
    const std::string path = stage.file(key).string();
    require(std::filesystem::is_regular_file(path), ErrorCode::T0101,
            {stage.place(key), fmt::format("there is no file '{}'", path), "a .npy array",
             "correct the path; it is relative to the project's folder"});
    const NpyArray array = read_npy(path);
    require(array.dtype == "f4" && array.shape.size() == 2 && array.shape[0] > 0 &&
                array.shape[0] <= kSymbolsMax && array.shape[1] > 0,
            ErrorCode::T0105,
            {path, fmt::format("{} {}", array.dtype, shape_text(array.shape)),
             "float32 [symbols, width]", "numpy.save(path, table.astype('float32'))"});
    Embedding embedding{array.shape[0], array.shape[1], {}};
    embedding.rows.resize(array.bytes.size() / sizeof(float));
    std::memcpy(embedding.rows.data(), array.bytes.data(), array.bytes.size());
    return embedding;
}

// A state that is alone needs no name.
void name_lone_state(ModelPorts& ports)
{
    const std::vector<size_t> rest = ports.unassigned();
    if (rest.size() == 1 && !ports.has("h"))
        ports.assign_only("h", [](const Tensor&) { return true; });
}

void assign_states(RoledModel& model, const std::vector<std::string>& states)
{
    for (const std::string& state : states) {
        const int64_t count = model.inputs.tensor(state).count();
        model.outputs.assign_only(state, [&](const Tensor& t) { return t.count() == count; });
        model.outputs.require_role(state, fmt::format("{} elements, the next state", count));
        const int64_t found = model.outputs.tensor(state).count();
        if (found != count)
            model.outputs.wrong(fmt::format("{}: '{}' has {} elements as input and {} as output",
                                            model.name, state, count, found),
                                "a state of one size");
    }
}

class PartsReader {
public:
    explicit PartsReader(const Settings& stage) : stage_(stage) {}

    Seq2seqParts read()
    {
        read_numbers();
        const Settings* cells = stage_.table("encoder");
        parts_.has_cells = cells != nullptr;
        if (cells) {
            parts_.encoders.push_back(load_model(stage_, *cells, "forward", "encoder"));
            if (cells->has("backward"))
                parts_.encoders.push_back(load_model(stage_, *cells, "backward", "encoder"));
        } else {
            parts_.encoders.push_back(load_model(stage_, stage_, "encoder", "encoder"));
        }
        parts_.decoder = load_model(stage_, stage_, "decoder", "decoder");
        refuse_inner_state(*parts_.decoder, "decoder");
        for (RoledModel& encoder : parts_.encoders) {
            if (parts_.has_cells)
                read_cell(encoder);
            else
                read_whole_encoder(encoder);
        }
        read_decoder();
        check_symbols();
        check_first_states();
        return std::move(parts_);
    }

private:
    void read_numbers()
    {
        parts_.begin = stage_.whole("begin");
        parts_.end = stage_.whole("end");
        parts_.pad = stage_.whole("pad");
        parts_.max_source = stage_.whole("max_source");
        parts_.max_target = stage_.whole("max_target");
        parts_.beams = stage_.whole("beam");
        parts_.feeding = stage_.text("input_feeding");
        parts_.source_embedding = read_embedding(stage_, "source_embedding");
        parts_.target_embedding = read_embedding(stage_, "target_embedding");
    }

    [[noreturn]] void wrong(const std::string& key, const std::string& found,
                            const std::string& expected, const std::string& remedy) const
    {
        fail(ErrorCode::T0106, {stage_.place(key), found, expected, remedy});
    }

    // State inside of a model would be one for all hypotheses, and nobody could set it.
    void refuse_inner_state(const RoledModel& model, const std::string& key) const
    {
        for (const Tensor& tensor : model.graph->tensors)
            if (tensor.kind == TensorKind::state)
                wrong(key,
                      fmt::format("{} keeps a state of its own, '{}'", model.name, tensor.name),
                      "a cell whose states are inputs and outputs",
                      "export the cell with its states as inputs and outputs");
    }

    void require_elements(const ModelPorts& ports, const std::string& role, int64_t count,
                          const std::string& why) const
    {
        const Tensor& tensor = ports.tensor(role);
        if (tensor.count() != count)
            ports.wrong(fmt::format("'{}' is {} {}", role, tensor.name, shape_text(tensor.shape)),
                        fmt::format("{} elements: {}", count, why));
    }

    // The source as an encoder takes it: `steps` symbols at once.
    void assign_source(RoledModel& model, int64_t steps)
    {
        const int64_t width = parts_.source_embedding ? parts_.source_embedding->width : 1;
        const bool ids = !parts_.source_embedding;
        model.inputs.assign_only(
            "x", [&](const Tensor& t) { return t.count() == steps * width && (!ids || is_id(t)); });
        if (model.inputs.unassigned().size() == 1)
            model.inputs.assign_only("x", [](const Tensor&) { return true; });
        model.inputs.require_role("x", ids ? "the ids" : "the embedded source");
        require_elements(model.inputs, "x", steps * width,
                         ids ? fmt::format("{} ids", steps)
                             : fmt::format("{} rows of source_embedding, {} wide", steps, width));
    }

    void read_cell(RoledModel& cell)
    {
        refuse_inner_state(cell, "encoder");
        assign_source(cell, 1);
        name_lone_state(cell.inputs);
        cell.inputs.require_all_assigned("states have names of their own");
        assign_states(cell, parts_.states_of(cell));
        if (parts_.output_role(cell).empty())
            cell.outputs.require_role("output", "what the cell gives at each step");
    }

    void read_whole_encoder(RoledModel& encoder)
    {
        assign_source(encoder, parts_.max_source);
        encoder.inputs.require_all_assigned("an encoder that runs whole has one input");
        encoder.outputs.assign_only("memory", [&](const Tensor& t) {
            return t.count() % parts_.max_source == 0 &&
                   std::ranges::find(t.shape, parts_.max_source) != t.shape.end();
        });
    }

    // Elements of the encoder's memory; 0: it gives none.
    int64_t memory_count() const
    {
        int64_t count = 0;
        for (const RoledModel& encoder : parts_.encoders) {
            if (parts_.has_cells)
                count +=
                    parts_.max_source * encoder.outputs.tensor(parts_.output_role(encoder)).count();
            else if (encoder.outputs.has("memory"))
                count += encoder.outputs.tensor("memory").count();
        }
        return count;
    }

    void read_decoder()
    {
        RoledModel& decoder = *parts_.decoder;
        const int64_t memory = memory_count();
        if (memory > 0)
            decoder.inputs.assign_only("memory",
                                       [&](const Tensor& t) { return t.count() == memory; });
        const int64_t width = parts_.target_embedding ? parts_.target_embedding->width : 1;
        if (parts_.feeding != "concat")
            decoder.inputs.assign_only("x", [&](const Tensor& t) {
                return t.count() == width && (parts_.target_embedding || is_id(t));
            });
        decoder.inputs.require_role("x", "the last symbol");
        name_lone_state(decoder.inputs);
        decoder.inputs.require_all_assigned(
            fmt::format("the encoder's memory has {} elements", memory));
        if (decoder.inputs.has("memory"))
            require_elements(decoder.inputs, "memory", memory, "what the encoder gives");
        parts_.states = parts_.states_of(decoder);
        const int64_t rows = target_rows();
        if (rows > 0)
            decoder.outputs.assign_only("logits",
                                        [&](const Tensor& t) { return t.count() == rows; });
        assign_states(decoder, parts_.states);
        read_feeding(decoder, width);
        if (decoder.outputs.unassigned().size() == 1)
            decoder.outputs.assign_only("logits", [](const Tensor&) { return true; });
        decoder.outputs.require_role("logits", "a number for each target symbol");
        parts_.symbols = decoder.outputs.tensor("logits").count();
        const DType type = decoder.outputs.tensor("logits").type;
        if (!is_float(type) && !decoder.outputs.tensor("logits").quant.present())
            decoder.outputs.wrong(fmt::format("logits of type {}", dtype_name(type)),
                                  "float32, or quantised integers");
    }

    void read_feeding(RoledModel& decoder, int64_t width)
    {
        const int64_t rest = decoder.inputs.tensor("x").count() - width;
        if (parts_.feeding == "none") {
            if (rest != 0)
                require_elements(decoder.inputs, "x", width,
                                 "one row of target_embedding, or one id");
            return;
        }
        if (!parts_.target_embedding)
            wrong("input_feeding", "input feeding without target_embedding",
                  "an embedding to which the context is added or joined",
                  "input_feeding = \"none\"");
        const int64_t context = parts_.feeding == "add" ? width : rest;
        if (parts_.feeding == "add")
            require_elements(decoder.inputs, "x", width, "one row of target_embedding");
        decoder.outputs.assign_only("context",
                                    [&](const Tensor& t) { return t.count() == context; });
        decoder.outputs.require_role("context",
                                     fmt::format("{} elements that are fed back", context));
        require_elements(decoder.outputs, "context", context, "what is fed back");
        if (std::ranges::find(parts_.states, "context") == parts_.states.end())
            parts_.states.push_back("context");
    }

    int64_t target_rows() const
    {
        if (parts_.target_embedding) return parts_.target_embedding->symbols;
        if (!stage_.has("target_vocabulary")) return 0;
        return static_cast<int64_t>(read_vocabulary(stage_, "target_vocabulary").size());
    }

    void check_symbols() const
    {
        const int64_t symbols = parts_.symbols;
        if (symbols > kSymbolsMax)
            parts_.decoder->outputs.wrong(fmt::format("{} logits", symbols),
                                          fmt::format("at most {}", kSymbolsMax));
        if (parts_.target_embedding && parts_.target_embedding->symbols != symbols)
            wrong("target_embedding",
                  fmt::format("has {} rows, the decoder {} logits",
                              parts_.target_embedding->symbols, symbols),
                  "one row for each target symbol", "give the table of this decoder");
        for (const char* key : {"begin", "end", "pad"})
            if (stage_.whole(key) >= symbols)
                wrong(key, fmt::format("id {} of {} target symbols", stage_.whole(key), symbols),
                      fmt::format("0 to {}", symbols - 1),
                      fmt::format("{} = {}", key, symbols - 1));
    }

    // What the decoder starts from is given by the encoder under the same role, in the same size.
    void check_first_states()
    {
        for (const std::string& state : parts_.states) {
            if (state == "context" && !parts_.decoder->inputs.has(state)) continue;
            const int64_t wanted = parts_.decoder->inputs.tensor(state).count();
            int64_t found = 0;
            for (RoledModel& encoder : parts_.encoders) {
                if (!parts_.has_cells)
                    encoder.outputs.assign_only(
                        state, [&](const Tensor& t) { return t.count() == wanted; });
                if (encoder.outputs.has(state)) found += encoder.outputs.tensor(state).count();
            }
            if (found != 0 && found != wanted)
                parts_.decoder->inputs.wrong(
                    fmt::format("the decoder's state '{}' has {} elements, the encoder gives {}",
                                state, wanted, found),
                    "a state of one size");
            const ModelPorts& outputs = parts_.encoders[0].outputs;
            if (found == 0 && !parts_.has_cells && !outputs.unassigned().empty())
                outputs.require_role(state, "the decoder's first state");
        }
    }

    const Settings& stage_;
    Seq2seqParts parts_;
};

}  // namespace

std::string Seq2seqParts::output_role(const RoledModel& cell) const
{
    if (cell.outputs.has("output")) return "output";
    if (cell.outputs.has("h")) return "h";
    const std::vector<std::string> states = states_of(cell);
    return states.size() == 1 ? states[0] : "";
}

std::vector<std::string> Seq2seqParts::states_of(const RoledModel& cell) const
{
    std::vector<std::string> states;
    for (const auto& [role, index] : cell.inputs.roles())
        if (role != "x" && role != "memory") states.push_back(role);
    return states;
}

Seq2seqParts load_seq2seq(const Settings& stage)
{
    return PartsReader(stage).read();
}

}  // namespace thimble
