#!/bin/bash
# Stock Keras models, converted by stock TensorFlow: thimble computes what TensorFlow Lite's reference kernels compute.
#
# THIMBLE_KERAS_MODELS names a folder that tools/make_recurrent_models.py wrote. Without it the models are made in
# a virtual environment below the user's cache folder, but only by ./test --long: TensorFlow has 600 MB.
. "$(dirname "$0")/common.sh"
folder=${THIMBLE_KERAS_MODELS:-}
name="stock Keras models"

if [ -z "$folder" ]; then
    if [ -z "${THIMBLE_LONG:-}" ]; then
        skipped "$name" "TensorFlow has 600 MB: ./test --long installs it; or let THIMBLE_KERAS_MODELS name a folder of models"
        exit 0
    fi
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/thimble-keras
    folder=$cache/models
    mkdir -p "$cache"
    if [ ! -f "$folder/complete" ]; then
        [ -x "$cache/venv/bin/python" ] || python3 -m venv "$cache/venv" >"$cache/log" 2>&1
        if ! "$cache/venv/bin/python" -m pip install -q --retries 1 'tensorflow-cpu==2.18.*' 'tf_keras==2.18.*' >"$cache/log" 2>&1; then
            skipped "$name" "TensorFlow cannot be installed: $(tail -1 "$cache/log")"
            exit 0
        fi
        if ! "$cache/venv/bin/python" tools/make_recurrent_models.py "$folder" >"$cache/log" 2>&1; then
            failed "$name" "the models cannot be made: $(tail -1 "$cache/log")"
            exit $failures
        fi
        touch "$folder/complete"
    fi
fi
if [ ! -f "$folder/index.json" ]; then
    failed "$name" "no index.json in $folder"
    exit $failures
fi
python3 tools/compare_recurrent_models.py "$folder" --thimble "$thimble" || failures=1
exit $failures
