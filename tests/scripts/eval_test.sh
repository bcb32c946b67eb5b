#!/bin/bash
# Projects evaluated on the recordings that are held out: every engine, what people and programs are
# told, and recordings that are not as they should be, named by file and line.
. "$(dirname "$0")/common.sh"
shared=${THIMBLE_SHARED:-$(cd .. && pwd)/shared}

for engine in oracle host; do
    if expect "gesture on the $engine" 0 "$thimble" eval tests/projects/gesture --engine $engine --json; then
        is_json "eval --json"
        holds "gesture is right on the $engine" 'd["accuracy"] == 1 and d["samples"] == d["held_out"] == 8'
    fi
done
holds "classes and confusion agree" \
    '[c["samples"] for c in d["classes"]] == [sum(row) for row in d["confusion"]["counts"]] == [4, 4]'
holds "the worst are named by line" 'len(d["worst"]) == 8 and ":" in d["worst"][0]["place"]'
if expect "all recordings" 0 "$thimble" eval tests/projects/gesture --all --json; then
    holds "train and test" 'd["samples"] == 40 and d["held_out"] == 8'
fi
if expect "key reports, some of them on a chip" 0 "$thimble" eval tests/projects/key_reports --target uno --limit 12 --json; then
    holds "the chip decides" 'd["engine"] == "uno" and d["samples"] == 12 and d["accuracy"] >= 0.9'
fi
if expect "people see the matrix" 0 "$thimble" eval tests/projects/key_reports; then
    grep -q '^is . decided' "$scratch/out" && grep -q '^accuracy' "$scratch/out" && grep -q '^next:' "$scratch/out" &&
        ok "accuracy, matrix, next command" || failed "accuracy, matrix, next command" "$(head -3 "$scratch/out")"
fi

if expect "sine" 0 "$thimble" eval examples/sine --json; then
    holds "errors of numbers" 'd["accuracy"] is None and 0 < d["errors"]["mean_absolute"] < 0.03 < d["errors"]["maximum"] < 0.15'
fi
cp "$scratch/out" "$scratch/oracle.json"
expect "sine on the host" 0 "$thimble" eval examples/sine --engine host --json &&
    holds "the same errors" 'd["errors"] == json.load(open("'"$scratch/oracle.json"'"))["errors"]'
if [ -f "$shared/data/sms_spam/sms.tsv" ]; then
    cp -r tests/projects/text_hash "$scratch/spam"
    sed -i '/^\[data\]/,/^$/d' "$scratch/spam/thimble.toml"
    printf '\n[data]\nfiles = "%s"\nlabels = "column:1"\nsplit = {by = "hash"}\n' "$shared/data/sms_spam/sms.tsv" \
        >>"$scratch/spam/thimble.toml"
    if expect "spam on the host" 0 "$thimble" eval "$scratch/spam" --engine host --json; then
        holds "spam is known" 'd["samples"] > 700 and d["accuracy"] > 0.97'
        holds "rounded sums are compared" 'abs(d["unrounded_accuracy"] - d["accuracy"]) < 0.005'
    fi
    cp "$scratch/out" "$scratch/host.json"
    expect "spam by the oracle" 0 "$thimble" eval "$scratch/spam" --json &&
        holds "oracle and host agree" '[d[k] for k in ("accuracy", "confusion", "worst")] == [json.load(open("'"$scratch/host.json"'"))[k] for k in ("accuracy", "confusion", "worst")]'
else
    skipped "spam" "no shared data"
fi

# The float model beside the quantised one.
cp -r tests/projects/gesture "$scratch/gesture"
rm -f "$scratch/gesture"/gesture.float.tflite
expect "no float model" 1 "$thimble" eval "$scratch/gesture" --engine float
cp tests/projects/gesture/gesture_float.tflite "$scratch/gesture/gesture.float.tflite" 2>/dev/null ||
    cp tests/projects/gesture/gesture.float.tflite "$scratch/gesture/gesture.float.tflite"
if expect "the float model" 0 "$thimble" eval "$scratch/gesture" --engine float --json; then
    holds "float is said" 'd["engine"] == "float" and d["accuracy"] >= 0.9'
fi
expect "run in float" 0 "$thimble" run "$scratch/gesture" --engine float \
    --input examples/gesture/stream/stream.csv --json &&
    holds "scores are no 256ths" 'd["engine"] == "float" and any(x["score"] * 256 % 1 for x in d["decisions"])'
python3 - "$scratch" <<'PY'
import sys
head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 150), }"
head += " " * (63 - (10 + len(head)) % 64) + "\n"
open(sys.argv[1] + "/zeros.npy", "wb").write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + bytes(600))
PY
expect "run a model in float" 0 "$thimble" run "$scratch/gesture/gesture.tflite" --engine float --input "$scratch/zeros.npy" --json &&
    holds "real numbers come out" 'd["outputs"][0]["dtype"] == "float32"'

unit=$(dirname "$thimble")/thimble_unit
if [ -x "$unit" ] && THIMBLE_WRITE_PROJECT=$scratch/words "$unit" --gtest_filter=NumberWords.writes_a_project >/dev/null; then
    printf '7929\n8 4 2 2 5 9\n' >"$scratch/in.txt"
    "$thimble" run "$scratch/words" --input "$scratch/in.txt" --json >"$scratch/out"
    python3 - "$scratch" <<'PY'
