#!/bin/sh
# run_fuzz.sh SECONDS [CORPUS]: fuzzes the TFLite reader under ASan and UBSan.
#
# Seeds are the small models of ../shared/models, if that folder lies beside the checkout
# (THIMBLE_SHARED names another place). New inputs go to CORPUS, else to a folder that is removed.
# A crash, a leak, an input that takes 10 s, or one that needs more than 512 MB ends it with exit
# code 1 and leaves the input in the build folder.
set -eu
seconds=${1:?usage: run_fuzz.sh SECONDS [CORPUS]}
root=$(cd "$(dirname "$0")/../.." && pwd)
build="$root/build-fuzz"
shared=${THIMBLE_SHARED:-$root/../shared}
command -v clang++ >/dev/null || { echo "clang++ is missing: apt-get install clang" >&2; exit 4; }
mkdir -p "$build"

clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -DFMT_HEADER_ONLY -I "$root/compiler" -o "$build/read_tflite_fuzz" \
    "$root/tests/fuzz/read_tflite_fuzz.cc" "$root/compiler/base/error.cc" \
    "$root/compiler/base/file.cc" "$root/compiler/formats/flat_table.cc" \
    "$root/compiler/formats/flexbuffers.cc" "$root/compiler/formats/printable.cc" \
    "$root/compiler/formats/tflite.cc" "$root/compiler/formats/tflite_tensor.cc" \
    "$root/compiler/formats/tflite_names.cc"

seeds=$(mktemp -d)
corpus=${2:-$(mktemp -d)}
trap 'rm -rf "$seeds"; [ "$#" -gt 1 ] || rm -rf "$corpus"' EXIT
if [ -d "$shared/models" ]; then
    find "$shared/models/" -name '*.tflite' -size -8k | while read -r model; do
        cp "$model" "$seeds/$(echo "$model" | cksum | cut -d' ' -f1)"
    done
fi
cd "$build"
"$build/read_tflite_fuzz" -max_total_time="$seconds" -rss_limit_mb=512 -timeout=10 -max_len=16384 \
    -use_value_profile=1 -print_final_stats=1 "$corpus" "$seeds"
