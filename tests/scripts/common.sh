# Sourced by the script tests: where things are, and how a result is printed.
#
# ok NAME, FAILED NAME: reason, SKIPPED: NAME: reason; one line each, counted by ./test. A script ends
# with `exit $failures`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
thimble=${THIMBLE:-$root/build/thimble}
gesture=examples/gesture/gesture.tflite
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

ok() { echo "ok $1"; }
failed() { echo "FAILED $1: $2"; failures=1; }
skipped() { echo "SKIPPED: $1: $2"; }

# expect NAME EXIT_CODE COMMAND...: runs it; output goes to $scratch/out and $scratch/err.
expect() {
    local name=$1 want=$2 code
    shift 2
    "$@" >"$scratch/out" 2>"$scratch/err"
    code=$?
    if [ $code = "$want" ]; then ok "$name"; return 0; fi
    failed "$name" "exit code $code, expected $want: $(head -c 300 "$scratch/err" | tr '\n' ' ')"
    return 1
}

# is_json NAME: $scratch/out holds exactly one JSON object.
is_json() {
    if python3 -c 'import json, sys; assert isinstance(json.load(open(sys.argv[1])), dict)' "$scratch/out" 2>"$scratch/json"; then
        ok "$1 is one JSON object"
    else
        failed "$1 is one JSON object" "$(tail -1 "$scratch/json")"
    fi
}

# holds NAME EXPRESSION: the Python expression over the parsed object d is true.
holds() {
    if python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert eval(sys.argv[2])' "$scratch/out" "$2" 2>"$scratch/json"; then
        ok "$1"
    else
        failed "$1" "$2: $(tail -1 "$scratch/json")"
    fi
}
