// Ids of a word without a vocabulary: buckets of a hash (the hashing trick).
//
//   inputs    word, scan: the states of text_stream.h, in the tick that completes the word; with
//             ngrams > 1 a state uint32 [ngrams]: how many words came before, at most ngrams - 1,
//             and their hashes, the newest first
//   outputs   ids int32 [most ids of a word]; with more than one, their number int32 [1]
//
//   id = hash mod buckets + 1; 0 stands for no word
//
// The hash is SuperFastHash; all arithmetic is modulo 2^32:
//   hash = count + seed
//   for every 4 bytes: hash += u16(0); t = (u16(2) << 11) ^ hash; hash = (hash << 16) ^ t;
//                      hash += hash >> 11
//   3 bytes left:      hash += u16(0); hash ^= hash << 16; hash ^= s8(2) << 18; hash += hash >> 11
//   2 bytes left:      hash += u16(0); hash ^= hash << 11; hash += hash >> 17
//   1 byte left:       hash += s8(0);  hash ^= hash << 10; hash += hash >> 1
//   at last:           hash ^= hash << 3; += >> 5; ^= << 4; += >> 17; ^= << 25; += >> 6
// where u16(i) is little-endian and s8 signed: bytes from 128 on count as negative.
//
// In this order: the word; with ngrams the last 2, 3, ... words, whose hash is h(w1) * m + h(w2),
// times m plus h(w3), ..., m = 116049371; with sub-words each run of subword_least bytes of
// "<word>", then the longer ones, up to subword_most.
//
// Source: P. Hsieh, "Hash functions", 2004 (the hash); Weinberger et al. 2009, arXiv:0902.2206 (the
// trick); Joulin et al. 2016, arXiv:1607.01759, and Bojanowski et al. 2017, arXiv:1607.04606 (words
// and their parts; m is the one of that program).
#include "formats/tflite.h"
#include "ops/shapes.h"
#include "ops/text_checks.h"

#include <fmt/format.h>
#include <string>

namespace thimble {

namespace {

enum : size_t { kWord, kScan, kHistory };

constexpr uint32_t kNgramFactor = 116049371;

const HashWordsAttributes& attributes_of(const Node& node)
{
    return std::any_cast<const HashWordsAttributes&>(node.attributes);
}

void import_hash_words(const TfliteOperator& source, Graph&, Node& node)
{
    const FlexMap options = FlexMap::read(source.custom_options, source.name);
    HashWordsAttributes a;
    a.buckets = text_number(options, "buckets", 1, INT32_MAX, 4096);
    a.seed = text_number(options, "seed", 0, UINT32_MAX, 0);
    a.ngrams = text_number(options, "ngrams", 1, 8, 1);
    a.subword_least = text_number(options, "subword_least", 0, 255, 0);
    a.subword_most = text_number(options, "subword_most", a.subword_least, 255, a.subword_least);
    node.attributes = a;
}

void infer(Graph& graph, Node& node)
{
    const HashWordsAttributes& a = attributes_of(node);
    const size_t inputs = a.ngrams > 1 ? 3 : 2;
    require_inputs(node, inputs, inputs);
    require_word(graph, node, kWord);
    if (a.ngrams > 1) {
        require_text_state(graph, node, kHistory, DType::u32);
        require_shape(graph.input(node, kHistory).count() == a.ngrams, "a history of another size",
                      fmt::format("{} numbers", a.ngrams));
    }
    const int64_t ids = hash_ids_most(a, graph.input(node, kWord).count());
    require_shape(ids <= INT16_MAX, fmt::format("{} ids of one word", ids), "at most 32767");
    require_outputs(node, ids > 1 ? 2 : 1);
    set_output(graph, node, 0, DType::i32, {ids});
    if (ids > 1) set_output(graph, node, 1, DType::i32, {1});
}

// ---- oracle ----

uint32_t hash_of(const std::string& text, int64_t seed)
{
    const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
    const auto pair = [&](size_t i) { return at(i) + 256 * at(i + 1); };
    const auto signed_at = [&](size_t i) {
        return static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(text[i])));
    };
    auto hash = static_cast<uint32_t>(static_cast<int64_t>(text.size()) + seed);
    size_t i = 0;
    for (; i + 4 <= text.size(); i += 4) {
        hash += pair(i);
        const uint32_t t = (pair(i + 2) << 11) ^ hash;
        hash = (hash << 16) ^ t;
        hash += hash >> 11;
    }
    switch (text.size() - i) {
    case 3:
        hash += pair(i);
        hash ^= hash << 16;
        hash ^= signed_at(i + 2) << 18;
        hash += hash >> 11;
        break;
    case 2:
        hash += pair(i);
        hash ^= hash << 11;
        hash += hash >> 17;
        break;
    case 1:
        hash += signed_at(i);
        hash ^= hash << 10;
        hash += hash >> 1;
        break;
    default:
        break;
    }
    hash ^= hash << 3;
    hash += hash >> 5;
    hash ^= hash << 4;
    hash += hash >> 17;
    hash ^= hash << 25;
    return hash + (hash >> 6);
}

