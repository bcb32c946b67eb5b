#!/bin/bash
# Every command: its exit code, its --json, its help and the two examples at the end of it.
. "$(dirname "$0")/common.sh"
export THIMBLE_CACHE=$scratch/cache
commands="inspect data run eval build verify profile boards targets ops doctor explain"
data=examples/gesture/data
mkdir -p "$scratch/away" && ln -s "$root/examples" "$scratch/away/examples"

# A target is tried where its tools are; $ready lists those families.
"$thimble" targets --json >"$scratch/out"
ready=$(python3 -c 'import json, sys; print(*[t["target"] for t in json.load(open(sys.argv[1]))["targets"] if t["state"] == "ready"])' "$scratch/out")
is_ready() { case " $ready " in *" $1 "*) return 0 ;; esac; skipped "$2" "the tools for $1 are not installed"; return 1; }

for command in $commands; do
    expect "$command --help" 0 "$thimble" $command --help
    if [ "$(tail -3 "$scratch/out" | grep -c "^  thimble $command")" = 2 ]; then ok "$command --help ends with two examples"
    else failed "$command --help ends with two examples" "$(tail -3 "$scratch/out")"; fi
    # The examples work in a checkout; they are run with the outputs out of the way.
    tail -2 "$scratch/out" | sed 's/^  thimble //' >"$scratch/example.lines"
    while read -r arguments; do
        case "$arguments" in
            *"--target uno"*) is_ready avr "example: $arguments" || continue ;;
            *"--target cortex-m4"*) is_ready cortex-m4 "example: $arguments" || continue ;;
        esac
        # shellcheck disable=SC2086
        (cd "$scratch/away" && "$thimble" $arguments >/dev/null 2>"$scratch/example.err" </dev/null)
        if [ $? = 0 ]; then ok "example: $arguments"; else failed "example: $arguments" "$(head -1 "$scratch/example.err")"; fi
    done <"$scratch/example.lines"
done
expect "--version" 0 "$thimble" --version
expect "--help" 0 "$thimble" --help

expect "inspect" 0 "$thimble" inspect $gesture --json
is_json "inspect --json"
holds "inspect names layers and boards" 'len(d["layers"]) == 4 and all(l["supported"] for l in d["layers"]) and d["inputs"][0]["shape"] == [1, 150] and any(b["board"] == "uno" and b["fits"] for b in d["boards"])'
expect "boards" 0 "$thimble" boards --json
holds "boards lists sixteen boards" 'len(d["boards"]) == 16'
expect "boards MODEL" 0 "$thimble" boards $gesture --json
holds "boards MODEL says what stays free" 'all(set(b) >= {"board", "fits", "flash_free", "ram_free", "latency_estimate_ms"} for b in d["boards"])'
expect "ops" 0 "$thimble" ops --json
holds "ops lists dense" 'any(o["op"] == "dense" and "FULLY_CONNECTED" in o["tflite"] for o in d["ops"])'
expect "doctor" 0 "$thimble" doctor --json
holds "doctor tells how to install" 'all(set(t) >= {"tool", "found", "install"} for t in d["tools"])'
expect "explain" 0 "$thimble" explain t0301 --json
holds "explain gives the exit code" 'd["code"] == "T0301" and d["exit_code"] == 1'

expect "run on the oracle" 0 "$thimble" run $gesture --input $data/punch_0.npy --output "$scratch/run" --json
is_json "run --json"
holds "run writes class.npy" 'd["outputs"][0]["name"] == "class" and d["outputs"][0]["dtype"] == "int8" and d["outputs"][0]["shape"] == [1, 2] and open(d["outputs"][0]["file"], "rb").read(6) == b"\x93NUMPY"'
crc_oracle=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["outputs"][0]["crc32"])' "$scratch/out")
tail -c 150 $data/punch_0.npy >"$scratch/punch_0.bin"
expect "run on raw bytes by name" 0 "$thimble" run $gesture --input motion="$scratch/punch_0.bin" --json
holds "raw bytes give the same output" "d['outputs'][0]['crc32'] == '$crc_oracle'"
expect "run twenty times" 0 "$thimble" run $gesture --input $data/flex.npy --runs 20 --json
holds "twenty runs have a leading axis" 'd["outputs"][0]["shape"] == [20, 1, 2]'
if is_ready host "run --engine host"; then
    expect "run --engine host" 0 "$thimble" run $gesture --input $data/punch_0.npy --engine host --json
    holds "the host gives the oracle's output" "d['outputs'][0]['crc32'] == '$crc_oracle'"
fi

for target in avr cortex-m4 rv32imc host; do
    is_ready $target "verify on $target" || continue
    expect "verify on $target" 0 "$thimble" verify $gesture --target $target --cases 5 --json
    holds "verify on $target is bit-exact" 'd["bit_exact"] and d["mismatches"] == 0 and d["cases"] == 5 and d["outputs_compared"] > 0 and d["max_abs_error"] == 0'
    [ $target = host ] && continue
    expect "profile on $target" 0 "$thimble" profile $gesture --target $target --json
    is_json "profile --json on $target"
    holds "profile on $target adds up" 'd["total"] > 0 and abs(sum(l["total"] for l in d["layers"]) - d["total"]) <= 0.01 * d["total"] + 20 and d["flash"]["total"] == d["flash"]["code"] + d["flash"]["weights"] and d["ram"]["total"] == sum(d["ram"][k] for k in ("state", "work", "io")) and d["stack"] > 0 and d["unit"] in ("cycles", "instructions")'
done
exit $failures
