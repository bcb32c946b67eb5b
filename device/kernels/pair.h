// How a kernel walks two operands whose shapes broadcast to the output's (docs/architecture.md).
//
//   thb_pair_t at = thb_pair_start();
//   for (i = 0; i < count; ++i) {
//       out[i] = f(a[at.a], b[at.b]);
//       thb_pair_next(&at, form, period, walk);
//   }
//
// form    a key: the compiler drops all but one branch
// period  elements after which the shorter operand begins again, for the *_PERIOD forms
// walk    in flash, for THB_PAIR_STRIDED: number of loops, then size, jump of a, jump of b of each
//         loop, innermost first; a jump also takes back what the inner loops have moved
#include "port/thb_port.h"

#define THB_PAIR_SAME 0      // both have the output's shape
#define THB_PAIR_B_SCALAR 1  // b is one element
#define THB_PAIR_A_SCALAR 2
#define THB_PAIR_B_PERIOD 3  // b repeats, for example one number a channel
#define THB_PAIR_A_PERIOD 4
#define THB_PAIR_STRIDED 5  // any broadcast
#define THB_PAIR_LOOPS 8    // of a strided walk at most

typedef struct {
    thb_index_t a;
    thb_index_t b;
    thb_index_t done[THB_PAIR_LOOPS];
} thb_pair_t;

THB_KERNEL thb_pair_t thb_pair_start(void)
{
    thb_pair_t at;
    int8_t d;
    at.a = 0;
    at.b = 0;
    for (d = 0; d < THB_PAIR_LOOPS; ++d) at.done[d] = 0;
    return at;
}

THB_KERNEL void thb_pair_next(thb_pair_t* at, int form, thb_index_t period, const int32_t* walk)
{
    if (form == THB_PAIR_STRIDED) {
        const int8_t loops = (int8_t)THB_FLASH_S32(walk);
        int8_t d;
        for (d = 0; d < loops; ++d) {
            const int32_t* loop = walk + 1 + 3 * d;
            if (++at->done[d] < (thb_index_t)THB_FLASH_S32(loop)) {
                at->a = (thb_index_t)(at->a + (thb_index_t)THB_FLASH_S32(loop + 1));
                at->b = (thb_index_t)(at->b + (thb_index_t)THB_FLASH_S32(loop + 2));
                return;
            }
            at->done[d] = 0;
        }
        return;
    }
    if (form != THB_PAIR_A_SCALAR) ++at->a;
    if (form != THB_PAIR_B_SCALAR) ++at->b;
    if (form == THB_PAIR_A_PERIOD && at->a == period) at->a = 0;
    if (form == THB_PAIR_B_PERIOD && at->b == period) at->b = 0;
}
