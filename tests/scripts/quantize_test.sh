#!/bin/bash
# thimble quantize: every scheme, its report, its errors; our int8 files beside the published ones of
# the same networks, on the same held-out inputs; the four forms of one network.
. "$(dirname "$0")/common.sh"

network=examples/gesture/gesture_float.tflite
recordings="--calibration examples/gesture/data/punch.csv examples/gesture/data/flex.csv \
    --labels file --classes punch,flex --subtract -127 --divide 256"
shared=${THIMBLE_SHARED:-../shared}

refuses() {
    local name=$1 code=$2 text=$3
    shift 3
    expect "$name" "$code" "$@" && { grep -q "$text" "$scratch/err" && ok "it says why" ||
        failed "it says why" "$(head -c 200 "$scratch/err")"; }
}
# ---- every scheme on a network of dense layers ----
for scheme in int8 int16x8 float16 int4 mixed; do
    out=$scratch/gesture_$scheme.tflite
    expect "quantize --scheme $scheme" 0 \
        $thimble quantize $network $recordings --scheme $scheme -o "$out" --json || continue
    is_json "its report"
    holds "accuracy within a point of float" "d['accuracy'] >= d['float_accuracy'] - 0.01"
    holds "the file is smaller" "d['bytes_after'] < d['bytes_before']"
    holds "every layer has an error" \
        "len(d['layers']) >= 3 and all(l['max_error'] >= 0 for l in d['layers'])"
    expect "verify what --scheme $scheme wrote" 0 $thimble verify "$out" --target host --cases 6
done
expect "the same recordings give the same file" 0 \
    $thimble quantize $network $recordings --scheme int8 -o "$scratch/again.tflite"
cmp -s "$scratch/gesture_int8.tflite" "$scratch/again.tflite" &&
    ok "bit for bit" || failed "bit for bit" "the files differ"
grep -q "^next: thimble verify" "$scratch/out" && ok "ends with next" ||
    failed "ends with next" "$(tail -1 "$scratch/out")"
expect "float inputs and outputs" 0 \
    $thimble quantize $network $recordings --float-io -o "$scratch/io.tflite" --json
expect "inspect it" 0 $thimble inspect "$scratch/io.tflite" --json
holds "float32 outside" \
    "d['inputs'][0]['dtype'] == 'float32' and d['outputs'][0]['dtype'] == 'float32'"
expect "float16 needs no recordings" 0 \
    $thimble quantize $network --scheme float16 -o "$scratch/half.tflite"

# ---- other recordings: sounds, several inputs, symbols ----
python3 - "$scratch" <<'PY'
import math, struct, sys, wave
with wave.open(sys.argv[1] + "/tone.wav", "wb") as file:
    file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
    file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i / 7) * math.sin(i / 900)))
                              for i in range(6000)))
PY
expect "windows of a sound" 0 $thimble quantize $network --calibration "$scratch/tone.wav" \
    --divide 32768 -o "$scratch/sound.tflite" --json
