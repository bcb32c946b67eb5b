#!/bin/bash
# Projects from samples to decisions: run, verify, profile, inspect and build say what they should, the
# generated C compiles without warnings and decides as `run` does.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache

# The strongest axis, sample by sample, where it is strong.
mkdir "$scratch/axes"
cat >"$scratch/axes/thimble.toml" <<'T'
name = "axes"
[input]
kind = "motion"
channels = ["x", "y", "z"]
rate_hz = 50
[[stage]]
kind = "argmax"
labels = ["along x", "along y", "along z"]
[deploy]
target = "uno"
T
printf 'x,y,z\n1,2,30\n1,20,3\n\n10,2,3\n' >"$scratch/two.csv"
axes=$scratch/axes

for engine in "--engine oracle" "--engine host" "--target uno" "--target cortex-m4"; do
    # shellcheck disable=SC2086
    expect "run $engine" 0 "$thimble" run "$axes" --input "$scratch/two.csv" $engine --json && is_json "run $engine" &&
        holds "decisions with times, $engine" \
            '[(r["label"], r["score"], r["time_ms"]) for r in d["decisions"]] == [("along z", 30, 20), ("along y", 20, 40), ("along x", 10, 20)] and d["recordings"] == 2'
done
expect "run for people" 0 "$thimble" run "$axes" --input "$scratch/two.csv"
grep -q "along z" "$scratch/out" && ok "labels are printed" || failed "labels are printed" "$(head -3 "$scratch/out")"

for target in uno cortex-m0plus host; do
    expect "verify on $target" 0 "$thimble" verify "$axes" --target $target --cases 5 --json &&
        holds "bit-exact on $target" 'd["bit_exact"] and d["mismatches"] == 0 and d["ticks"] >= 40 and d["decisions"] == d["ticks"]'
    expect "verify a recording on $target" 0 "$thimble" verify "$axes" --target $target --input "$scratch/two.csv" --json &&
        holds "three ticks on $target" 'd["cases"] == 2 and d["ticks"] == 3'
done
expect "verify on the project's target" 0 "$thimble" verify "$axes" --cases 2 --json && holds "which is uno" 'd["target"] == "uno"'
expect "verify --layers for people" 0 "$thimble" verify "$axes" --cases 2 --layers

expect "profile on uno" 0 "$thimble" profile "$axes" --json && is_json "profile" &&
    holds "ticks, push and stages" \
        'd["ticks"] >= 8 and 0 < d["push"]["one"] < 2000 and d["stages"] and d["tick_period_ms"] == 20 and d["total"] >= d["mean"] > 0'
expect "profile for people" 0 "$thimble" profile "$axes" --input "$scratch/two.csv"
grep -q "ms of the 20 ms between ticks" "$scratch/out" && ok "time between ticks" || failed "time between ticks" "$(tail -3 "$scratch/out")"

expect "inspect" 0 "$thimble" inspect "$axes" --json && is_json "inspect" &&
    holds "the chain" '[s["stage"] for s in d["stages"]] == ["input", "argmax"] and d["stages"][0]["shape"] == [3] and d["stages"][0]["per_second"] == 50'
expect "boards" 0 "$thimble" boards "$axes" --json && holds "it fits an Uno" '[b["fits"] for b in d["boards"] if b["board"] == "uno"] == [True]'

expect "build for this computer" 0 "$thimble" build "$axes" --target host -o "$scratch/host" --self-test --json
expect "make it" 0 make -s -C "$scratch/host"
expect "its example" 0 "$scratch/host/example"
for compiler in "gcc -std=c99" "g++ -x c++ -std=c++11"; do
    echo '#include "axes.h"
static axes_t t;
int main(void) { return axes_self_test(&t); }' >"$scratch/self.c"
    # shellcheck disable=SC2086
    expect "compile the self-test with $compiler" 0 $compiler -Wall -Wextra -Wconversion -Werror -O2 -I "$scratch/host" -o "$scratch/self" "$scratch/self.c" "$scratch/host/axes.c" "$scratch/host/axes_self_test.c" -lm
    expect "self-test" 0 "$scratch/self"
