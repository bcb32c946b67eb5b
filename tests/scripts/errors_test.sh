#!/bin/bash
# Command lines that must fail, with exactly this message: tests/error/*.txt.
#
# A file holds, in this order: comment lines (#), `setup: SHELL` lines, one line `$ thimble ...`, one
# line `exit N`, then standard error word for word. $TMP is a scratch folder; it reads TMP in messages.
# `tests/scripts/errors_test.sh --update` rewrites the messages: read the difference before committing.
. "$(dirname "$0")/common.sh"
export TMP=$scratch/tmp
PATH=$(dirname "$thimble"):$PATH

update=${1:-}

run_case() {
    local file=$1 name command code
    name=error/$(basename "$file" .txt)
    rm -rf "$TMP"; mkdir -p "$TMP"
    sed -n 's/^setup: //p' "$file" | bash || { failed "$name" "the setup fails"; return; }
    command=$(sed -n 's/^\$ //p' "$file")
        bash -c "$command" >"$scratch/out" 2>"$scratch/err"
    code=$?
    sed -i "s|$TMP|TMP|g" "$scratch/err"
    if [ "$update" = --update ]; then
        sed -i '/^exit /,$d' "$file"
        { echo "exit $code"; cat "$scratch/err"; } >>"$file"
    fi
    if [ "exit $code" != "$(grep -m1 '^exit ' "$file")" ]; then
        failed "$name" "exit code $code: $(head -1 "$scratch/err")"
    elif [ -s "$scratch/out" ]; then
        failed "$name" "something on stdout: $(head -1 "$scratch/out")"
    elif ! diff <(sed '1,/^exit /d' "$file") "$scratch/err" >"$scratch/diff"; then
        failed "$name" "the message differs"
        cat "$scratch/diff"
    else
        ok "$name"
    fi
}

for file in tests/error/*.txt; do run_case "$file"; done
exit $failures
