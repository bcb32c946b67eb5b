// Cuts a text that comes byte by byte into words:
//
//   inputs    byte uint8 [1]; end bool [1], true in the tick behind the last byte, whose byte means
//             nothing; word, scan: the states of text_stream.h
//   output    bool [1]: this tick completed a word, which stands in word[0 .. scan[length])
//
// A byte is
//   - a separator: 0 to 32 and 127;
//   - a letter or digit: part of a word; with `lower` A-Z become a-z; for digits see Digits;
//   - punctuation: any other byte below 128, see Punctuation;
//   - a byte from 128 on, see NonAscii. Invalid UTF-8 needs no rule of its own.
// A separator, a punctuation mark that parts words, and the end complete the word before them;
// empty words do not exist. With Punctuation::token, Digits::number and `characters`, a byte may
// both complete a word and begin the next: it waits in scan[next]. A word longer than `word` is
// cut: its other bytes are left out, and it is still one word.
//
// The end leaves everything as it was at the begin, so that the next text may follow at once.
// Source: own.
#include "formats/tflite.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <string>

namespace thimble {

namespace {

enum : size_t { kByte, kEnd, kWord, kScan };

const WordStreamAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const WordStreamAttributes&>(node.attributes);
}

void import_word_stream(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    WordStreamAttributes attributes;
    attributes.lower = options.boolean("lower", true);
    attributes.punctuation = static_cast<Punctuation>(
        text_choice(options, "punctuation", {"keep", "drop", "split", "token"}));
    attributes.non_ascii =
        static_cast<NonAscii>(text_choice(options, "non_ascii", {"drop", "keep", "latin"}));
    attributes.characters = options.boolean("characters", false);
    attributes.digits =
        static_cast<Digits>(text_choice(options, "digits", {"keep", "shape", "number"}));
    node.attributes = attributes;
}

void infer(Graph& graph, Node& node)
{
    require_inputs(node, 4, 4);
    require_outputs(node, 1);
    require_single(graph, node, kByte, DType::u8);
    require_single(graph, node, kEnd, DType::boolean);
    require_word(graph, node, kWord);
    require_text_state(graph, node, kWord, DType::u8);
    require_text_state(graph, node, kScan, DType::u8);
    set_output(graph, node, 0, DType::boolean, {1});
}

// ---- oracle ----

enum class Role { separator, part, alone, nothing };

struct Read {
    Role role;
    uint8_t letter = 0;
};

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What one byte is; `lead`: the byte before it was 0xC3.
Read read_byte(const WordStreamAttributes& a, uint8_t byte, bool lead)
{
    if (byte <= 32 || byte == 127) return {Role::separator};
    char c = static_cast<char>(byte);
    if (byte >= 128) {
        if (a.non_ascii == NonAscii::keep) return {Role::part, byte};
        if (a.non_ascii == NonAscii::drop || !lead || byte >= 0xC0) return {Role::nothing};
        c = kLatinLetters[static_cast<size_t>(byte - 0x80)];
        if (c == 0) return {Role::nothing};
    }
    const bool plain = is_letter(c) || is_digit(c);
    if (a.lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (a.digits != Digits::keep && is_digit(c)) c = '0';
    const auto letter = static_cast<uint8_t>(c);
    if (plain || a.punctuation == Punctuation::keep) return {Role::part, letter};
    if (a.punctuation == Punctuation::drop) return {Role::nothing};
    if (a.punctuation == Punctuation::split) return {Role::separator};
    return {Role::alone, letter};
}

void eval(EvalContext& c)
{
    const WordStreamAttributes& a = attributes_of(c.node);
    const auto word = c.state<uint8_t>(kWord), scan = c.state<uint8_t>(kScan);
    std::string held(word.begin(), word.begin() + scan[scan_field::length]);
    std::string next(scan[scan_field::next] != 0 ? 1 : 0,
                     static_cast<char>(scan[scan_field::next]));
    if (scan[scan_field::complete] != 0) {
        held = next;
        next = "";
    }
    const uint8_t byte = c.in<uint8_t>(kByte)[0];
    const bool end = c.in<uint8_t>(kEnd)[0] != 0;
    const Read read = end ? Read{Role::separator} : read_byte(a, byte, scan[scan_field::lead] != 0);
    bool begins = false;  // this byte is the first of a word, whatever stands before it
    if (read.role == Role::alone)
        begins = true;
    else if (read.role == Role::part && a.characters)
        begins = read.letter < 0x80 || read.letter >= 0xC0;
    else if (read.role == Role::part && a.punctuation == Punctuation::token && held.size() == 1)
        begins = read_byte(a, static_cast<uint8_t>(held[0]), false).role == Role::alone;
    if (read.role == Role::part && a.digits == Digits::number && !held.empty() &&
        is_digit(held.back()) != is_digit(static_cast<char>(read.letter)))
        begins = true;
    const bool complete = !held.empty() && (read.role == Role::separator || begins);
    if (read.role == Role::part || read.role == Role::alone) {
        if (complete)
            next = std::string(1, static_cast<char>(read.letter));
        else if (held.size() < word.size())
            held += static_cast<char>(read.letter);
    }
    for (size_t i = 0; i < held.size(); ++i) word[i] = static_cast<uint8_t>(held[i]);
    scan[scan_field::length] = static_cast<uint8_t>(held.size());
    scan[scan_field::complete] = complete;
    scan[scan_field::next] = next.empty() ? 0 : static_cast<uint8_t>(next[0]);
    scan[scan_field::lead] =
        a.non_ascii == NonAscii::latin && !end && byte == 0xC3 ? uint8_t{0xC3} : uint8_t{0};
    c.out<uint8_t>()[0] = complete;
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const WordStreamAttributes& a = attributes_of(c.node);
    Arg latin = c.null("const uint8_t*");
    if (a.non_ascii == NonAscii::latin)
        latin = c.table(std::vector<uint8_t>(kLatinLetters.begin(), kLatinLetters.end()),
                        "letters under accents", false);
    c.call("thb_word_stream",
           {c.in(kByte), c.in(kEnd), c.state(kWord), c.state(kScan), c.out(),
            c.key(c.input(kWord).count()), latin, c.key(int64_t{a.lower}),
            c.key(static_cast<int64_t>(a.punctuation)), c.key(static_cast<int64_t>(a.non_ascii)),
            c.key(int64_t{a.characters}), c.key(static_cast<int64_t>(a.digits))});
}

}  // namespace

extern const OpDef op_word_stream;
const OpDef op_word_stream = {.name = "word_stream",
                              .tflite = {{"CUSTOM:ThimbleWordStream", import_word_stream}},
                              .infer = infer,
                              .eval = eval,
                              .lower = lower,
                              .has_side_effect = true,
                              .same_attributes = equal_attributes<WordStreamAttributes>};

}  // namespace thimble