done
expect "compile the self-test with sanitizers" 0 gcc -std=c99 -g -fsanitize=address,undefined -fno-sanitize-recover -I "$scratch/host" -o "$scratch/self" "$scratch/self.c" "$scratch/host/axes.c" "$scratch/host/axes_self_test.c" -lm
expect "self-test with sanitizers" 0 "$scratch/self"
expect "build with slices" 0 "$thimble" build "$axes" --slices 3000 -o "$scratch/uno" --json
grep -q "axes_poll_slice" "$scratch/uno/axes.h" && ok "slices are declared" || failed "slices are declared" "no axes_poll_slice"
grep -q "measured: at most" "$scratch/uno/axes.h" && ok "the longest slice is stated" || failed "the longest slice is stated" "no measure"
expect "a limit below every layer" 1 "$thimble" build "$axes" --slices 20 -o "$scratch/none"
grep -q "alone takes" "$scratch/err" && ok "the layer is named" || failed "the layer is named" "$(cat "$scratch/err")"
expect "the same bytes twice" 0 "$thimble" build "$axes" --target uno -o "$scratch/again" --unmeasured
cp -r "$scratch/again" "$scratch/first"
expect "built again" 0 "$thimble" build "$axes" --target uno -o "$scratch/again" --unmeasured
expect "equal bytes" 0 cmp "$scratch/first/axes.c" "$scratch/again/axes.c"

# A stream of 20 movements: 20 decisions, on the emulated Uno as by the oracle.
stream=examples/gesture/stream/stream.csv
expect "run the stream by the oracle" 0 "$thimble" run examples/gesture --input $stream --json && cp "$scratch/out" "$scratch/oracle.json"
expect "run the stream on an Uno" 0 "$thimble" run examples/gesture --input $stream --target uno --json &&
    holds "20 decisions, equal ones" "len(d['decisions']) == 20 and d['decisions'] == json.load(open('$scratch/oracle.json'))['decisions']"
expect "verify the stream on an Uno" 0 "$thimble" verify examples/gesture --input $stream --target uno --json &&
    holds "every stage of every tick is exact" 'd["bit_exact"] and d["ticks"] == 1840 and d["decisions"] == 20'
expect "the stream in slices" 0 "$thimble" build examples/gesture --target uno --slices 20000 --input $stream -o "$scratch/slices" --json
grep -q "if (!\*(const uint8_t\*)" "$scratch/slices/gesture.c" && ok "the branch behind the trigger is cut" || failed "the branch behind the trigger is cut" "no test in a slice"

