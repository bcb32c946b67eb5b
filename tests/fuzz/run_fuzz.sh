#!/bin/sh
# run_fuzz.sh SECONDS [TARGET [CORPUS]]: fuzzes under ASan and UBSan, each target for SECONDS.
#
# TARGET is read_tflite (the reader alone), compile_model (from bytes to generated C), all (both), or
# readers: those of data and projects, read_wav read_csv read_png read_idx read_npy read_toml, or one.
# Seeds are the small models of ../shared/models, if that folder lies beside the checkout
# (THIMBLE_SHARED names another place), and the one-operator models of tests/ops, if a build of
# thimble_ops lies in build/. New inputs go to CORPUS, else to a folder that is removed. A crash, a
# leak, an input that takes 20 s, or one that needs more than 1 GB ends it with exit code 1 and
# leaves the input in the build folder. FUZZ_SEED makes a run repeat; without it every run differs.
set -eu
seconds=${1:?usage: run_fuzz.sh SECONDS [TARGET [CORPUS]]}
targets=${2:-all}
[ "$targets" != all ] || targets="read_tflite compile_model"
[ "$targets" != readers ] || targets="read_wav read_csv read_png read_idx read_npy read_toml"
root=$(cd "$(dirname "$0")/../.." && pwd)
build="$root/build-fuzz"
shared=${THIMBLE_SHARED:-$root/../shared}
command -v clang++ >/dev/null || { echo "clang++ is missing: apt-get install clang" >&2; exit 4; }

cmake -G Ninja -S "$root" -B "$build" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang \
    -DTHIMBLE_FUZZ=ON -DTHIMBLE_TESTS=OFF >/dev/null
for target in $targets; do ninja -C "$build" -j2 "${target}_fuzz" >/dev/null; done

seeds=$(mktemp -d)
corpus=${3:-$(mktemp -d)}
trap 'rm -rf "$seeds"; [ "$#" -gt 2 ] || rm -rf "$corpus"' EXIT
if [ -d "$shared/models" ]; then
    find "$shared/models/" -name '*.tflite' -size -8k | while read -r model; do
        cp "$model" "$seeds/$(echo "$model" | cksum | cut -d' ' -f1)"
    done
fi
[ ! -x "$root/build/thimble_ops" ] || "$root/build/thimble_ops" --write-models "$seeds" >/dev/null
# Small files of the kind that a reader takes. A table has a byte for its options in front.
seed_reader() {
    case "$1" in
        read_csv) for options in '\000' '\001' '\017' '\100' '\305'; do
                { printf "$options"; printf 'a,x,y\nw,1,2\nw,3,"4"\n\nv;1,5\tq\n'; } >"$2/csv$options"
            done ;;
        read_idx) printf '\000\000\010\002\000\000\000\002\000\000\000\001ab' >"$2/idx" ;;
        read_npy) cp "$root"/examples/gesture/data/*_0.npy "$2" ;;
        read_png) echo 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgZGJgZgEAAB0ACw21UgYAAAAASUVORK5CYII=' |
                base64 -d >"$2/grey"
            echo 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAMAAADD/I+4AAAABlBMVEUBAgMEBQaVU29IAAAAAXRSTlOArV5bRgAAAAtJREFUeJxjYGAEAAAEAAK/ej9KAAAAAElFTkSuQmCC' | base64 -d >"$2/palette" ;;
        read_toml) for file in "$root"/examples/*/thimble.toml; do
                [ ! -f "$file" ] || cp "$file" "$2/$(basename "$(dirname "$file")")"
            done ;;
        read_wav) printf 'RIFF\050\000\000\000WAVEfmt \020\000\000\000\001\000\001\000\200\076\000\000\000\175\000\000\002\000\020\000data\004\000\000\000abcd' >"$2/wav" ;;
    esac
}
# compile_model takes the target from a byte before the model.
for target in $targets; do
    mkdir -p "$seeds/$target" "$corpus/$target"
    case "$target" in
        read_tflite | compile_model) ;;
        *) seed_reader "$target" "$seeds/$target"; continue ;;
    esac
    for model in "$seeds"/*; do
        [ -f "$model" ] || continue
        { [ "$target" = read_tflite ] || printf '%s' "$(basename "$model" | cut -c1)"; cat "$model"; } \
            >"$seeds/$target/$(basename "$model")"
    done
done
cd "$build"
for target in $targets; do
    echo "fuzzing $target for $seconds s from $(ls "$seeds/$target" | wc -l) seeds"
    "$build/${target}_fuzz" -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=512 \
        -timeout=20 -max_len=16384 -use_value_profile=1 -print_final_stats=1 -seed="${FUZZ_SEED:-0}" \
        "$corpus/$target" "$seeds/$target" >"$build/$target.log" 2>&1 && code=0 || code=$?
    tail -40 "$build/$target.log"
    # A broken promise inside thimble ends the process without leaving a file: its code is not 0.
    if [ "$code" != 0 ]; then
        echo "$target ended with exit code $code" >&2
        exit 1
    fi
    if ls "$build"/crash-* "$build"/oom-* "$build"/timeout-* "$build"/leak-* >/dev/null 2>&1; then
        echo "findings lie in $build" >&2
        exit 1
    fi
done
