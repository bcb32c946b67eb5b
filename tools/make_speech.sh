#!/bin/bash
# Called by tools/get-data: clips of "yes", "no", other words and silence, spoken by machines.
#
#   THIMBLE_SPEECH=FOLDER tools/make_speech.sh
#
# Writes FOLDER/{train,test}/{yes,no,unknown,silence}/*.wav, 16 kHz, 16 bit, mono: one or two seconds,
# in the last of which the word stands somewhere, over noise. Voices in test/ speak nowhere in train/.
# The same Debian release makes the same clips: bash's RANDOM with fixed seeds, sox with -R.
#
# What is varied: voice, speed, pitch, length of the vocal tract (sox `speed`), loudness, place,
# the room (reverb), the microphone (band pass), and the noise: white, pink, brown, hum, or none.
set -euo pipefail
folder=${THIMBLE_SPEECH:?the folder to write}
all_scratch=$(mktemp -d)
trap 'rm -rf "$all_scratch"' EXIT
rate=16000
per_word_train=${THIMBLE_SPEECH_CLIPS:-1000}  # of yes, and of no
if [ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$per_word_train" ]; then exit 0; fi
rm -rf "$folder"

accents="en-gb en-us en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc"
# Voices as ENGINE:VOICE. Those of the second list are heard in test/ alone.
train_voices=() test_voices=()
for accent in $accents; do
    for variant in m1 m2 m3 m5 m7 f1 f2 f3 f5 klatt klatt2 Andy Annie Denis Gene Alex Michael linda steph belinda Storm Jacky Lee steph2; do
        train_voices+=("espeak:$accent+$variant")
    done
    for variant in m4 m8 f4 klatt4; do test_voices+=("espeak:$accent+$variant"); done
done
for i in $(seq 24); do train_voices+=(flite:kal16 flite:awb flite:slt); done
for i in $(seq 8); do test_voices+=(flite:rms); done

others="one two three four five six seven eight nine zero up down left right on off stop go house tree
    bird dog wow marvin sheila hello water music light open close table window garden yellow guess note
    snow mess chess dress nose yard year load low so show never now knee best rest west yell"

pick() { local -n list=$1; picked=${list[RANDOM % ${#list[@]}]}; }
between() { echo $(($1 + RANDOM % ($2 - $1 + 1))); }
# A number with two places: hundredths between $1 and $2.
hundredths() { local n=$(($1 + RANDOM % ($2 - $1 + 1))); printf '%d.%02d' $((n / 100)) $((n % 100)); }

# speak VOICE WORD FILE: a word without silence around it.
speak() {
    local engine=${1%%:*} voice=${1#*:} word=${2//_/ }
    if [ "$engine" = espeak ]; then
        espeak-ng -v "$voice" -s "$(between 120 190)" -p "$(between 25 75)" -w "$scratch/said.wav" "$word" 2>/dev/null
    else
        flite -voice "$voice" --setf duration_stretch="$(hundredths 80 135)" --setf int_f0_target_mean="$(between 80 220)" \
            -t "$word" -o "$scratch/said.wav" >/dev/null 2>&1
    fi
    sox -R "$scratch/said.wav" -r $rate -b 16 -c 1 "$3" speed "$(hundredths 90 114)" \
        silence 1 0.01 1% reverse silence 1 0.01 1% reverse norm -3 2>/dev/null
}

room() { # effects of a room and of a microphone, often none
    case $((RANDOM % 8)) in
    0) echo "reverb $(between 5 25) 50 $(between 10 40)" ;;
    1) echo "highpass $(between 80 300)" ;;
    2) echo "lowpass $(between 3000 6500)" ;;
    3) echo "highpass $(between 100 250) lowpass $(between 3500 7000)" ;;
    *) echo "" ;;
    esac
}

# noise SECONDS GAIN_DB FILE
noise() {
    local kinds=(whitenoise pinknoise brownnoise pinknoise) kind=${2}
    pick kinds
    if [ $((RANDOM % 8)) = 0 ]; then
        sox -R -n -r $rate -b 16 -c 1 "$3" synth "$1" sine "$(between 50 400)" synth "$1" pinknoise mix norm -1 gain "$kind" 2>/dev/null
    else
        sox -R -n -r $rate -b 16 -c 1 "$3" synth "$1" "$picked" norm -1 gain "$kind" trim 0 "$1" 2>/dev/null
    fi
}

# clip FILE [WORD_FILE]: puts a word into the last second, over noise.
clip() {
    local seconds=$((1 + RANDOM % 2)) samples length place
    if [ $# = 1 ]; then
        noise $seconds "-$(between 10 80)" "$1"
        return
    fi
    samples=$((seconds * rate))
    length=$(soxi -s "$2")
    [ "$length" -lt $((rate - 800)) ] || length=$((rate - 800))
    place=$((samples - length - RANDOM % (rate - length + 1)))
    # shellcheck disable=SC2046
    sox -R "$2" "$scratch/placed.wav" $(room) trim 0 "${length}s" norm -1 gain "-$(between 0 15)" \
        pad "${place}s" 1 trim 0 "${samples}s" 2>/dev/null
    if [ $((RANDOM % 10)) -lt 3 ]; then
        mv "$scratch/placed.wav" "$1"
    else
        noise $seconds "-$(between 35 70)" "$scratch/noise.wav"
        sox -R -m -v 1 "$scratch/placed.wav" -v 1 "$scratch/noise.wav" "$1" 2>/dev/null
    fi
}

# clips PART VOICES LABEL COUNT WORD...
clips() {
    local part=$1 voices=$2 label=$3 count=$4 i word
    shift 4
    local words=("$@")
    mkdir -p "$folder/$part/$label"
    for ((i = 0; i < count; ++i)); do
        local file
        if [ $# = 0 ]; then
            clip "$(printf '%s/%s/%s/noise_%04d.wav' "$folder" "$part" "$label" "$i")"
            continue
        fi
        pick words
        word=$picked
        pick "$voices"
        speak "$picked" "$word" "$scratch/word.wav" || continue
        file=$(printf '%s/%s/%s/%s_%s_%04d.wav' "$folder" "$part" "$label" "$word" "${picked#*:}" "$i")
        clip "$file" "$scratch/word.wav"
    done
    echo "$part/$label: $(find "$folder/$part/$label" -name '*.wav' | wc -l) clips"
}

# Labels are made side by side, each with random numbers of its own. $1 is their seed.
label() {
    RANDOM=$1
    scratch=$all_scratch/$1
    mkdir -p "$scratch"
    shift
    clips "$@"
}

# shellcheck disable=SC2086
for part in train test; do
    count=$per_word_train seed=100
    [ $part = train ] || { count=240; seed=200; }
    label $((seed + 1)) $part ${part}_voices yes "$count" yes &
    label $((seed + 2)) $part ${part}_voices no "$count" no &
    label $((seed + 3)) $part ${part}_voices unknown $((count * 4 / 3)) $others &
    label $((seed + 4)) $part ${part}_voices silence $((count / 3)) &
    wait
done
echo "$per_word_train" >"$folder/complete"
