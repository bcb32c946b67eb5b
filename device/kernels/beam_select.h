// One step of a search for the best sequence of symbols: greedy, or with up to 4 hypotheses.
//
// A hypothesis (beam) is a row of ids with its length; it is live while the length equals `step`.
// The symbols `end` and `pad` end it and do not count; behind its length stands `pad`.
#include <math.h>
#include <string.h>

#include "kernels/greater.h"
#include "port/thb_port.h"

// What a hypothesis of the next step is made of.
typedef struct {
    int32_t score;   // ordered like the true score
    int32_t symbol;  // -1: the parent has ended and stays as it is
    int16_t parent;
} thb_beam_t;

// Writes hypothesis `beam`: its parent's ids and length, with the new symbol. `ids_out` may be
// `ids` when there is one beam. Returns 1 when it is live.
THB_KERNEL int thb_write_beam(const int32_t* ids, const int32_t* lengths, int32_t step,
                              thb_index_t parent, int32_t symbol, thb_index_t beam,
                              int32_t* tokens, int32_t* ids_out, int32_t* lengths_out,
                              thb_index_t places, int32_t end, int32_t pad)
{
    const int live = symbol >= 0 && symbol != end && symbol != pad;
    const int32_t* from = ids + parent * places;
    int32_t* to = ids_out + beam * places;
    const int32_t written = live ? symbol : pad;
    if (from != to) memcpy(to, from, sizeof(int32_t) * (size_t)places);
    if (step >= 0 && step < places) to[step] = written;
    tokens[beam] = written;
    lengths_out[beam] = live ? step + 1 : lengths[parent];
    return live;
}

// Greedy search: the symbol is the place of the greatest logit, the first of equals.
//
// logits   [symbols] of `type` (THB_ELEMENT_*)
// ids      int32 [places]; ids_out may be the same
// lengths, step, tokens and their outputs: one int32 each; active: one byte, 1 when the search may
//          go on
THB_KERNEL void thb_greedy_select(const void* logits, int type, const int32_t* ids,
                                  const int32_t* lengths, const int32_t* step, int32_t* tokens,
                                  int32_t* ids_out, int32_t* lengths_out, int32_t* step_out,
                                  uint8_t* active, thb_index_t symbols, thb_index_t places,
                                  int32_t end, int32_t pad)
{
    const int32_t now = *step;
    thb_index_t best = 0, v;
    int live;
    for (v = 1; v < symbols; ++v)
        if (thb_greater(logits, 0, type, v, best)) best = v;
    live = thb_write_beam(ids, lengths, now, 0, best, 0, tokens, ids_out, lengths_out, places, end,
                          pad);
    *step_out = now + 1;
    *active = (uint8_t)(live && now + 1 < places);
}

// Puts a candidate into the falling list kept[1 .. count - 1], behind its equals, and drops the
// last one.
THB_KERNEL void thb_offer_beam(thb_beam_t* kept, int count, int32_t score, int32_t symbol,
                               thb_index_t parent)
{
    int at = count;
    while (at > 1 && score > kept[at - 1].score) {
        --at;
        if (at + 1 < count) kept[at + 1] = kept[at];
    }
    if (at == count) return;
    kept[at].score = score;
    kept[at].symbol = symbol;
    kept[at].parent = (int16_t)parent;
}

// All hypotheses of the next step, in the order of `kept`.
THB_KERNEL void thb_write_beams(const thb_beam_t* kept, const int32_t* ids, const int32_t* lengths,
                                const int32_t* step, int32_t* tokens, int32_t* ids_out,
                                int32_t* lengths_out, int32_t* step_out, uint8_t* active,
                                int32_t* parents, int beams, thb_index_t places, int32_t end,
                                int32_t pad)
{
    const int32_t now = *step;
    int32_t best_live = INT32_MIN, best_ended = INT32_MIN;
    thb_index_t b;
    for (b = 0; b < beams; ++b) {
        const int live = thb_write_beam(ids, lengths, now, kept[b].parent, kept[b].symbol, b,
                                        tokens, ids_out, lengths_out, places, end, pad);
        parents[b] = kept[b].parent;
        if (live && kept[b].score > best_live) best_live = kept[b].score;
        if (!live && kept[b].score > best_ended) best_ended = kept[b].score;
    }
    *step_out = now + 1;
    *active = (uint8_t)(best_live > best_ended && now + 1 < places);
}

// A float as an integer with the same order (both zeros are equal), and back: the bits of a
// negative float fall where the float rises.
THB_KERNEL int32_t thb_ordered(float x)
{
    int32_t bits;
    x += 0.0f;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? (int32_t)(bits ^ INT32_C(0x7fffffff)) : bits;
}

