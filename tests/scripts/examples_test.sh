#!/bin/bash
# The trained files of the examples are those that were pinned: examples/*/models.sha256.
. "$(dirname "$0")/common.sh"

for list in examples/*/models.sha256; do
    folder=$(dirname "$list")
    if (cd "$folder" && sha256sum --check --strict --quiet models.sha256) >"$scratch/out" 2>&1; then
        ok "$folder: its models are the pinned ones"
    else
        failed "$folder: its models are the pinned ones" "$(head -1 "$scratch/out")"
    fi
    for model in "$folder"/*.tflite; do
        if grep -q " $(basename "$model")\$" "$list"; then ok "$model is pinned"; else failed "$model is pinned" "not in $list"; fi
    done
done
exit $failures
