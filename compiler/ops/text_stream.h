// The operators that read a text byte by byte (word_stream, hash_words, vocabulary, bag_add,
// bag_finish, bag_mean, collect_ids, take_ids), and how they are put together.
//
// A tick takes one byte, or the end of the text. `word_stream` gathers the bytes of a word in a
// state and tells when it is complete; inside of an `if` on that, `hash_words` or `vocabulary`
// turns it into ids, which `bag_add` sums up or `collect_ids` keeps. Inside of an `if` on the end
// of the text, `bag_finish`, `bag_mean` or `take_ids` gives the result and begins anew. The word
// stays in the state during the tick that completes it.
//
// Files carry these operators as custom ones ("CUSTOM:ThimbleWordStream") with the attributes below
// as options: that is how tests write them; no other program does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thimble {

// What becomes of ASCII characters that are no letter, digit or blank.
enum class Punctuation : uint8_t {
    keep,   // part of the word
    drop,   // left out: "don't" is "dont"
    split,  // parts words like a blank
    token,  // a word of its own
};

// What becomes of bytes from 128 on.
enum class NonAscii : uint8_t {
    drop,   // left out, each of them
    keep,   // part of the word as they stand, valid UTF-8 or not
    latin,  // U+00C0 to U+00FF become the letter under the accent; all others are left out
};

// What becomes of 0 to 9.
enum class Digits : uint8_t {
    keep,    // part of the word as they stand
    shape,   // each becomes 0: "07812" and "07999" are one word
    number,  // the same, and a run of them is a word of its own: "7pm" is 0, pm
};

struct WordStreamAttributes {
    bool lower = true;  // A-Z become a-z
    Punctuation punctuation = Punctuation::keep;
    NonAscii non_ascii = NonAscii::drop;
    bool characters = false;  // every character is a word: a byte and its UTF-8 continuations
    Digits digits = Digits::keep;
    bool operator==(const WordStreamAttributes&) const = default;
};

// State tensors that word_stream writes and the operators on words read: `word` uint8 [most bytes
// of a word, 1..255], and `scan` uint8 [scan_field::count].
namespace scan_field {
enum : size_t {
    length,    // bytes of the word so far; what `word` holds behind them means nothing
    complete,  // 1: the last tick completed the word, the next one begins another
    next,      // byte that the next word begins with, 0: none
    lead,      // 0xC3 when the last byte was one, for NonAscii::latin
    count
};
}

// 64 bytes: what U+00C0 to U+00FF become under NonAscii::latin, 0: nothing.
inline constexpr std::string_view kLatinLetters(
    "AAAAAAACEEEEIIIIDNOOOOO\0OUUUUYTs"
    "aaaaaaaceeeeiiiidnooooo\0ouuuuyty",
    64);

struct HashWordsAttributes {
    int64_t buckets = 4096;     // ids are 1 to buckets; 0 is no word
    int64_t seed = 0;           // 32 bits, added to the hash's first value
    int64_t ngrams = 1;         // also an id for the last 2, 3, ... ngrams words
    int64_t subword_least = 0;  // also an id for each run of that many bytes of "<word>"; 0: none
    int64_t subword_most = 0;
    bool operator==(const HashWordsAttributes&) const = default;
};
// Of the operators vocabulary and take_ids.
struct VocabularyAttributes {
    int64_t unknown = 0;  // id of a word that the list lacks
    bool operator==(const VocabularyAttributes&) const = default;
};
struct TakeIdsAttributes {
    int64_t pad = 0;  // id of a place without a word
    bool pads_first = false;
    bool operator==(const TakeIdsAttributes&) const = default;
};

// Most ids that a word of at most `word_bytes` bytes has.
int64_t hash_ids_most(const HashWordsAttributes& attributes, int64_t word_bytes);

}  // namespace thimble
