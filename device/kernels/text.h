// Text to ids and back, with vocabularies in flash.
//
// A vocabulary that is searched is sorted (thb_token_id); one that ids are spelt with is the tokens
// by id, each ended by a zero byte. A token of a whole text is a piece between blanks (space, tab,
// carriage return, line end), or with characters = 1 one UTF-8 character that is not a blank. Words
// that come byte by byte have rules of their own (word_stream.h).
#include <stddef.h>

#include "port/thb_port.h"

THB_KERNEL int thb_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Bytes of the token that begins at text[0], which is no blank; length >= 1.
THB_KERNEL size_t thb_token_length(const char* text, size_t length, int characters)
{
    size_t end = 1;
    while (end < length && (characters ? ((uint8_t)text[end] & 0xC0u) == 0x80u
                                       : !thb_is_blank(text[end])))
        ++end;
    return end;
}

// The id of a token; `unknown` when the vocabulary lacks it.
//
// bytes    `tokens` tokens in the order of their bytes, each ended by a zero byte
// starts   uint32, where each block of THB_TOKEN_BLOCK tokens begins
// ids      uint16 [tokens], their ids; null: their places in that order
//
// The last block whose first token is not greater holds the token, if any does.
#define THB_TOKEN_BLOCK 8

// Compares a token with the one at *entry and moves *entry behind the latter's zero byte. Below 0:
// the token is the lesser one.
THB_KERNEL int thb_token_compare(const uint8_t* token, size_t length, const uint8_t** entry)
{
    size_t i = 0;
    uint8_t c = THB_FLASH_U8((*entry)++);
    int order;
    while (i < length && c != 0 && token[i] == c) {
        ++i;
        c = THB_FLASH_U8((*entry)++);
    }
    order = i < length ? (token[i] < c ? -1 : 1) : (c != 0 ? -1 : 0);
    while (c != 0) c = THB_FLASH_U8((*entry)++);
    return order;
}

THB_KERNEL int32_t thb_token_id(const uint8_t* token, size_t length, const uint8_t* bytes,
                                const uint32_t* starts, const uint16_t* ids, int32_t tokens,
                                int32_t unknown)
{
    int32_t first = 0, last = (tokens + THB_TOKEN_BLOCK - 1) / THB_TOKEN_BLOCK, place;
    const uint8_t* entry;
    if (tokens == 0) return unknown;
    while (last - first > 1) {
        const int32_t middle = first + (last - first) / 2;
        entry = bytes + THB_FLASH_U32(starts + middle);
        if (thb_token_compare(token, length, &entry) < 0)
            last = middle;
        else
            first = middle;
    }
    entry = bytes + THB_FLASH_U32(starts + first);
    first *= THB_TOKEN_BLOCK;
    last = first + THB_TOKEN_BLOCK < tokens ? first + THB_TOKEN_BLOCK : tokens;
    for (place = first; place < last; ++place) {
        const int order = thb_token_compare(token, length, &entry);
        if (order < 0) break;
        if (order == 0) return ids ? (int32_t)THB_FLASH_U16(ids + place) : place;
    }
    return unknown;
}

// The ids of the first `count` tokens of a text; `pad` behind the last one. bytes, starts,
// token_ids: the vocabulary, as above.
THB_KERNEL void thb_text_to_ids(const char* text, size_t length, int characters,
                                const uint8_t* bytes, const uint32_t* starts,
                                const uint16_t* token_ids, int32_t tokens, int32_t unknown,
                                int32_t pad, int32_t* ids, thb_index_t count)
{
    thb_index_t i = 0;
    while (i < count) {
        size_t token;
        while (length > 0 && thb_is_blank(*text)) {
            ++text;
            --length;
        }
        if (length == 0) break;
        token = thb_token_length(text, length, characters);
        ids[i] = thb_token_id((const uint8_t*)text, token, bytes, starts, token_ids, tokens,
                              unknown);
        ++i;
        text += token;
        length -= token;
    }
    for (; i < count; ++i) ids[i] = pad;
}

// The tokens of `count` ids, with blanks between them unless characters = 1; ids without a token
// are left out. `out` is ended by a zero byte when out_size > 0; when it is too small, it holds the
// tokens that fit, none of them cut. Returns the bytes of the whole text without the zero byte.
THB_KERNEL size_t thb_ids_to_text(const int32_t* ids, int32_t count, const uint8_t* vocabulary,
                                  int32_t tokens, int characters, char* out, size_t out_size)
{
    size_t needed = 0, written = 0;
    int32_t i;
    int fits = 1;
    for (i = 0; i < count; ++i) {
        const uint8_t* token = vocabulary;
        size_t length = 0, k;
        int32_t id;
        if (ids[i] < 0 || ids[i] >= tokens) continue;
        for (id = 0; id < ids[i]; ++id) {
            while (THB_FLASH_U8(token) != 0) ++token;
            ++token;
        }
        while (THB_FLASH_U8(token + length) != 0) ++length;
        if (length == 0) continue;
        if (needed > 0 && !characters) ++needed;
        needed += length;
        if (needed >= out_size) fits = 0;
        if (!fits) continue;
        if (written > 0 && !characters) out[written++] = ' ';
        for (k = 0; k < length; ++k) out[written++] = (char)THB_FLASH_U8(token + k);
    }
    if (out_size > 0) out[written] = 0;
    return needed;
}
