// The id of a word that came byte by byte, in a sorted vocabulary.
#include "kernels/text.h"
#include "port/thb_port.h"

// word   the word's bytes; scan[0]: their number, at most `capacity` of which count
// bytes, starts, ids, tokens, unknown   the vocabulary, see thb_token_id
THB_KERNEL void thb_vocabulary(const uint8_t* word, const uint8_t* scan, const uint8_t* bytes,
                               const uint32_t* starts, const uint16_t* ids, int32_t* id,
                               int capacity, int32_t tokens, int32_t unknown)
{
    *id = thb_token_id(word, scan[0] < capacity ? scan[0] : (uint8_t)capacity, bytes, starts, ids,
                       tokens, unknown);
}
