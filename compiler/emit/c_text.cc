#include "emit/c_text.h"

#include "emit/c_tables.h"
#include "ir/text_interface.h"

#include <fmt/format.h>

namespace thimble {

namespace {

bool has_text(const Program& program)
{
    return program.graph.text && program.graph.text->complete();
}

std::string token_text(const Vocabulary& vocabulary, int32_t id)
{
    const auto index = static_cast<size_t>(id);
    const bool named = index < vocabulary.tokens.size() && !vocabulary.tokens[index].empty();
    return named ? fmt::format("{} ('{}')", id, one_line(vocabulary.tokens[index]))
                 : fmt::format("{}", id);
}

}  // namespace

std::set<std::string> c_text_kernels(const Program& program)
{
    if (!has_text(program)) return {};
    return {"thb_text_to_ids", "thb_ids_to_text"};
}

std::string c_text_declaration(const Program& program)
{
    if (!has_text(program)) return "";
    const TextInterface& text = *program.graph.text;
    std::string out = fmt::format(
        "// Text in, text out: fills {0}_input(t) with the ids of the tokens of `text` ({1}), runs, and\n"
        "// writes the tokens of {0}_output(t) to `out`{2}.\n",
        program.name,
        text.source.characters ? "characters that are not blanks" : "pieces between blanks",
        text.target.characters ? "" : ", blanks between them");
    out += fmt::format(
        "// text     `length` bytes; need not end with a zero byte. The first {} tokens count; an\n"
        "//          unknown one is id {}, behind the last one comes id {}\n"
        "// out      `out_size` bytes. Ended by a zero byte; when it is too small, it holds the tokens\n"
        "//          that fit, none of them cut\n"
        "// Returns the bytes of the whole answer without the zero byte: as many as fit in out_size - 1,\n"
        "// unless it was too small.\n",
        program.graph.tensor(program.graph.inputs[0]).count(),
        token_text(text.source, text.unknown), token_text(text.source, text.pad));
    return out + fmt::format("size_t {0}_text({0}_t* t, const char* text, size_t length, char* out, "
                             "size_t out_size);\n\n",
                             program.name);
}

std::string c_text_definition(const Program& program)
{
    if (!has_text(program)) return "";
    const TextInterface& text = *program.graph.text;
    const std::string& name = program.name;
    std::string out = "\n";
    const auto table = [&](const Vocabulary& vocabulary, const std::string& side) {
        out += c_table({"uint8_t", vocabulary_bytes(vocabulary), side + " vocabulary", false},
                       fmt::format("{}_{}_vocabulary", name, side));
    };
    table(text.source, "source");
    table(text.target, "target");
    out += fmt::format(
        "size_t {0}_text({0}_t* t, const char* text, size_t length, char* out, size_t out_size)\n{{\n"
        "    thb_text_to_ids(text, length, {1}, {0}_source_vocabulary, {2}, {3}, {4},\n"
        "                    {0}_input(t), {5});\n"
        "    {0}_invoke(t);\n"
        "    return thb_ids_to_text({0}_output(t), {0}_output_1(t)[0], {0}_target_vocabulary, {6}, {7},\n"
        "                           out, out_size);\n}}\n",
        name, text.source.characters ? 1 : 0, text.source.tokens.size(), text.unknown, text.pad,
        program.graph.tensor(program.graph.inputs[0]).count(), text.target.tokens.size(),
        text.target.characters ? 1 : 0);
    return out;
}

}  // namespace thimble