holds "40 windows of 150 samples" "d['runs'] == 40"
if [ -d "$shared/models" ]; then
    seq 1 200 | awk '{ printf "%s%s", $1 % 7 - 3, NR % 10 ? "," : "\n" }' >"$scratch/a.csv"
    seq 1 200 | awk '{ printf "%s%s", $1 % 5 / 2, NR % 10 ? "," : "\n" }' >"$scratch/b.csv"
    pair=$shared/models/ops-litert/add_10x10.tflite
    names=$($thimble inspect "$pair" --json | python3 -c '
import json, sys
print(" ".join(one["name"] for one in json.load(sys.stdin)["inputs"]))')
    set -- $names
    expect "two inputs by name" 0 $thimble quantize "$pair" --calibration "$1=$scratch/a.csv" \
        "$2=$scratch/b.csv" -o "$scratch/two.tflite" --json
    holds "an element in 256 steps" "d['output_error']['max'] < 0.1"
    refuses "one of two inputs" 2 "nothing for the input" $thimble quantize "$pair" --calibration \
        "$1=$scratch/a.csv" -o "$scratch/two.tflite"
    for i in $(seq 1 20); do seq -s, $i $((i + 255)); done >"$scratch/ids.csv"
    expect "symbols of a table" 0 $thimble quantize "$shared/models/text/movie_review.tflite" \
        --calibration "$scratch/ids.csv" -o "$scratch/text.tflite" --json
    holds "the table is int8" "d['bytes_after'] < 0.3 * d['bytes_before']"
    expect "verify it" 0 $thimble verify "$scratch/text.tflite" --target host --cases 4
    seq 1 20 | awk '{ print $1 % 2 }' >"$scratch/truth.csv"
    seq 1 20 | awk '{ print $1 / 7 }' >"$scratch/real.csv"
    select=$shared/models/ops-ai-edge-quantizer/single_select_v2.tflite
    set -- $($thimble inspect "$select" --json | python3 -c '
import json, sys
for one in json.load(sys.stdin)["inputs"]:
    print(one["name"] + "=" + ("TRUTH" if one["dtype"] == "bool" else "REAL"))')
    expect "truth values" 0 $thimble quantize "$select" --calibration \
        $(printf '%s\n' "$@" | sed "s#=TRUTH#=$scratch/truth.csv#; s#=REAL#=$scratch/real.csv#") \
        -o "$scratch/select.tflite" --json
    seq 1 60 | awk '{ printf "%s%s", $1 / 9, NR % 3 ? "," : "\n" }' >"$scratch/three.csv"
    expect "an input that is a variable" 0 $thimble quantize "$shared/models/ops-litert/sub.tflite" \
        --calibration "a=$scratch/three.csv" "b=$scratch/three.csv" -o "$scratch/sub.tflite" --json
else
    skipped "several inputs, symbols" "no ../shared with models"
fi

# ---- projects: their own recordings, or others, through their own stages ----
expect "a project" 0 $thimble quantize examples/gesture -o "$scratch/g/motion.tflite" --json
is_json "its report"
holds "chosen by 300 labelled samples" "d['runs'] == 300 and d['float_accuracy'] > 0.9"
holds "tested on what is held out" "d['test']['samples'] == 4800 and \
    abs(d['test']['accuracy'] - d['test']['float_accuracy']) < 0.005"
expect "verify it" 0 $thimble verify "$scratch/g/motion.tflite" --target host --cases 4
expect "into a folder" 0 $thimble quantize examples/sine -o "$scratch/folder" --scheme mixed --json
holds "the model's own name" "d['files'] == ['$scratch/folder/sine.tflite']"
holds "the error of numbers" "0 < d['test']['mean_square_error'] < 0.001"
expect "recordings where the project's enter" 0 $thimble quantize examples/gesture --calibration \
    examples/gesture/data/punch.csv examples/gesture/data/flex.csv --labels file \
    -o "$scratch/g/two.tflite" --json
holds "with their labels" "d['runs'] == 40 and d['float_accuracy'] > 0.9 and 'test' not in d"
expect "raw samples of the sensor" 0 $thimble quantize examples/gesture \
    --data 'files = "examples/gesture/stream/*.csv", at = "trigger"' -o "$scratch/g/raw.tflite" --json
holds "cut out by the trigger" "5 < d['runs'] < 100"
printf 'win a free prize now\nsee you "at lunch"\ncall 0800 to claim your cash\n' \
    >"$scratch/sentences.txt"
expect "sentences, hashed by the project" 0 $thimble quantize examples/text_rnn \
    --calibration "$scratch/sentences.txt" -o "$scratch/text" --json
holds "a run for each" "d['runs'] == 3 and d['output_error']['max'] < 0.05"
printf 'spam\twin a prize\nham\tsee you\n' >"$scratch/labelled.tsv"
expect "sentences with labels" 0 $thimble quantize examples/text_rnn \
    --calibration "$scratch/labelled.tsv" --labels column:1 -o "$scratch/text" --json
holds "a run for each" "d['runs'] == 2"
expect "a seq2seq" 0 $thimble quantize examples/dates -o "$scratch/dates" --json
holds "encoder and decoder" "len(d['files']) == len(d['models']) == 2 and \
    d['scheme'] == 'int8' and d['test']['accuracy'] > 0.99"
tones="$scratch/tone.wav"
if [ -d "$shared/data/speech_commands" ]; then tones="$shared/data/speech_commands/bed/*.wav"; fi
expect "sounds through front end and window" 0 $thimble quantize examples/micro_speech \
    --calibration "$scratch/tone.wav" $tones -o "$scratch/speech" --json
holds "integers that stand for themselves" \
    "d['layers'][0]['range'][1] <= 127 and d['layers'][0]['max_error'] == 0"
refuses "one file for two networks" 2 "an encoder and a decoder" $thimble quantize examples/dates \
    -o "$scratch/dates.tflite"
refuses "sentences without answers" 1 "sentences.txt:1: a line without a tab" $thimble quantize \
    examples/dates --calibration "$scratch/sentences.txt" -o "$scratch/dates"
refuses "sentences for a network alone" 1 "sentences.txt:2: a text, no numbers" $thimble quantize \
    examples/text_rnn/spam_rnn.float.tflite --calibration "$scratch/sentences.txt" -o "$scratch/x"
mkdir "$scratch/lonely"
cp $gesture "$scratch/lonely"
cat >"$scratch/lonely/thimble.toml" <<'TOML'
input = {kind = "tensor", shape = [150]}
[[stage]]
kind = "network"
model = "gesture.tflite"
TOML
refuses "a network without its float one" 1 "no 'gesture.float.tflite'" \
    $thimble quantize "$scratch/lonely" -o "$scratch/x"
refuses "what the stages do already" 2 "does not apply to a project" $thimble quantize \
    examples/gesture --divide 2 -o "$scratch/x"
refuses "a folder for a network alone" 2 "is a folder" $thimble quantize $network $recordings \
    -o "$scratch"

# ---- the examples of --help, as printed, where out/ does not exist ----
mkdir "$scratch/checkout"
ln -s "$root/examples" "$root/templates" "$scratch/checkout/"
$thimble quantize --help | sed -n 's/^ *thimble quantize/quantize/p' >"$scratch/examples"
[ "$(wc -l <"$scratch/examples")" -ge 2 ] && ok "two examples" || failed "two examples" "of --help"
while read -r line; do
    expect "$line" 0 env -C "$scratch/checkout" sh -c "$thimble $line"
done <"$scratch/examples"

# ---- errors ----
refuses "no recordings" 2 "calibration" $thimble quantize $network -o "$scratch/x.tflite"
refuses "a missing file" 1 "T0101" $thimble quantize $network --calibration none.csv \
    -o "$scratch/x.tflite"
printf 'a,b,c\n1,2,3\n' >"$scratch/short.csv"
refuses "too few values" 1 "multiple of the" $thimble quantize $network \
    --calibration "$scratch/short.csv" -o "$scratch/x.tflite"
refuses "an integer network" 1 "quantised already" $thimble quantize \
    examples/gesture/gesture.tflite --calibration examples/gesture/data/flex.csv \
    -o "$scratch/x.tflite"
refuses "another input" 2 "no input 'y'" $thimble quantize $network \
    --calibration y=examples/gesture/data/flex.csv -o "$scratch/x.tflite"
refuses "another scheme" 2 "int16x8" $thimble quantize $network $recordings --scheme int9 \
    -o "$scratch/x.tflite"
printf 'mine' >"$scratch/mine.tflite"
refuses "somebody's file" 1 "T0005" $thimble quantize $network $recordings \
    -o "$scratch/mine.tflite"
seq 1 1500 | awk '{ printf "%s%s", $1 % 7 - 3, NR % 150 ? "," : "\n" }' >"$scratch/rows.csv"
bad() { # NAME TEXT OPTIONS...: refused, and nothing is written
    local name=$1 text=$2
    shift 2
    rm -f "$scratch"/bad.tflite*
    refuses "$name" 1 "$text" $thimble quantize $network --calibration "$@" -o "$scratch/bad.tflite"
    ls "$scratch"/bad.tflite* >/dev/null 2>&1 && failed "$name writes nothing" "bad.tflite"
}
sed '3s/^-*[0-9]*/nan/' "$scratch/rows.csv" >"$scratch/nan.csv"
bad "a value that is no number" "nan.csv:3: column '1': 'nan'" "$scratch/nan.csv"
sed '5s/,[^,]*$//' "$scratch/rows.csv" >"$scratch/cells.csv"
bad "a row that is too short" "cells.csv:5: 149 cells" "$scratch/cells.csv"
: >"$scratch/empty.csv"
bad "an empty file among others" "empty.csv: holds no row" "$scratch/rows.csv" "$scratch/empty.csv"
printf 'RIFFxx' >"$scratch/torn.wav"
bad "a torn sound among others" "torn.wav: 6 bytes" "$scratch/tone.wav" "$scratch/torn.wav"
sed 's/-*[0-9][0-9]*/0/g' "$scratch/rows.csv" >"$scratch/zeros.csv"
bad "nothing but zeros" "zeros.csv: nothing but zeros" "$scratch/zeros.csv"
awk 'BEGIN { for (i = 0; i < 150; ++i) printf "a%d,", i; print "y" } { print $0 "," NR % 5 }' \
    "$scratch/rows.csv" >"$scratch/labels.csv"
refuses "labels that stand nowhere" 2 "try: --labels folder" $thimble quantize $network \
    --calibration "$scratch/rows.csv" --labels folders -o "$scratch/x.tflite"
bad "a column that is nearly there" "try: --labels column:y" "$scratch/labels.csv" --labels column:yy
bad "a label that no output has" "labels.csv:3: label '2'" "$scratch/labels.csv" --labels column:y
bad "labels that are not there" "rows.csv:1: no label" "$scratch/rows.csv" --labels beside
bad "a file that is missing" "no file matches" "$scratch/rows.csv" "$scratch/none.csv"
seq 1 40 | sed 's/.*/5000/' | paste -sd, >"$scratch/ids.csv"
refuses "an id beyond the table" 1 "ids.csv:1: the id 5000" $thimble quantize \
    examples/text_rnn/spam_rnn.float.tflite --calibration "$scratch/ids.csv" -o "$scratch/x.tflite"
head -1 "$scratch/rows.csv" >"$scratch/one.csv"
expect "one run" 0 $thimble quantize $network --calibration "$scratch/one.csv" \
    -o "$scratch/int8.tflite" --json
holds "it is said, and what it does not show" "any('1 run only' in w for w in d['warnings']) and \
    any('gave nothing but zero' in w for w in d['warnings'])"
expect "a model called as a type of C" 0 $thimble verify "$scratch/int8.tflite" --target host --cases 2
refuses "an unknown label" 1 "label" $thimble quantize $network \
    --calibration examples/gesture/data/flex.csv --labels file --classes punch,none \
    -o "$scratch/x.tflite"

# ---- beside published int8 files ----
if [ -d "$shared/models/tinymaix" ] && [ -d "$shared/data/mnist" ]; then
    python3 tests/scripts/published_int8.py "$thimble" "$shared" "$scratch" || failures=1
else
    skipped "our int8 files beside published ones" "no ../shared with models and data"
fi

exit $failures
