// Ids of a word: hash mod buckets + 1. The hash is stated step by step in docs/numerics.md, "Text".
//
// word     the word's bytes; scan[0]: their number, at most `capacity` of which count, a key
// buckets  key, 1 to 2^31 - 1; seed a key
//
// Source: P. Hsieh, "Hash functions", 2004; written anew. Bytes from 128 on are signed in the tail,
// as that program reads them.
#include "port/thb_port.h"

THB_KERNEL uint8_t thb_word_length(const uint8_t* scan, int capacity)
{
    return (uint8_t)(scan[0] < capacity ? scan[0] : capacity);
}

THB_KERNEL uint32_t thb_text_pair(const uint8_t* bytes)
{
    return (uint32_t)(uint16_t)(bytes[0] | (uint16_t)((uint16_t)bytes[1] << 8));
}

// A byte as a signed number, modulo 2^32.
THB_KERNEL uint32_t thb_text_signed(uint8_t byte)
{
    return (uint32_t)byte - ((uint32_t)(byte & 0x80u) << 1);
}

// All arithmetic is modulo 2^32.
THB_KERNEL uint32_t thb_super_fast_hash(const uint8_t* bytes, uint8_t count, uint32_t seed)
{
    uint32_t hash = count + seed;
    uint8_t fours;
    for (fours = (uint8_t)(count >> 2); fours > 0; --fours) {
        hash += thb_text_pair(bytes);
        hash = (hash << 16) ^ (thb_text_pair(bytes + 2) << 11) ^ hash;
        hash += hash >> 11;
        bytes += 4;
    }
    count &= 3u;
    if (count == 1) {
        hash += thb_text_signed(bytes[0]);
        hash ^= hash << 10;
        hash += hash >> 1;
    } else if (count != 0) {
        hash += thb_text_pair(bytes);
        if (count == 3) {
            hash ^= hash << 16;
            hash ^= thb_text_signed(bytes[2]) << 18;
            hash += hash >> 11;
        } else {
            hash ^= hash << 11;
            hash += hash >> 17;
        }
    }
    hash ^= hash << 3;
    hash += hash >> 5;
    hash ^= hash << 4;
    hash += hash >> 17;
    hash ^= hash << 25;
    return hash + (hash >> 6);
}

THB_KERNEL int32_t thb_bucket_id(uint32_t hash, uint32_t buckets)
{
    return (int32_t)(hash % buckets) + 1;
}

// The id of the word alone.
THB_KERNEL void thb_hash_word(const uint8_t* word, const uint8_t* scan, int32_t* id, int capacity,
                              uint32_t buckets, uint32_t seed)
{
    const uint8_t length = thb_word_length(scan, capacity);
    *id = thb_bucket_id(thb_super_fast_hash(word, length, seed), buckets);
}

// Also the ids of the last 2 to `ngrams` words, and of the runs of `least` to `most` bytes of
// "<word>".
//
// history  uint32 [ngrams], state: number of words before, at most ngrams - 1, then their hashes,
//          the newest first; null when ngrams is 1
// ids      int32 [places], the first *count of which are set, the others 0
// marked   scratch of two bytes more than the longest word; null when least is 0: no runs
THB_KERNEL void thb_hash_words(const uint8_t* word, const uint8_t* scan, uint32_t* history,
                               int32_t* ids, int32_t* count, uint8_t* marked, int capacity,
                               uint32_t buckets, uint32_t seed, int ngrams, int least, int most,
                               thb_index_t places)
{
    const uint8_t bytes = thb_word_length(scan, capacity);
    const uint32_t hash = thb_super_fast_hash(word, bytes, seed);
    thb_index_t filled = 0;
    ids[filled++] = thb_bucket_id(hash, buckets);
    if (ngrams > 1) {
        int n, i;
        for (n = 1; n <= (int)history[0]; ++n) {
            uint32_t joined = history[n];
            for (i = n - 1; i > 0; --i) joined = joined * UINT32_C(116049371) + history[i];
            ids[filled++] = thb_bucket_id(joined * UINT32_C(116049371) + hash, buckets);
        }
        for (i = ngrams - 1; i > 1; --i) history[i] = history[i - 1];
        history[1] = hash;
        if ((int)history[0] < ngrams - 1) ++history[0];
    }
    if (least > 0) {
        const int length = bytes + 2;
        int n, i;
        marked[0] = '<';
        memcpy(marked + 1, word, bytes);
        marked[length - 1] = '>';
        for (n = least; n <= most; ++n)
            for (i = 0; i + n <= length; ++i)
                ids[filled++] =
                    thb_bucket_id(thb_super_fast_hash(marked + i, (uint8_t)n, seed), buckets);
    }
    *count = filled;
    for (; filled < places; ++filled) ids[filled] = 0;
}