# Sound, at the input's rate and at another, whole and cut short.
mkdir "$scratch/sound"
cat >"$scratch/sound/thimble.toml" <<'T'
name = "sound"
[input]
kind = "audio"
rate_hz = 16000
[[stage]]
kind = "audio_frontend"
output = "int8"
[[stage]]
kind = "argmax"
T
python3 - "$scratch" <<'P'
import math, struct, sys, wave
for rate in (8000, 16000):
    with wave.open(f"{sys.argv[1]}/{rate}.wav", "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i * 2000 / rate))) for i in range(rate // 5)))
data = open(f"{sys.argv[1]}/16000.wav", "rb").read()
open(f"{sys.argv[1]}/short.wav", "wb").write(data[:1000])
P
expect "run sound" 0 "$thimble" run "$scratch/sound" --input "$scratch/16000.wav" --json && holds "nine windows of 30 ms in 200 ms" 'len(d["decisions"]) == 9 and d["decisions"][0]["time_ms"] == 30 and not d["notes"]'
expect "run sound of another rate" 0 "$thimble" run "$scratch/sound" --input "$scratch/8000.wav" --json && holds "brought to the rate, with a note" 'len(d["decisions"]) == 9 and len(d["notes"]) == 1'
expect "sound that is cut short" 1 "$thimble" run "$scratch/sound" --input "$scratch/short.wav"
expect "verify sound" 0 "$thimble" verify "$scratch/sound" --target cortex-m4 --input "$scratch/16000.wav" --json && holds "every stage is exact" 'd["bit_exact"] and d["ticks"] == 9 and sum(t["layer"].startswith("audio_frontend/") and t["compared"] for t in d["tensors"]) > 5'

# One whole input.
mkdir "$scratch/image"
cat >"$scratch/image/thimble.toml" <<'T'
name = "image"
[input]
kind = "image"
width = 28
height = 28
[[stage]]
kind = "argmax"
T
head -c 784 /dev/zero | tr '\0' '\7' >"$scratch/28.bin"
expect "run an image" 0 "$thimble" run "$scratch/image" --input "$scratch/28.bin" --engine host --json && holds "one decision" '[r["label"] for r in d["decisions"]] == ["0"]'
head -c 756 /dev/zero >"$scratch/27.bin"
expect "an image of another size" 1 "$thimble" run "$scratch/image" --input "$scratch/27.bin"
expect "verify images" 0 "$thimble" verify "$scratch/image" --target cortex-m0plus --cases 3 --json && holds "images are exact" 'd["bit_exact"] and d["decisions"] == 3'
expect "slices need a stream" 2 "$thimble" build "$scratch/image" --target uno --slices 1000 -o "$scratch/none"

# The recordings of a project are shown with it.
expect "inspect a project with recordings" 0 "$thimble" inspect examples/gesture --json &&
    holds "they are counted" '[(l["label"], l["recordings"]) for l in d["data"]["labels"]] == [("flex", 8000), ("none", 8000), ("punch", 8000)] and d["sliding"] == []'
expect "inspect for people" 0 "$thimble" inspect examples/gesture
grep -q "^punch  *8,000" "$scratch/out" && ok "for people too" || failed "for people too" "$(head -20 "$scratch/out")"

# A network that pads in time cannot slide.
shared=${THIMBLE_SHARED:-$(cd .. && pwd)/shared}
if [ -d "$shared/models" ]; then
    expect "inspect micro_speech" 0 "$thimble" inspect tests/projects/micro_speech --json &&
        holds "why it cannot slide" '[(s["possible"], "pads in time" in s["why"]) for s in d["sliding"]] == [(False, True)]'
    mkdir "$scratch/sliding"
    sed "s|\.\./\.\./\.\./\.\./shared|$shared|; s|^hop = 1|hop = 1\nsliding = true|" tests/projects/micro_speech/thimble.toml >"$scratch/sliding/thimble.toml"
    expect "build it sliding" 1 "$thimble" build "$scratch/sliding" --target cortex-m4 -o "$scratch/sliding/out"
    grep -q "pads in time" "$scratch/err" && grep -q '^try: .*padding = "valid"' "$scratch/err" && ok "a reason and a remedy" || failed "a reason and a remedy" "$(cat "$scratch/err")"
else
    skipped "why micro_speech cannot slide" "no models beside the checkout"
fi

# What cannot be read.
printf 'x,y\n1,2\n' >"$scratch/narrow.csv"
expect "a column is missing" 1 "$thimble" run "$axes" --input "$scratch/narrow.csv"
printf 'x,y,z\n1,two,3\n' >"$scratch/word.csv"
expect "a cell is no number" 1 "$thimble" run "$axes" --input "$scratch/word.csv"
printf '1' >"$scratch/odd.bin"
expect "half a sample" 1 "$thimble" run "$axes" --input "$scratch/odd.bin"
expect "no file" 2 "$thimble" run "$axes"
expect "the state of a pipeline" 2 "$thimble" run "$axes" --input "$scratch/two.csv" --state keep --engine host
exit $failures
