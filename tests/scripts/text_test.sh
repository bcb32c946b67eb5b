#!/bin/bash
# Texts from the command line: the two examples on emulated chips within their budgets, and the spam
# model made again.
. "$(dirname "$0")/common.sh"
shared=${THIMBLE_SHARED:-../shared}

# Bytes that are no UTF-8, a word of 10,000 bytes, an empty line, separators and marks only: all are
# texts, but for the empty line, which is none.
printf '\xff\xfe\xc3(\n' >"$scratch/bad.txt"
{ head -c 10000 /dev/zero | tr '\0' x; printf ' free\n\n \t... !!\nfree \xc3'; } >>"$scratch/bad.txt"
printf 'Free entry in a weekly comp, text WIN to claim your prize\nsee you at home later\n' >"$scratch/two.txt"

# The budgets: measured 5,480 and 146 on Cortex-M0+, 6,892 and 134 on the ATmega328P, and a margin of
# 2 % for other versions of the compilers.
for target in cortex-m0plus avr; do
    if expect "the spam example on $target" 0 "$thimble" verify tests/projects/text_hash --target $target --input "$scratch/bad.txt" "$scratch/two.txt" --json; then
        holds "it is bit-exact on $target" 'd["bit_exact"] and d["mismatches"] == 0'
    fi
    most=5590
    [ $target = cortex-m0plus ] || most=7030
    if expect "its size on $target" 0 "$thimble" profile tests/projects/text_hash --target $target --input "$scratch/two.txt" --json; then
        holds "it stays small on $target" "d['flash']['total'] <= $most and d['ram']['total'] <= 150 and d['stack'] <= 112"
    fi
done
if expect "two messages" 0 "$thimble" run tests/projects/text_hash --input "$scratch/two.txt" --json; then
    holds "one of them is spam" '[one["label"] for one in d["decisions"]] == ["spam", "ham"]'
fi
if expect "bytes that are no text" 0 "$thimble" run tests/projects/text_hash --engine host --input "$scratch/bad.txt" --json; then
    holds "each line is decided" 'len(d["decisions"]) == 4'
fi

expect "the sentiment example" 0 "$thimble" verify tests/projects/text_rnn --target host --cases 20 --json
if expect "what is folded is said" 0 "$thimble" inspect tests/projects/text_hash; then
    if grep -q "4097 int8 numbers" "$scratch/out"; then ok "the note names the table"; else failed "the note names the table" "$(grep note: "$scratch/out")"; fi
fi

cp -r tests/projects/text_rnn "$scratch/folded"
sed -i 's/^model = .*/&\nfold = "int8"/' "$scratch/folded/thimble.toml"
if expect "an LSTM is no average" 1 "$thimble" inspect "$scratch/folded"; then
    if grep -q "cannot be folded" "$scratch/err"; then ok "the reason is told"; else failed "the reason is told" "$(head -1 "$scratch/err")"; fi
fi

for example in text_hash text_rnn; do
    cp -r tests/projects/$example "$scratch/few"
    sed -i 's/^buckets = .*/buckets = 8192/' "$scratch/few/thimble.toml"
    if expect "more ids than $example knows" 1 "$thimble" inspect "$scratch/few"; then
        if grep -q "embeddings of 4097 ids" "$scratch/err"; then ok "both numbers are told"; else failed "both numbers are told" "$(head -1 "$scratch/err")"; fi
    fi
    rm -r "$scratch/few"
done

if [ ! -f "$shared/data/sms_spam/sms.tsv" ]; then
    skipped "the spam model made again" "no $shared/data/sms_spam (THIMBLE_SHARED names another folder)"
elif expect "the spam model made again" 0 python3 tests/projects/text_hash/make_model.py "$shared/data/sms_spam/sms.tsv" "$scratch/spam.tflite"; then
    if cmp -s "$scratch/spam.tflite" tests/projects/text_hash/spam.tflite; then ok "it has the same bytes"; else failed "it has the same bytes" "they differ"; fi
    if grep -q "902 of 921" "$scratch/out"; then ok "it is right as often"; else failed "it is right as often" "$(tail -1 "$scratch/out")"; fi
fi
exit $failures