import json, sys
answers = json.load(open(sys.argv[1] + "/out"))["text"]
with open(sys.argv[1] + "/words/pairs.tsv", "w") as pairs:
    pairs.write("7929\t%s\n8 4 2 2 5 9\t  %s \n1\tsomething else\n" % tuple(answers))
PY
    printf '\n[data]\nfiles = "pairs.tsv"\ntargets = "2"\nsplit = {test = 0.5}\n' >>"$scratch/words/thimble.toml"
    if expect "texts" 0 "$thimble" eval "$scratch/words" --all --json; then
        holds "two of three are exactly right" 'abs(d["accuracy"] - 2 / 3) < 1e-9 and [w["place"] for w in d["worst"]] == ["pairs.tsv:3"]'
    fi
    expect "texts on the host" 0 "$thimble" eval "$scratch/words" --all --engine host --json &&
        holds "the same" 'abs(d["accuracy"] - 2 / 3) < 1e-9'
else
    skipped "texts" "thimble_unit writes the project and is not built"
fi

# says NAME TEXT: the error names it.
says() {
    if grep -qF -- "$2" "$scratch/err"; then ok "$1"; else failed "$1" "$(head -1 "$scratch/err")"; fi
}
# bad: a copy of the gesture project whose recordings may be spoilt.
bad() { rm -rf "$scratch/bad"; cp -r tests/projects/gesture "$scratch/bad"; }
columns=$(head -1 tests/projects/gesture/data/punch.csv)

bad; sed -i '57s/^[^,]*/nan/' "$scratch/bad/data/flex.csv"
expect "NaN" 1 "$thimble" eval "$scratch/bad"; says "NaN is named by line" "data/flex.csv:57: column 'aX': 'nan'"
bad; sed -i '30s/,[^,]*$//' "$scratch/bad/data/flex.csv"
expect "a cell too few" 1 "$thimble" eval "$scratch/bad"; says "it is named by line" "data/flex.csv:30: 2 cells"
bad; printf '%s\n1,2,300\n' "$columns" >"$scratch/bad/data/flexx.csv"; sed -i '/^at = /,$s/^samples = .*//' "$scratch/bad/thimble.toml"
expect "an unknown label" 1 "$thimble" eval "$scratch/bad"; says "it is named by line" "data/flexx.csv:2: the label 'flexx'"
says "the nearest is told" "correct it to flex"
bad; sed -i '40s/^[^,]*/300/' "$scratch/bad/data/flex.csv"
expect "a value out of range" 1 "$thimble" eval "$scratch/bad" --all; says "it is named by line" "data/flex.csv:40: the value 300"
bad; rm "$scratch/bad/data/flex.csv"
expect "an empty class" 0 "$thimble" eval "$scratch/bad" --json
holds "it is said" 'any("flex" in note for note in d["notes"])'
bad; rm "$scratch/bad/data/flex.csv"; sed -i '52,$d' "$scratch/bad/data/punch.csv"
expect "one recording" 1 "$thimble" eval "$scratch/bad"; says "nothing is held out" "none of 1 recording is held out"
# One among a thousand.
cp -r tests/projects/key_reports "$scratch/many"
for i in $(seq 1000); do printf '%s\ncalm,0,0,7,0,0,0,0,0\n' "$(head -1 tests/projects/key_reports/data/reports.csv)"; done |
    split -l 2 -d -a 3 --additional-suffix=.csv - "$scratch/many/data/many_"
expect "a thousand files" 0 "$thimble" eval "$scratch/many" --engine host --json && holds "all are read" 'd["samples"] == 280'
ln -sf nowhere.csv "$scratch/many/data/many_617.csv"
expect "one of them cannot be read" 1 "$thimble" eval "$scratch/many"; says "it is named" "many_617.csv"
bad; printf 'RIFF\0\0\0\0' >"$scratch/bad/data/punch_3.csv"
expect "a file of another kind" 1 "$thimble" eval "$scratch/bad"; says "it is named" "data/punch_3.csv:1"
bad; rm "$scratch/bad"/*.tflite; sed -i 's/^model = .*/&\nlayers = [{dense = 2}]/' "$scratch/bad/thimble.toml"
for engine in oracle float; do
    expect "not trained, $engine" 1 "$thimble" eval "$scratch/bad" --engine $engine; says "the way out is told" "try: thimble train $scratch/bad"
done
bad; sed -i '/^\[data\]/,$d' "$scratch/bad/thimble.toml"
expect "no [data]" 1 "$thimble" eval "$scratch/bad"; says "it is said" "no [data]"
expect "a model is no project" 1 "$thimble" eval $gesture
if [ -d "$shared/data/gesture_synthetic" ]; then
    expect "other recordings" 0 "$thimble" eval tests/projects/gesture --json \
        --data "files = '$shared/data/gesture_synthetic/*.csv', samples = 50" &&
        holds "all of them" 'd["samples"] == d["held_out"] == 240 and d["accuracy"] > 0.75'
fi
expect "float on a chip" 2 "$thimble" eval tests/projects/gesture --engine float --target uno
expect "a misspelt engine" 2 "$thimble" eval tests/projects/gesture --engine orakel; says "the nearest is told" "oracle"
expect "a target without emulator" 2 "$thimble" eval tests/projects/gesture --target browser
cp -r tests/projects/key_reports "$scratch/keys"
sed -i '20s/^[^,]*/7/' "$scratch/keys/data/reports.csv"
expect "a label out of range" 1 "$thimble" eval "$scratch/keys"; says "it is named by line" "data/reports.csv:20: the label '7'"
says "the range is told" "0 to 1"

exit $failures
