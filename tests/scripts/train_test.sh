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

projects=$scratch/projects
mkdir "$projects"

# project NAME: a copy of an example, without its models. What it calls ../../data is $scratch/data.
project() {
    rm -rf "${projects:?}/$1"
    cp -r "examples/$1" "$projects/$1"
    rm -rf "$projects/$1"/*.tflite "$projects/$1/training"
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
if expect "sine" 0 "$thimble" train "$projects/sine" --epochs 30 --json; then
    is_json "train --json"
    holds "float and int8 are near the sine" 'all(m["mean_square_error"] < 0.03 for m in d["models"]) and len(d["models"]) == 2'
    falls "$projects/sine/training/sine.json" 0.5
    expect "the trained sine is exact" 0 "$thimble" verify "$projects/sine" --target host
fi

project gesture
sed -i 's/^count = .*/count = 1500/' "$projects/gesture/thimble.toml"
if expect "gesture" 0 "$thimble" train "$projects/gesture" --epochs 12 --json; then
    holds "labels are learnt, and int8 keeps them" \
        'd["models"][0]["accuracy"] > 0.8 and d["models"][1]["accuracy"] > d["models"][0]["accuracy"] - 0.03'
    falls "$projects/gesture/training/motion.json" 0.7
    sha256sum "$projects/gesture"/*.tflite >"$scratch/first"
    expect "gesture again" 0 "$thimble" train "$projects/gesture" --epochs 12 &&
        { sha256sum "$projects/gesture"/*.tflite | cmp -s - "$scratch/first" && ok "the same bytes" || failed "the same bytes" "models differ"; }
    "$thimble" train "$projects/gesture" --epochs 5 >/dev/null
    expect "gesture goes on" 0 "$thimble" train "$projects/gesture" --epochs 12 --resume &&
        { grep -q '^epoch *6/12' "$scratch/out" && ! grep -q '^epoch *5/12' "$scratch/out" && ok "behind the last epoch" || failed "behind the last epoch" "$(head -3 "$scratch/out")"; }
    cp "$projects/gesture/thimble.toml" "$scratch/same.toml"
    sed -i 's/activation = "relu"/activation = "tanh"/' "$projects/gesture/thimble.toml"
    expect "another activation is another training" 1 "$thimble" train "$projects/gesture" --resume
    sed 's/^rate = .*/rate = 0.5/' "$scratch/same.toml" >"$projects/gesture/thimble.toml"
    expect "another rate is another training" 1 "$thimble" train "$projects/gesture" --resume
fi

project key_reports
sed -i '/^count = /d; s/^generate = .*/&\ncount = 2000/; s/^\[train\]/[train]\nqat_epochs = 2/' "$projects/key_reports/thimble.toml"
if expect "key reports, trained on with integers" 0 "$thimble" train "$projects/key_reports" --epochs 15 --json; then
    holds "three models" 'len(d["models"]) == 3 and min(m["accuracy"] for m in d["models"]) > 0.85'
    holds "curves of both" 'len(json.load(open(d["qat_history"]))["epoch"]) == 2'
fi

sed -i 's/^model = .*/&\nscheme = "float16"/' "$projects/key_reports/thimble.toml"
expect "no integers to train with" 1 "$thimble" train "$projects/key_reports" --epochs 1
grep -q 'qat_epochs: scheme = "float16" computes in float' "$scratch/err" && ok "is said" || failed "is said" "$(cat "$scratch/err")"

project dates
sed -i 's/^generate = .*/&\ncount = 4000/; s/embedding = 16/embedding = 8/g; s/lstm = [0-9]*/lstm = 12/' "$projects/dates/thimble.toml"
if expect "dates" 0 "$thimble" train "$projects/dates" --epochs 3 --json; then
    falls "$projects/dates/training/encoder.json" 0.9
    expect "a trained seq2seq is exact" 0 "$thimble" verify "$projects/dates" --target host
fi

project number_to_words
sed -i 's/^generate = .*/&\ncount = 6000/; s/embedding = [0-9]*/embedding = 8/g; s/lstm = [0-9]*/lstm = 12/' "$projects/number_to_words/thimble.toml"
if expect "number_to_words" 0 "$thimble" train "$projects/number_to_words" --epochs 2 --json; then
    falls "$projects/number_to_words/training/encoder.json" 0.95
fi
sed -i 's/^scheme = .*/scheme = "int4"/; s/^\[train\]/[train]\nqat_epochs = 1/' "$projects/number_to_words/thimble.toml"
if expect "a seq2seq, trained on with integers" 0 "$thimble" train "$projects/number_to_words" --epochs 2 --resume --json; then
    holds "no worse than rounded" 'len(d["models"]) == 3 and d["models"][2]["accuracy"] >= d["models"][1]["accuracy"]'
fi

# fetched NAME [SECONDS]: whether the data could be brought.
fetched() {
    if timeout "${2:-60}" tools/get-data "$1" --into "$scratch/data" >"$scratch/out" 2>"$scratch/err"; then return 0; fi
    skipped "training on $1" "the data is not here: $(head -c 100 "$scratch/err" | tr '\n' ' ')"
    return 1
}
# smoke NAME EPOCHS LOSS RIGHT: a short training, to that share of the first loss, and so many right.
smoke() {
    expect "$1" 0 "$thimble" train "$projects/$1" --epochs "$2" --json || return
    holds "$1: $4 right as C" 'd["models"][-1]["accuracy"] >= '"$4"
    falls "$projects/$1"/training/*.json "$3"
}
if fetched sms_spam; then
    project text_hash && smoke text_hash 10 0.5 0.95
    project text_rnn && smoke text_rnn 2 0.7 0.9
fi
if fetched mnist; then
    for example in mnist_conv mnist_lstm; do
        project $example
        # The published test half alone: 8,000 digits to train on, 2,000 to test.
        sed -i '/^test_files/d; s/train-images/t10k-images/' "$projects/$example/thimble.toml"
    done
    smoke mnist_conv 3 0.5 0.88
    smoke mnist_lstm 3 0.5 0.8
fi
fetched magic_wand && project magic_wand && smoke magic_wand 4 0.6 0.8
# A small set, spoken in half a minute; in full, all of it.
clips=60 epochs=20
if [ -n "${THIMBLE_LONG:-}" ]; then
    clips=2800 epochs=3
    [ ! -d data/speech/train ] || ln -s "$root/data/speech" "$scratch/data/speech"
fi
THIMBLE_SPEECH_CLIPS=$clips fetched speech 3000 && project micro_speech && smoke micro_speech $epochs 0.6 0.75

# All of them in full, to the accuracy that their READMEs state.
if [ -n "${THIMBLE_LONG:-}" ]; then
    while read -r example right; do
        project "$example"
        grep -q '\.\./data' "$projects/$example/thimble.toml" &&
            ! ls "$scratch"/data/"$(sed -n 's|.*\.\./data/\([a-z_]*\)/.*|\1|p' "$projects/$example/thimble.toml" | head -1)" >/dev/null 2>&1 &&
            { skipped "$example in full" "its data is not here"; continue; }
        expect "$example in full" 0 "$thimble" train "$projects/$example" --json &&
            holds "$example: $right right" 'd["models"][-1]["accuracy"] >= '"$right"
    done <<'LIST'
gesture 0.98
key_reports 0.99
magic_wand 0.92
mnist_conv 0.977
mnist_lstm 0.977
text_hash 0.98
text_rnn 0.98
micro_speech 0.94
dates 0.987
number_to_words 0.993
LIST
fi

# stopped SIGNAL FOLDER OPTIONS...: ends it behind the first epoch with integers, and goes on.
stopped() {
    local signal=$1 folder=$2 checkpoint
    shift 2
    rm -rf "$folder"/*.tflite "$folder/training"
    "$thimble" train "$folder" "$@" >"$scratch/out" 2>"$scratch/err" &
    for _ in $(seq 2000); do
        checkpoint=$(ls "$folder"/training/*.qat.checkpoint 2>/dev/null) && break
        sleep 0.02
    done
    kill "-$signal" $!
    wait $! 2>/dev/null
    [ -n "$checkpoint" ] && ! ls "$folder"/*.tflite 2>/dev/null | grep -qv float &&
        ok "stopped by $signal within the integers" ||
        { failed "stopped by $signal within the integers" "$(ls "$folder" "$folder/training")"; return; }
    if [ "$signal" = INT ]; then
        grep -q "try: thimble train $folder $* --resume" "$scratch/err" && grep -q qat.checkpoint "$scratch/err" &&
            ok "what goes on is said" || failed "what goes on is said" "$(cat "$scratch/err")"
    fi
    expect "goes on with integers" 0 "$thimble" train "$folder" "$@" --resume || return
    ! sed '/integers:/,$d' "$scratch/out" | grep -q '^epoch' && ! grep -q '^epoch *1/' "$scratch/out" &&
        ok "behind the last epoch" || failed "behind the last epoch" "$(head -5 "$scratch/out")"
}
# as_one_run FOLDER OPTIONS...: trained as a whole, and stopped twice: the same bytes and curves.
as_one_run() {
    local folder=$1
    shift
    rm -rf "$folder/training"
    expect "$(basename "$folder") in one run" 0 "$thimble" train "$folder" "$@"
    (cd "$folder" && sha256sum ./*.tflite training/*.json) >"$scratch/whole"
    for signal in INT KILL; do
        stopped $signal "$folder" "$@"
        (cd "$folder" && sha256sum ./*.tflite training/*.json) | cmp -s - "$scratch/whole" &&
            ok "the same bytes" || failed "the same bytes" "$folder, $signal"
    done
}
project key_reports
sed -i '/^count = /d; s/^generate = .*/&\ncount = 2000/; s/^\[train\]/[train]\nqat_epochs = 19/' "$projects/key_reports/thimble.toml"
as_one_run "$projects/key_reports" --epochs 4
sed -i 's/^qat_epochs.*/&\nqat_rate = 0.5/' "$projects/key_reports/thimble.toml"
expect "another rate of the integers is another training" 1 "$thimble" train "$projects/key_reports" --epochs 4 --resume &&
    { grep -q 'T0107.*qat.checkpoint' "$scratch/err" && ok "is said" || failed "is said" "$(cat "$scratch/err")"; }
rm "$projects/key_reports"/training/*.qat.checkpoint
expect "without it they begin anew" 0 "$thimble" train "$projects/key_reports" --epochs 4 --resume &&
    { [ "$(grep -c '^epoch' "$scratch/out")" = 19 ] && ok "they alone" || failed "they alone" "$(grep -c '^epoch' "$scratch/out") epochs"; }
expect "more epochs in float: integers begin anew" 0 "$thimble" train "$projects/key_reports" --epochs 5 --resume &&
    { # Where the fifth is the best.
        want=$(python3 -c "import json; print(1 + 19 * (json.load(open('$projects/key_reports/training/key_reports.json'))['best_epoch'] == 5))")
        [ "$(grep -c '^epoch' "$scratch/out")" = "$want" ] && ok "behind one more" || failed "behind one more" "$(grep -c '^epoch' "$scratch/out") epochs"
    }
project number_to_words
sed -i 's/^generate = .*/&\ncount = 1500/; s/embedding = [0-9]*/embedding = 8/g; s/lstm = [0-9]*/lstm = 12/; s/^\[train\]/[train]\nqat_epochs = 4/' "$projects/number_to_words/thimble.toml"
as_one_run "$projects/number_to_words" --epochs 2
sed -i 's/^\[train\]/&\naugment = {shift_rows = 2}/' "$projects/number_to_words/thimble.toml"
expect "texts do not shift" 1 "$thimble" train "$projects/number_to_words" &&
    { grep -q 'T0106.*augment: texts have no changed copies' "$scratch/err" && ok "is said" || failed "is said" "$(cat "$scratch/err")"; }

# Stopped by the user: what was done is kept.
project gesture >/dev/null 2>&1
mkdir -p "$scratch/stop" && cp "$projects/gesture/thimble.toml" "$scratch/stop/"
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
