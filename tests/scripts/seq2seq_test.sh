#!/bin/bash
# A project with a seq2seq stage on the command line: inspect, run on text and ids, build, verify.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache
unit=$(dirname "$thimble")/thimble_unit
[ -x "$unit" ] || { skipped "seq2seq" "thimble_unit writes the project and is not built"; exit 0; }
words=$scratch/words
THIMBLE_WRITE_PROJECT=$words "$unit" --gtest_filter=NumberWords.writes_a_project >/dev/null ||
    { failed "write the project" "thimble_unit fails"; exit 1; }

expect "inspect a project" 0 "$thimble" inspect "$words" --json
is_json "inspect --json"
holds "inspect names inputs and outputs" \
    '[t["name"] for t in d["inputs"] + d["outputs"]] == ["source", "ids", "count"] and d["supported"]'

printf '7929\n8 4 2 2 5 9\n\njunk and more than ten\n' >"$scratch/in.txt"
expect "run on text" 0 "$thimble" run "$words" --input "$scratch/in.txt" --json -o "$scratch/ids"
is_json "run --json"
holds "an answer for each line" 'len(d["text"]) == 4 and d["runs"] == 4 and len(d["text"][0].split()) > 3'
cp "$scratch/out" "$scratch/oracle.json"
expect "run on text, generated C" 0 "$thimble" run "$words" --input "$scratch/in.txt" --engine host --json
holds "the same answers" 'd["text"] == json.load(open("'"$scratch/oracle.json"'"))["text"]'
expect "people see the answers alone" 0 "$thimble" run "$words" --input "$scratch/in.txt"
[ "$(grep -vc '^next:' "$scratch/out")" = 4 ] && ok "one line for each" || failed "one line for each" "$(cat "$scratch/out")"
python3 - "$scratch" <<'PY'
import struct, sys
def npy(path, ids):
    head = "{'descr': '<i4', 'fortran_order': False, 'shape': (%d,), }" % len(ids)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    open(path, "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
                           + struct.pack("<%di" % len(ids), *ids))
npy(sys.argv[1] + "/in.npy", [3, 2, 4, 2, 0, 0, 0, 0, 0, 0])  # 7 9 2 9
PY
expect "run on ids" 0 "$thimble" run "$words" --input "$scratch/in.npy" --json
holds "ids and text say the same" 'd["text"] == json.load(open("'"$scratch/oracle.json"'"))["text"][:1]'
expect "text for a plain model is refused" 2 "$thimble" run $gesture --input "$scratch/in.txt"

expect "build" 0 "$thimble" build "$words" --target host -o "$scratch/c" --self-test
expect "the example compiles" 0 make -s -C "$scratch/c" CFLAGS="-O1 -Wall -Wextra -Wconversion -Werror -std=c99"
expect "the example runs" 0 "$scratch/c/example"
expect "a project where we stand" 0 env -C "$words" "$thimble" run --input "$scratch/in.txt" --json
holds "the same project" 'd["text"] == json.load(open("'"$scratch/oracle.json"'"))["text"]'
cat >"$scratch/main.c" <<'C'
#include "number_words.h"
#include <stdio.h>
static number_words_t t;
int main(void)
{
    char out[200];
    number_words_init(&t);
    if (number_words_self_test(&t) != 0) return 1;
    number_words_text(&t, "7929", 4, out, sizeof out);
    puts(out);
    return 0;
}
C
for compiler in "gcc -std=c99" "g++ -x c++ -std=c++11"; do
    # shellcheck disable=SC2086
    expect "compile with $compiler" 0 $compiler -Wall -Wextra -Wconversion -Werror -O1 -I "$scratch/c" -o "$scratch/main" \
        "$scratch/main.c" "$scratch/c/number_words.c" "$scratch/c/number_words_self_test.c" -lm &&
        expect "NAME_text runs" 0 "$scratch/main"
    [ "$(cat "$scratch/out")" = "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["text"][0])' "$scratch/oracle.json")" ] &&
        ok "NAME_text says what run says" || failed "NAME_text says what run says" "$(cat "$scratch/out")"
done
if command -v qemu-system-arm arm-none-eabi-gcc >/dev/null; then
    expect "verify" 0 "$thimble" verify "$words" --target cortex-m4 --input "$scratch/in.txt" --json
    holds "the lines are cases" 'd["cases"] == 14'
    holds "bit-exact" 'd["bit_exact"] and d["mismatches"] == 0'
    expect "profile" 0 "$thimble" profile "$words" --target cortex-m4 --json
    holds "networks share one work area" 'd["ram"]["total"] < 9000'
    holds "the code is small" 'd["flash"]["code"] < 8000 and d["flash"]["total"] < 270000'
else
    skipped "verify" "no Cortex-M tools"
fi
exit $failures
