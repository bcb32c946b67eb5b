#include "emit/c_text.h"

#include "emit/c_tables.h"
#include "ir/text_interface.h"
#include "ir/token_table.h"

#include <fmt/format.h>

namespace thimble {

namespace {

std::string token_text(const Vocabulary& vocabulary, int32_t id)
{
    const auto index = static_cast<size_t>(id);
    const bool named = index < vocabulary.tokens.size() && !vocabulary.tokens[index].empty();
    return named ? fmt::format("{} ('{}')", id, one_line(vocabulary.tokens[index]))
                 : fmt::format("{}", id);
}

template <typename T>
std::vector<uint8_t> bytes_of(const std::vector<T>& values)
{
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    return {first, first + values.size() * sizeof(T)};
}

}  // namespace

std::set<std::string> c_text_kernels()
{
    return {"thb_text_to_ids", "thb_ids_to_text"};
}

std::vector<Table> vocabulary_tables(const TextInterface& text)
{
    const TokenTable source = token_table(text.source.tokens);
    std::vector<Table> tables = {
        {"uint8_t", vocabulary_bytes(text.target), "target vocabulary", false},
        {"uint8_t", source.bytes, "source vocabulary, sorted", false},
        {"uint32_t", bytes_of(source.starts), "begin of every 8th token", false}};
    if (!source.ids.empty())
        tables.push_back({"uint16_t", bytes_of(source.ids), "ids of the sorted tokens", false});
    return tables;
}

std::string c_text_declaration(const Program& program, const TextInterface& text)
{
    std::string out = fmt::format(
        "// Text in, text out: fills {0}_input(t) with the ids of the tokens of `text`\n"
        "// ({1}), runs, and writes the tokens of {0}_output(t)\n"
        "// to `out`{2}.\n",
        program.name,
        text.source.characters ? "characters that are not blanks" : "pieces between blanks",
        text.target.characters ? "" : ", blanks between them");
    out += fmt::format(
        "// text     `length` bytes; need not end with a zero byte. The first {} tokens count; an\n"
        "//          unknown one is id {}, behind the last one comes id {}\n"
        "// out      `out_size` bytes. Ended by a zero byte; when it is too small, it holds the\n"
        "//          tokens that fit, none of them cut\n"
        "// Returns the bytes of the whole answer without the zero byte.\n",
        program.graph.tensor(program.graph.inputs[0]).count(),
        token_text(text.source, text.unknown), token_text(text.source, text.pad));
    return out + fmt::format(
                     "size_t {0}_text({0}_t* t, const char* text, size_t length, char* out,\n"
                     "    size_t out_size);\n\n",
                     program.name);
}

std::string c_text_definition(const Program& program, const TextInterface& text)
{
    const std::string& name = program.name;
    const std::vector<Table> tables = vocabulary_tables(text);
    constexpr const char* kNames[] = {"_target_vocabulary", "_source_vocabulary",
                                      "_source_blocks", "_source_ids"};
    std::string out = "\n";
    for (size_t i = 0; i < tables.size(); ++i) out += c_table(tables[i], name + kNames[i]);
    const std::string ids =
        tables.size() > 3 ? name + kNames[3] : std::string("(const uint16_t*)0");
    out += fmt::format(
        "size_t {0}_text({0}_t* t, const char* text, size_t length, char* out,\n"
        "    size_t out_size)\n{{\n"
        "    thb_text_to_ids(text, length, {1}, {0}_source_vocabulary,\n"
        "                    {0}_source_blocks, {8}, {2}, {3}, {4}, {0}_input(t), {5});\n"
        "    {0}_invoke(t);\n"
        "    return thb_ids_to_text({0}_output(t), {0}_output_1(t)[0],\n"
        "                           {0}_target_vocabulary, {6}, {7}, out, out_size);\n}}\n",
        name, text.source.characters ? 1 : 0, token_table(text.source.tokens).count, text.unknown,
        text.pad, program.graph.tensor(program.graph.inputs[0]).count(), text.target.tokens.size(),
        text.target.characters ? 1 : 0, ids);
    return out;
}

}  // namespace thimble
