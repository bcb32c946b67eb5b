// Cuts a text that comes byte by byte into words; the rules stand in docs/numerics.md, "Text".
//
// byte       the next byte of the text; end 1 in the call behind the last one, else 0
// word       uint8 [capacity], capacity 1 to 255: the word so far; bytes beyond are left out
// scan       uint8 [4]: its length; 1 when the last call completed it; the byte that the next word
//            begins with or 0; 0xC3 when the last byte was that and it matters
// complete   1 when this call completed the word, which stays in `word` until the next call
// latin      uint8 [64] in flash, the letters that U+00C0 to U+00FF become, 0: none; null unless
//            non_ascii is 2
// keys       lower 1: A-Z become a-z; punctuation 0 part of words, 1 left out, 2 parts words,
//            3 words of their own; non_ascii 0 left out, 1 part of words, 2 letters under accents;
//            characters 1: each character is a word; digits 0 as they stand, 1 each becomes 0, 2
//            the same and a run of them is a word of its own
//
// Source: own.
#include "port/thb_port.h"

// What a byte is to a word.
#define THB_TEXT_SEPARATOR 0
#define THB_TEXT_NOTHING 1
#define THB_TEXT_PART 2
#define THB_TEXT_ALONE 3

THB_KERNEL uint8_t thb_text_is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10u;
}

THB_KERNEL uint8_t thb_text_is_plain(uint8_t c)
{
    const uint8_t folded = (uint8_t)(c | 0x20u);
    return (uint8_t)(folded - 'a') < 26u || thb_text_is_digit(c);
}

// What the byte *c is; *c becomes the byte to keep.
THB_KERNEL uint8_t thb_text_role(uint8_t* c, uint8_t lead, const uint8_t* latin, int lower,
                                 int punctuation, int non_ascii, int digits)
{
    uint8_t letter = *c;
    if (letter <= 32u || letter == 127u) return THB_TEXT_SEPARATOR;
    if (letter >= 128u) {
        if (non_ascii == 1) return THB_TEXT_PART;
        if (non_ascii == 0 || lead == 0 || letter >= 0xC0u) return THB_TEXT_NOTHING;
        letter = THB_FLASH_U8(latin + (letter & 0x3Fu));
        if (letter == 0) return THB_TEXT_NOTHING;
    }
    if (lower && (uint8_t)(letter - 'A') < 26u) letter = (uint8_t)(letter | 0x20u);
    if (digits != 0 && thb_text_is_digit(letter)) letter = '0';
    *c = letter;
    if (punctuation == 0 || thb_text_is_plain(letter)) return THB_TEXT_PART;
    return punctuation == 1   ? THB_TEXT_NOTHING
           : punctuation == 2 ? THB_TEXT_SEPARATOR
                              : THB_TEXT_ALONE;
}

THB_KERNEL void thb_word_stream(const uint8_t* byte, const uint8_t* end, uint8_t* word,
                                uint8_t* scan, uint8_t* complete, int capacity,
                                const uint8_t* latin, int lower, int punctuation, int non_ascii,
                                int characters, int digits)
{
    uint8_t c = *byte, length = scan[0], role, done, begins = 0;
    if (scan[1]) {
        length = 0;
        if (scan[2]) {
            word[0] = scan[2];
            length = 1;
        }
        scan[2] = 0;
    }
    role = *end ? THB_TEXT_SEPARATOR
                : thb_text_role(&c, scan[3], latin, lower, punctuation, non_ascii, digits);
    if (non_ascii == 2) scan[3] = (uint8_t)(*end == 0 && *byte == 0xC3u ? 0xC3u : 0u);
    if (role == THB_TEXT_ALONE)
        begins = 1;
    else if (role == THB_TEXT_PART && characters)
        begins = (c & 0xC0u) != 0x80u;
    else if (role == THB_TEXT_PART && punctuation == 3)
        // Behind a mark that stands alone; a byte of a letter beyond ASCII is no mark.
        begins = word[0] < 128u && !thb_text_is_plain(word[0]);
    // A word is of digits alone or has none, so that its first byte tells which.
    if (role == THB_TEXT_PART && digits == 2 && !begins)
        begins = thb_text_is_digit(c) != thb_text_is_digit(word[0]);
    done = length > 0 && (role == THB_TEXT_SEPARATOR || begins);
    if (role >= THB_TEXT_PART) {
        if (done)
            scan[2] = c;
        else if (length < (uint8_t)capacity)
            word[length++] = c;
    }
    scan[0] = length;
    scan[1] = done;
    *complete = done;
}
