#!/bin/bash
# build: the files it writes compile without a warning as C99 and C++11, say what was measured, are the
# same every time, keep to their own symbols, and pass their own self-test.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache
strict="-Wall -Wextra -Wconversion -Werror"
data=examples/gesture/data

expect "build for the host" 0 "$thimble" build $gesture --target host -o "$scratch/a" --self-test --json
is_json "build --json"
holds "build lists its files" 'len(d["files"]) == 5 and isinstance(d["warnings"], list)'
expect "build again" 0 "$thimble" build $gesture --target host -o "$scratch/b" --self-test
expect "equal bytes every time" 0 diff -r "$scratch/a" "$scratch/b"
expect "build over its own files" 0 "$thimble" build $gesture --target host -o "$scratch/a" --self-test
echo "mine" >"$scratch/b/gesture.c"
expect "keep a file of somebody else" 1 "$thimble" build $gesture --target host -o "$scratch/b"
[ "$(cat "$scratch/b/gesture.c")" = mine ] && ok "the file is untouched" || failed "the file is untouched" "it was replaced"
expect "--force replaces it" 0 "$thimble" build $gesture --target host -o "$scratch/b" --force

cat >"$scratch/self.c" <<'C'
#include "gesture.h"
static gesture_t model;
int main(void) { return gesture_self_test(&model); }
C
for compiler in "gcc -std=c99" "clang -std=c99" "g++ -x c++ -std=c++11" "clang++ -x c++ -std=c++11"; do
    if ! command -v "${compiler%% *}" >/dev/null; then skipped "self-test with $compiler" "not installed"; continue; fi
    # shellcheck disable=SC2086
    expect "compile with $compiler" 0 $compiler $strict -O2 -I "$scratch/a" -o "$scratch/self" "$scratch/self.c" "$scratch/a/gesture.c" "$scratch/a/gesture_self_test.c" -lm &&
        expect "self-test with $compiler" 0 "$scratch/self"
done
sed -i 's/^    [0-9]*u, /    1u, /' "$scratch/a/gesture_self_test.c"
gcc -O2 -I "$scratch/a" -o "$scratch/self" "$scratch/self.c" "$scratch/a/gesture.c" "$scratch/a/gesture_self_test.c" -lm
expect "the self-test can fail" 1 "$scratch/self"

expect "make for the host" 0 make -s -C "$scratch/b"
expect "the example runs" 0 "$scratch/b/example"
foreign=$(nm -g --defined-only "$scratch/b/gesture.o" | awk '$3 !~ /^gesture_/ { print $3 }')
[ -z "$foreign" ] && ok "only gesture_* is external" || failed "only gesture_* is external" "$foreign"

# One model under two names and a second model in one program.
float=examples/gesture/gesture_float.tflite
expect "build under another name" 0 "$thimble" build $gesture --target host -o "$scratch/two" --name second --unmeasured
expect "build a second model" 0 "$thimble" build $float --target host -o "$scratch/three" --unmeasured
cat >"$scratch/both.c" <<'C'
#include "gesture.h"
#include "gesture_float.h"
#include "second.h"
static gesture_t a;
static second_t b;
static gesture_float_t c;
int main(void)
{
    size_t i;
    gesture_init(&a);
    second_init(&b);
    gesture_float_init(&c);
    for (i = 0; i < GESTURE_INPUT_SIZE; ++i) gesture_input(&a)[i] = second_input(&b)[i] = (int8_t)(i - 75);
    gesture_invoke(&a);
    second_invoke(&b);
    gesture_float_invoke(&c);
    return memcmp(gesture_output(&a), second_output(&b), GESTURE_OUTPUT_SIZE) != 0;
}
C
expect "three models link into one program" 0 gcc -std=c99 $strict -I "$scratch/b" -I "$scratch/two" -I "$scratch/three" -o "$scratch/both" "$scratch/both.c" "$scratch/b/gesture.c" "$scratch/two/second.c" "$scratch/three/gesture_float.c" -lm
expect "and agree" 0 "$scratch/both"

# On the Uno the header's macros are what profile says.
if "$thimble" targets --json | grep -A8 '"emulator": "simavr"' | grep -q '"state": "ready"'; then
    expect "build for the Uno" 0 "$thimble" build $gesture --target uno -o "$scratch/uno" --self-test
    expect "make for the Uno" 0 make -s -C "$scratch/uno"
    expect "profile on the Uno" 0 "$thimble" profile $gesture --target uno --json
    for pair in CYCLES:total STACK_BYTES:stack; do
        value=$(sed -n "s/^#define GESTURE_${pair%%:*} \([0-9]*\).*/\1/p" "$scratch/uno/gesture.h")
        holds "GESTURE_${pair%%:*} equals profile" "d['${pair##*:}'] == ${value:-0}"
    done
    value=$(sed -n "s/^#define GESTURE_FLASH_BYTES \([0-9]*\).*/\1/p" "$scratch/uno/gesture.h")
    holds "GESTURE_FLASH_BYTES equals profile" "d['flash']['total'] == ${value:-0}"
    value=$(sed -n "s/^#define GESTURE_RAM_BYTES \([0-9]*\).*/\1/p" "$scratch/uno/gesture.h")
    holds "GESTURE_RAM_BYTES equals profile" "d['ram']['total'] == ${value:-0}"
    grep -q "bit-exact with thimble's oracle" "$scratch/uno/gesture.h" && ok "the header says how it was verified" ||
        failed "the header says how it was verified" "no such sentence"
else
    skipped "build for the Uno" "avr-gcc or simavr is not installed"
fi
exit $failures
