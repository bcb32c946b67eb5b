#!/bin/bash
# NAME_step: a program of the user's own feeds a recurrent network one time step at a time and gets what
# `run` computes for the whole input, with and without memory for the input, in both state policies.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache
model=${THIMBLE_SHARED:-../shared}/models/tflite-micro/trained_lstm_int8.tflite
if [ ! -f "$model" ]; then
    skipped "a recurrent network fed by steps" "no $model (THIMBLE_SHARED names another folder)"
    exit $failures
fi
runs=4
python3 -c 'import random, sys
random.seed(5)
sys.stdout.buffer.write(bytes(random.randrange(256) for _ in range(28 * 28 * int(sys.argv[1]))))' $runs >"$scratch/in.bin"

cat >"$scratch/main.c" <<'C'
#include <stdio.h>
#include "net.h"
static net_t net;
int main(void)
{
    int8_t row[NET_STEP_SIZE];
    int t = 0;
    net_init(&net);
    while (fread(row, 1, sizeof row, stdin) == sizeof row) {
        const int done = net_step(&net, row);
        if (done != (++t == NET_STEPS)) return 1;
        if (!done) continue;
        fwrite(net_output(&net), 1, NET_OUTPUT_SIZE, stdout);
        t = 0;
    }
    return 0;
}
C
payload() { python3 -c 'import sys
data = open(sys.argv[1], "rb").read()
sys.stdout.buffer.write(data[10 + data[8] + 256 * data[9]:])' "$1"; }

for state in reset keep; do
    expect "run --state $state" 0 "$thimble" run "$model" --state $state --runs $runs --input "$scratch/in.bin" --output "$scratch/$state"
    payload "$scratch/$state"/*.npy >"$scratch/expected"
    for feed in whole steps; do
        out=$scratch/$state-$feed
        expect "build --feed $feed --state $state" 0 "$thimble" build "$model" --target host --name net --feed $feed --state $state -o "$out" --self-test --unmeasured
        for compiler in "gcc -std=c99" "g++ -x c++ -std=c++11"; do
            # shellcheck disable=SC2086
            expect "compile with $compiler" 0 $compiler -Wall -Wextra -Wconversion -Werror -O2 -I "$out" -o "$scratch/net" "$scratch/main.c" "$out/net.c" -lm
            "$scratch/net" <"$scratch/in.bin" >"$scratch/found"
            expect "steps equal run, --feed $feed --state $state" 0 cmp "$scratch/expected" "$scratch/found"
        done
        echo '#include "net.h"
static net_t net;
int main(void) { return net_self_test(&net); }' >"$scratch/self.c"
        expect "compile the self-test" 0 gcc -Wall -Wextra -Werror -O2 -I "$out" -o "$scratch/self" "$scratch/self.c" "$out/net.c" "$out/net_self_test.c" -lm
        expect "self-test, --feed $feed --state $state" 0 "$scratch/self"
        expect "make the example" 0 make -s -C "$out"
    done
done
cmp -s "$scratch/reset"/*.npy "$scratch/keep"/*.npy && failed "kept state matters" "equal outputs" || ok "kept state matters"
grep -q "net_input(net_t" "$scratch/reset-steps/net.h" && failed "no memory for the input" "net_input is declared" || ok "no memory for the input"
for target in uno cortex-m4; do
    expect "verify --feed steps on $target" 0 "$thimble" verify "$model" --target $target --feed steps --cases 3 --json &&
        holds "bit-exact by steps on $target" 'd["bit_exact"] and d["mismatches"] == 0'
    expect "profile --feed steps on $target" 0 "$thimble" profile "$model" --target $target --feed steps --json &&
        holds "at most 700 bytes on $target" 'd["ram"]["total"] <= 700 and d["ram"]["io"] == 28'
done
expect "a network without steps" 1 "$thimble" build $gesture --target host --feed steps -o "$scratch/none" --unmeasured
exit $failures
