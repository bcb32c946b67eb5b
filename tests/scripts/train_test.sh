#!/bin/bash
# thimble train: small trainings of every kind must learn, repeat, go on and be refused with a reason.
. "$(dirname "$0")/common.sh"
if [ ! -x "$(dirname "$thimble")/thimble-train" ]; then
    cp "$thimble" "$scratch/thimble"
    expect "without the trainer" 4 "$scratch/thimble" train examples/sine -o "$scratch/out_sine"
    grep -q libtorch-dev "$scratch/err" && ok "the install line" || failed "the install line" "$(cat "$scratch/err")"
    skipped "training" "libtorch is not here"
    exit $failures
fi

# project NAME: a copy of an example, without its models; stdin is appended.
project() {
    cp -r "examples/$1" "$scratch/$1"
    rm -rf "$scratch/$1"/*.tflite "$scratch/$1/training"
}
# The last epoch's loss as a share of the first one's.
falls() {
    python3 - "$1" "$2" <<'PY'
import json, sys
loss = json.load(open(sys.argv[1]))["train_loss"]
sys.exit(not loss[-1] < float(sys.argv[2]) * loss[0])
PY
    [ $? = 0 ] && ok "the loss falls to $2" || failed "the loss falls to $2" "$1"
}

project sine
if expect "sine" 0 "$thimble" train "$scratch/sine" --epochs 30 --json; then
    is_json "train --json"
    holds "float and int8 are near the sine" 'all(m["mean_square_error"] < 0.03 for m in d["models"]) and len(d["models"]) == 2'
    falls "$scratch/sine/training/sine.json" 0.5
    expect "the trained sine is exact" 0 "$thimble" verify "$scratch/sine" --target host
fi

project gesture
sed -i 's/^count = .*/count = 1500/' "$scratch/gesture/thimble.toml"
if expect "gesture" 0 "$thimble" train "$scratch/gesture" --epochs 12 --json; then
    holds "labels are learnt, and int8 keeps them" \
        'd["models"][0]["accuracy"] > 0.8 and d["models"][1]["accuracy"] > d["models"][0]["accuracy"] - 0.03'
    falls "$scratch/gesture/training/motion.json" 0.7
    sha256sum "$scratch/gesture"/*.tflite >"$scratch/first"
    expect "gesture again" 0 "$thimble" train "$scratch/gesture" --epochs 12 &&
        { sha256sum "$scratch/gesture"/*.tflite | cmp -s - "$scratch/first" && ok "the same bytes" || failed "the same bytes" "models differ"; }
    "$thimble" train "$scratch/gesture" --epochs 5 >/dev/null
    expect "gesture goes on" 0 "$thimble" train "$scratch/gesture" --epochs 12 --resume &&
        { grep -q '^epoch *6/12' "$scratch/out" && ! grep -q '^epoch *5/12' "$scratch/out" && ok "behind the last epoch" || failed "behind the last epoch" "$(head -3 "$scratch/out")"; }
    sed -i 's/^rate = .*/rate = 0.5/' "$scratch/gesture/thimble.toml"
    expect "another rate is another training" 1 "$thimble" train "$scratch/gesture" --resume
fi

project key_reports
sed -i '/^count = /d; s/^generate = .*/&\ncount = 2000/; s/^\[train\]/[train]\nqat_epochs = 2/' "$scratch/key_reports/thimble.toml"
if expect "key reports, trained on with integers" 0 "$thimble" train "$scratch/key_reports" --epochs 15 --json; then
    holds "three models" 'len(d["models"]) == 3 and min(m["accuracy"] for m in d["models"]) > 0.85'
fi

project dates
sed -i 's/^generate = .*/&\ncount = 4000/; s/embedding = 16/embedding = 8/g; s/lstm = [0-9]*/lstm = 12/' "$scratch/dates/thimble.toml"
if expect "dates" 0 "$thimble" train "$scratch/dates" --epochs 3 --json; then
    falls "$scratch/dates/training/encoder.json" 0.9
    expect "a trained seq2seq is exact" 0 "$thimble" verify "$scratch/dates" --target host
fi

# Stopped by the user: what was done is kept.
project gesture >/dev/null 2>&1
mkdir -p "$scratch/stop" && cp "$scratch/gesture/thimble.toml" "$scratch/stop/"
"$thimble" train "$scratch/stop" --epochs 100000 >"$scratch/stop.out" 2>"$scratch/stop.err" &
for _ in $(seq 100); do [ -f "$scratch/stop/training/motion.checkpoint" ] && break; sleep 0.2; done
kill -INT $!
wait $!
[ $? = 1 ] && grep -q -- '--resume' "$scratch/stop.err" && ok "stopped, with what goes on" || failed "stopped" "$(cat "$scratch/stop.err")"

# Layers that do not fit are named with their line.
printf 'name = "x"\n[input]\nkind = "tensor"\nshape = [4]\n[[stage]]\nkind = "network"\nmodel = "x.tflite"\nlayers = [{dense = 3}, {conv1d = 2, kernel = 3}]\n[[stage]]\nkind = "argmax"\nlabels = ["a", "b", "c"]\n[data]\nfiles = "x.csv"\nlabels = "column:l"\nsamples = 1\n' >"$scratch/bad.toml"
mkdir "$scratch/bad" && cp "$scratch/bad.toml" "$scratch/bad/thimble.toml"
{ echo p,q,r,s,l; for i in $(seq 20); do echo "$i,1,2,3,a"; echo "$i,4,2,1,b"; echo "1,$i,0,0,c"; done; } >"$scratch/bad/x.csv"
expect "a layer that does not fit" 1 "$thimble" train "$scratch/bad" &&
    { grep -q 'thimble.toml:8: conv1d' "$scratch/err" && ok "is named" || failed "is named" "$(cat "$scratch/err")"; }
sed -i 's/{conv1d = 2, kernel = 3}/{dense = 2}/' "$scratch/bad/thimble.toml"
expect "two values for three labels" 1 "$thimble" train "$scratch/bad"
sed -i 's/, {dense = 2}\]/]/' "$scratch/bad/thimble.toml"
expect "then it trains" 0 "$thimble" train "$scratch/bad" --epochs 2
exit $failures
