#!/bin/bash
# Every template of `new`, in a fresh folder, is inspected, run and verified as it is.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache
cd "$scratch" || exit 1

for template in "sine angles.csv pico" "gesture stream.csv uno" "text messages.txt uno" "digits seven.png uno" \
    "keyword yes.wav nano33ble"; do
    # shellcheck disable=SC2086
    set -- $template
    expect "new --like $1" 0 "$thimble" new "my_$1" --like "$1" --board "$3" --json &&
        holds "at most 5 files of $1" '0 < len(d["files"]) <= 5'
    expect "inspect my_$1" 0 "$thimble" inspect "my_$1"
    expect "run my_$1" 0 "$thimble" run "my_$1" --input "my_$1/$2" --json
    expect "verify my_$1" 0 "$thimble" verify "my_$1" --json &&
        holds "my_$1 is the same on $3" 'd["mismatches"] == 0 and (d["bit_exact"] or "'"$1"'" == "text") and d["target"] == "'"$3"'"'
done
# Two rounds suffice to see that training begins and ends; the shipped models have all of them.
for template in sine gesture text digits; do
    if [ ! -x "$(dirname "$thimble")/thimble-train" ]; then
        skipped "train my_$template" "thimble-train is not built"
        continue
    fi
    expect "train my_$template" 0 "$thimble" train "my_$template" -o "trained_$template" --epochs 2 --json
    expect "eval my_$template" 0 "$thimble" eval "my_$template" --engine host --limit 60 --json
done
if expect "evaluate my_keyword without its data" 1 "$thimble" eval my_keyword; then
    grep -q "get-data speech --into my_keyword/data" err && ok "it says how to get it" || failed "it says how to get it" "$(cat err)"
fi
expect "new --like seq2seq" 0 "$thimble" new my_dates --like seq2seq --board nano33ble --json && holds "five files of seq2seq" 'len(d["files"]) == 5'
expect "verify my_dates" 0 "$thimble" verify my_dates --json && holds "my_dates is bit-exact" 'd["bit_exact"]'
expect "run my_gesture on the chip" 0 "$thimble" run my_gesture --input my_gesture/stream.csv --target uno --json &&
    holds "20 gestures" 'len(d["decisions"]) == 20'
expect "run my_text" 0 "$thimble" run my_text --input my_text/messages.txt --json &&
    holds "commands are found" '[x["label"] for x in d["decisions"]] == ["on", "none", "off", "none"]'
expect "new does not overwrite" 1 "$thimble" new my_sine
expect "new for an unknown board" 2 "$thimble" new other --board unno
expect "new within new folders" 0 "$thimble" new deep/er/wave/ --like sine --json && holds "its name is the last one" 'd["files"][0].startswith("deep/er/wave/")'
# Files of more than 1,024 bytes cannot be written here; the stream of this template is one.
expect "new on a full disk" 1 bash -c "trap '' XFSZ; ulimit -f 1; exec '$thimble' new full/motion --like gesture"
grep -q "T0102" err && ok "it says that a file cannot be written" || failed "it says that a file cannot be written" "$(cat err)"
[ ! -e full ] && ok "no half project is left behind" || failed "no half project is left behind" "$(ls -R full)"
[ ! -e other ] && ok "nothing is left behind" || failed "nothing is left behind"
exit $failures