void eval(EvalContext& c)
{
    const HashWordsAttributes& a = attributes_of(c.node);
    const auto bytes = c.in<uint8_t>(kWord);
    const size_t length = std::min<size_t>(c.in<uint8_t>(kScan)[scan_field::length], bytes.size());
    const std::string word(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    std::vector<uint32_t> hashes = {hash_of(word, a.seed)};
    if (a.ngrams > 1) {
        const auto history = c.state<uint32_t>(kHistory);
        const size_t before = std::min<size_t>(history[0], static_cast<size_t>(a.ngrams) - 1);
        for (size_t n = 1; n <= before; ++n) {
            uint32_t hash = history[n];
            for (size_t i = n - 1; i > 0; --i) hash = hash * kNgramFactor + history[i];
            hashes.push_back(hash * kNgramFactor + hashes[0]);
        }
        for (size_t i = history.size() - 1; i > 1; --i) history[i] = history[i - 1];
        history[1] = hashes[0];
        history[0] = static_cast<uint32_t>(std::min(before + 1, history.size() - 1));
    }
    const std::string marked = "<" + word + ">";
    if (a.subword_least > 0)
        for (auto n = static_cast<size_t>(a.subword_least);
             n <= static_cast<size_t>(a.subword_most); ++n)
            for (size_t i = 0; i + n <= marked.size(); ++i)
                hashes.push_back(hash_of(marked.substr(i, n), a.seed));
    const auto ids = c.out<int32_t>(0);
    for (size_t i = 0; i < ids.size(); ++i)
        ids[i] = i < hashes.size() ? static_cast<int32_t>(hashes[i] % a.buckets) + 1 : 0;
    if (ids.size() > 1) c.out<int32_t>(1)[0] = static_cast<int32_t>(hashes.size());
}

// ---- lowering ----

void lower(LowerContext& c)
{
    const HashWordsAttributes& a = attributes_of(c.node);
    const int64_t capacity = c.input(kWord).count();
    const Arg ids = c.out(0);
    const Arg buckets = c.key_text(fmt::format("UINT32_C({})", a.buckets));
    const Arg seed = c.key_text(fmt::format("UINT32_C({})", a.seed));
    const int64_t most = c.output(0).count();
    if (most == 1) {
        c.call("thb_hash_word", {c.in(kWord), c.in(kScan), ids, c.key(capacity), buckets, seed});
        return;
    }
    const bool parts = a.subword_least > 0;
    c.call("thb_hash_words",
           {c.in(kWord), c.in(kScan), a.ngrams > 1 ? c.state(kHistory) : c.null("uint32_t*"), ids,
            c.out(1), parts ? c.scratch(capacity + 2, 1, "uint8_t*") : c.null("uint8_t*"),
            c.key(capacity), buckets, seed, c.key(a.ngrams), c.key(a.subword_least),
            c.key(a.subword_most), c.number(most, "thb_index_t")});
}

}  // namespace

extern const OpDef op_hash_words;
const OpDef op_hash_words = {.name = "hash_words",
                             .tflite = {{"CUSTOM:ThimbleHashWords", import_hash_words}},
                             .infer = infer,
                             .eval = eval,
                             .lower = lower,
                             .has_side_effect = true,
                             .same_attributes = equal_attributes<HashWordsAttributes>};

}  // namespace thimble
