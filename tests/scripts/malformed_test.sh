#!/bin/bash
# build refuses every malformed model beside the checkout with exit code 1 and a sentence.
. "$(dirname "$0")/common.sh"

folder=${THIMBLE_SHARED:-$root/../shared}/models/malformed
if [ ! -d "$folder" ]; then
    skipped "malformed models" "$folder is not there"
    exit 0
fi
for model in "$folder"/*; do
    name="build refuses $(basename "$model")"
    expect "$name" 1 "$thimble" build "$model" --target host -o "$scratch/out_folder" --unmeasured
    grep -q '^error\[T[0-9]*\]: .' "$scratch/err" || failed "$name" "no sentence"
    [ ! -e "$scratch/out_folder" ] || failed "$name" "files were written"
done
exit $failures
