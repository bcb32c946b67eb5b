// Text to ids and back, with vocabularies in flash.
//
// A vocabulary is the tokens by id, each ended by a zero byte. It is searched from its begin: a
// search costs little beside the network. A token is a piece between blanks (space, tab, carriage
// return, line end), or with characters = 1 one UTF-8 character that is not a blank.
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
THB_KERNEL int32_t thb_token_id(const char* token, size_t length, const uint8_t* vocabulary,
                                int32_t tokens, int32_t unknown)
{
    int32_t id;
    for (id = 0; id < tokens; ++id) {
        size_t i = 0;
        while (i < length && token[i] != 0 && THB_FLASH_U8(vocabulary) == (uint8_t)token[i]) {
            ++vocabulary;
            ++i;
        }
        if (i == length && THB_FLASH_U8(vocabulary) == 0) return id;
        while (THB_FLASH_U8(vocabulary) != 0) ++vocabulary;
        ++vocabulary;
    }
    return unknown;
}

// The ids of the first `count` tokens of a text; `pad` behind the last one.
THB_KERNEL void thb_text_to_ids(const char* text, size_t length, int characters,
                                const uint8_t* vocabulary, int32_t tokens, int32_t unknown,
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
        ids[i] = thb_token_id(text, token, vocabulary, tokens, unknown);
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