THB_KERNEL float thb_from_ordered(int32_t order)
{
    const int32_t bits = order < 0 ? (int32_t)(order ^ INT32_C(0x7fffffff)) : order;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// Beam search with `beams` (2 to 4) hypotheses and float32 scores:
//
//   score of (b, v) = scores[b] + logits[b][v] - max - log(sum of exp(logits[b] - max))
//
// Beam 0 goes on greedily; the others take the best of all other continuations.
// logits   float32 [beams][symbols]
// ids      int32 [beams][places]; lengths, tokens, parents int32 [beams]; step int32 [1]
// scores   float32 [beams]; at most -1e30: no hypothesis (never beam 0)
// Outputs must not overlap inputs.
THB_KERNEL void thb_beam_select_f32(const float* logits, const int32_t* ids, const int32_t* lengths,
                                    const int32_t* step, const float* scores, int32_t* tokens,
                                    int32_t* ids_out, int32_t* lengths_out, int32_t* step_out,
                                    uint8_t* active, float* scores_out, int32_t* parents, int beams,
                                    thb_index_t symbols, thb_index_t places, int32_t end,
                                    int32_t pad)
{
    thb_beam_t kept[4];
    thb_index_t b, v;
    for (b = 0; b < beams; ++b) {
        kept[b].score = thb_ordered(-1e30f);
        kept[b].symbol = -1;
        kept[b].parent = 0;
    }
    for (b = 0; b < beams; ++b) {
        const float* row = logits + b * symbols;
        thb_index_t best = 0;
        float log_sum = 0.0f;
        if (b > 0 && scores[b] <= -1e30f) continue;
        if (lengths[b] != *step) {
            if (b > 0) thb_offer_beam(kept, beams, thb_ordered(scores[b]), -1, b);
            else kept[0].score = thb_ordered(scores[0]);
            continue;
        }
        for (v = 1; v < symbols; ++v)
            if (row[v] > row[best]) best = v;
        for (v = 0; v < symbols; ++v) log_sum += expf(row[v] - row[best]);
        log_sum = logf(log_sum);
        for (v = 0; v < symbols; ++v) {
            const int32_t score = thb_ordered(scores[b] + (row[v] - row[best] - log_sum));
            if (b > 0 || v != best) {
                thb_offer_beam(kept, beams, score, v, b);
            } else {
                kept[0].score = score;
                kept[0].symbol = v;
            }
        }
    }
    thb_write_beams(kept, ids, lengths, step, tokens, ids_out, lengths_out, step_out, active,
                    parents, beams, places, end, pad);
    for (b = 0; b < beams; ++b) scores_out[b] = thb_from_ordered(kept[b].score);
}

// ln(sum / 2^16) with 16 fraction bits, sum >= 2^16: log2 by repeated squaring, times ln 2.
THB_KERNEL int32_t thb_log_q16(uint32_t sum)
{
    uint32_t whole = UINT32_C(15) << 16;
    uint32_t bit;
    while (!(sum & UINT32_C(0x80000000))) {
        sum <<= 1;
        whole -= UINT32_C(65536);
    }
    for (bit = UINT32_C(32768); bit > 0; bit >>= 1) {
        uint64_t square = ((uint64_t)sum * sum) >> 31;
        if (square >> 32) {
            whole += bit;
            square >>= 1;
        }
        sum = (uint32_t)square;
    }
    return (int32_t)(((uint64_t)whole * 45426u + 32768u) >> 16);
}

// The same with int8 logits and scores in Q16 (int32, saturated at -2^30; INT32_MIN: none).
//
// exps, costs  uint32, int32 [256] in flash: e^-(d * scale) and d * scale with 16 fraction bits for
//              the differences d of two logits
THB_KERNEL void thb_beam_select_s8(const int8_t* logits, const uint32_t* exps, const int32_t* costs,
                                   const int32_t* ids, const int32_t* lengths, const int32_t* step,
                                   const int32_t* scores, int32_t* tokens, int32_t* ids_out,
                                   int32_t* lengths_out, int32_t* step_out, uint8_t* active,
                                   int32_t* scores_out, int32_t* parents, int beams,
                                   thb_index_t symbols, thb_index_t places, int32_t end,
                                   int32_t pad)
{
    thb_beam_t kept[4];
    thb_index_t b, v;
    for (b = 0; b < beams; ++b) {
        kept[b].score = INT32_MIN;
        kept[b].symbol = -1;
        kept[b].parent = 0;
    }
    for (b = 0; b < beams; ++b) {
        const int8_t* row = logits + b * symbols;
        thb_index_t best = 0;
        uint32_t sum = 0;
        int32_t log_sum;
        if (b > 0 && scores[b] == INT32_MIN) continue;
        if (lengths[b] != *step) {
            if (b > 0) thb_offer_beam(kept, beams, scores[b], -1, b);
            else kept[0].score = scores[0];
            continue;
        }
        for (v = 1; v < symbols; ++v)
            if (row[v] > row[best]) best = v;
        for (v = 0; v < symbols; ++v) sum += THB_FLASH_U32(exps + (row[best] - row[v]));
        log_sum = thb_log_q16(sum);
        for (v = 0; v < symbols; ++v) {
            int32_t score = scores[b] - THB_FLASH_S32(costs + (row[best] - row[v])) - log_sum;
            if (score < -(INT32_C(1) << 30)) score = -(INT32_C(1) << 30);
            if (b > 0 || v != best) {
                thb_offer_beam(kept, beams, score, v, b);
            } else {
                kept[0].score = score;
                kept[0].symbol = v;
            }
        }
    }
    thb_write_beams(kept, ids, lengths, step, tokens, ids_out, lengths_out, step_out, active,
                    parents, beams, places, end, pad);
    for (b = 0; b < beams; ++b) scores_out[b] = kept[b].score;
}
