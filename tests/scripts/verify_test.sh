#!/bin/bash
# verify on every family: real models, every compared byte equal on the emulated chip.
. "$(dirname "$0")/common.sh"
models=${THIMBLE_SHARED:-../shared}/models

# exact MODEL TARGET [OPTION...]
exact() {
    local model=$1 target=$2
    shift 2
    expect "verify $(basename "$model") on $target" 0 "$thimble" verify "$model" --target "$target" --json "$@" &&
        holds "$(basename "$model") is bit-exact on $target" 'd["bit_exact"] and d["mismatches"] == 0 and d["outputs_compared"] > 0'
}

families="avr cortex-m0plus cortex-m3 cortex-m4 cortex-m7 cortex-m33 cortex-m55 rv32imc xtensa host"
for target in $families uno mega2560; do exact $gesture "$target"; done

if [ ! -d "$models" ]; then
    skipped "real models on emulated chips" "no $models (THIMBLE_SHARED names another folder)"
    exit $failures
fi
for target in $families; do exact "$models/tflite-micro/hello_world_int8.tflite" "$target"; done
for target in $families uno; do exact "$models/tflite-micro/trained_lstm_int8.tflite" "$target" --layers; done
exact "$models/tflite-micro/dtln_noise_suppression.tflite" cortex-m4 --cases 5
for model in tflite-micro/micro_speech_quantized mlperf-tiny/kws_ref_model mlperf-tiny/ad01_int8 mlperf-tiny/pretrainedResnet_quant \
    mlperf-tiny/str_ww_ref_model; do
    for target in cortex-m0plus cortex-m4 cortex-m55 rv32imc; do exact "$models/$model.tflite" $target --cases 5; done
done
for model in tflite-micro/person_detect mlperf-tiny/vww_96_int8; do
    for target in cortex-m4 rv32imc; do exact "$models/$model.tflite" $target --cases 5; done
done
exact "$models/tinymaix/mnist_valid_q.tflite" uno --layers
exact "$models/wakeword/v2_okay_nabu.tflite" cortex-m4 --cases 20 --state keep
exit $failures
