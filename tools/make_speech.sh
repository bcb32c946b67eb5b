#!/bin/bash
# Called by tools/get-data: clips of "yes", "no", other words and silence, spoken by machines.
#
#   THIMBLE_SPEECH=FOLDER [THIMBLE_SPEECH_CLIPS=COUNT] tools/make_speech.sh
#
# Writes FOLDER/{train,valid,test}/{yes,no,unknown,silence}/*.wav, 16 kHz, 16 bit, mono: one or two
# seconds, in the last of which the word stands somewhere, over noise. A voice speaks in one of the
# three parts only: train/ teaches, valid/ is there to choose settings by, test/ for one last look.
# The same Debian release makes the same clips: bash's RANDOM with fixed seeds, sox with -R. Two
# cores need about eight minutes. COUNT clips of each word, 2,800 otherwise, are spoken in train/, and
# no more in the other parts: a small set for a trial.
#
# What is varied: voice, speed, tempo, pitch, melody, length of the vocal tract (sox `speed`), loudness,
# place, the room (reverb), the microphone (band pass, tone), noise: white, pink, brown, hum, or none.
set -euo pipefail
folder=${THIMBLE_SPEECH:?the folder to write}
all_scratch=$(mktemp -d)
trap 'rm -rf "$all_scratch"' EXIT
rate=16000
per_word=${THIMBLE_SPEECH_CLIPS:-2800}  # of yes, and of no
made="8 $per_word"                 # the number of this division of voices comes first
if [ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "$made" ]; then exit 0; fi
# Names that are not made here are somebody's own recordings.
own=$(find "$folder" -name '*.wav' ! -name '*_[0-9][0-9][0-9][0-9].wav' -print -quit 2>/dev/null || true)
if [ -n "$own" ]; then
    echo "$folder is made anew, and would lose '$own': move your own clips to another folder" >&2
    exit 1
fi
rm -rf "$folder"

pick() { local -n list=$1; picked=${list[RANDOM % ${#list[@]}]}; }
# The results of these stand in a variable: RANDOM in a $(subshell) begins anew, with the time.
between() { printf -v "$1" %d $(($2 + RANDOM % ($3 - $2 + 1))); } # VARIABLE LOW HIGH
hundredths() {                                                    # the same with two places
    local n=$(($2 + RANDOM % ($3 - $2 + 1)))
    printf -v "$1" '%d.%02d' $((n / 100)) $((n % 100))
}

accents="en-gb en-us en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-029 en-us-nyc"
# Who speaks where was fixed before anything was trained on it. What speaks in test/ has never been in
# a test/ or valid/ before: of the variants that earlier divisions only trained on, those without
# relatives whose sha256 of "round4NAME" is least, two of the persons, and voices by chance.
# What an earlier test/ knew is in train/ and valid/ now. Whispers, croaks, robots and demons are left out.
train_variants="m1 m2 m3 m6 m7 f2 f3 klatt klatt2 Andy Annie Gene Michael steph Storm Jacky Lee steph2 steph3
    Gene2 AnxiousAndy Alicia quincy shelby klatt5 klatt6 paul Mario Tweaky ed klatt3 marcelo sandro Marco
    announcer boris gustave rob anika antonio Diogo edward edward2 Henrique Hugo iven iven2 iven3 iven4
    michel miguel victor"
valid_variants="m4 m8 f4 klatt4 Nguyen david john pablo pedro Mike benjamin grandpa Andrea aunty grandma
    kaukovalta max"
test_variants="m5 travis norbert f5 adam linda belinda robert zac Denis Alex f1"

# Voices by chance: all that a variant of espeak-ng can say, drawn within what a throat could be. A
# copy of espeak-ng's data knows them.
speech_data=$all_scratch
cp -rs "$(espeak-ng --version | sed 's/.*Data at: //')" "$all_scratch/espeak-ng-data"
chance_variant() {
    local tract pitch span i f s w
    between tract 84 118
    between pitch 60 230
    between span 115 170
    printf 'language variant\nname chance\npitch %d %d\n' "$pitch" $((pitch * span / 100))
    for i in 0 1 2 3 4 5 6 7 8; do
        between f 93 107
        between s 50 150
        between w 65 150
        printf 'formant %d %d %d %d\n' "$i" $((tract * f / 100)) "$s" "$w"
    done
    between f 0 10
    between s 0 4
    printf 'flutter %d\nroughness %d\n' "$f" "$s"
    between f 50 170
    between s 50 130
    between w 50 130
    printf 'voicing %d\nconsonants %d %d\n' "$f" "$s" "$w"
    between f 1 16
    [ "$f" -gt 6 ] || printf 'klatt %d\n' "$f"
}

# voices PART CHANCE SEED: puts all that speak in a part into PART_voices, as ENGINE:VOICE, with so
# many by chance among them.
voices() {
    local -n all=$1_voices variants=$1_variants
    local accent variant list i
    all=()
    for accent in $accents; do
        for variant in $variants; do all+=("espeak:$accent+$variant"); done
    done
    read -r -a list <<<"$accents"
    RANDOM=$3
    for i in $(seq "$2"); do
        chance_variant >"$speech_data/espeak-ng-data/voices/!v/$1$i"
        all+=("espeak:${list[i % ${#list[@]}]}+$1$i")
    done
}
voices train 400 400
voices valid 48 402
voices test 32 501
# Voices that persons lent their sound to: three in ten of train/ and valid/, two of test/. Those from
# abroad read what sounds like the English word in their spelling. Without them in train/, half of
# what such a voice says is missed.
for i in $(seq 40); do
    train_voices+=(flite:kal16 flite:slt festival:ked_diphone festival:cmu_us_slt_arctic_hts)
    train_voices+=(abroad:suo_fi_lj_diphone abroad:hy_fi_mv_diphone abroad:lp_diphone abroad:czech_krb abroad:czech_ph)
    valid_voices+=(flite:rms)
done
for i in $(seq 30); do valid_voices+=(abroad:pc_diphone abroad:upc_ca_ona_hts); done
for i in $(seq 16); do test_voices+=(flite:awb abroad:czech_dita); done

# Other words: all parts say the first list (train/ more often), each says a list of its own.
others="one two three four five six seven eight nine zero up down left right on off stop go house tree
    bird dog wow marvin sheila hello water music light open close table window garden yellow guess note
    snow mess chess dress nose yard year load low so show never now knee best rest west yell"
train_others="$others $others please thank sorry good morning evening tomorrow today again louder softer start pause
    play next back home phone call message weather time clock alarm kitchen bathroom bedroom door lamp fan
    heater cold warm red green blue white black orange purple brown monday tuesday friday sunday january may
    june august winter summer spring person mother father sister brother baby doctor teacher school office
    city street car train bus plane boat bicycle road bridge river mountain ocean island forest flower grass
    yet less us yoga young year joy jazz say may nor new note nine grow throw toe bow ago also"
valid_others="$others apple finger chair paper button number coffee market machine silver"
# What those from abroad say instead: short words of theirs, and what sounds nearly like "yes" and "no".
# shellcheck disable=SC2034
read -r -d '' -a abroad_others <<<"luna mama telefon banana auto radio limonada tri kato sol mar pan kino nebo nos mes les lou nau ne
    si sou kou tou nu ni na do da mo mi ma lo la li ta ti to pa pi po papa mapa kilo solo mono piano opera
    tango polka tomato pasta pizza salata soda kola bes des tes kes est ast jo ja je ano ako oko sport test" || true
test_others="$others bread pencil shoulder lemon engine ticket cousin mirror village thunder"

# say_festival VOICE TEXT FILE. Festival begins slowly: what it said once is kept. Said alone, words
# take twice the time that its voices give them in a sentence.
say_festival() {
    local said=$all_scratch/$1_${2// /_}.wav
    if [ ! -f "$said" ]; then
        echo "$2" | text2wave -eval "(voice_$1)" -eval "(Parameter.set 'Duration_Stretch 2)" -o "$3"
        mv "$3" "$said"
    fi
    cp "$said" "$3"
}

# speak VOICE WORD FILE: a word without silence around it.
speak() {
    local engine=${1%%:*} voice=${1#*:} word=${2//_/ } melodies=("" "" "" "?" "!" ",") said=$scratch/said.wav
    local melody speed pitch stretch tone tract tempo
    pick melodies
    melody=$picked
    between speed 105 200
    between pitch 20 80
    between tone 80 220
    hundredths stretch 100 150
    hundredths tract 88 116
    hundredths tempo 65 120
    rm -f "$said"
    case $engine in
    espeak) espeak-ng --path="$speech_data" -v "$voice" -s "$speed" -p "$pitch" -w "$said" "$word$melody" ;;
    flite) flite -voice "$voice" --setf duration_stretch="$stretch" --setf int_f0_target_mean="$tone" -t "$word$melody" -o "$said" ;;
    festival | abroad) say_festival "$voice" "$word" "$said" ;;
    esac >/dev/null 2>&1
    sox -R "$said" -r $rate -b 16 -c 1 "$3" speed "$tract" tempo -s "$tempo" norm -3 \
        silence 1 0.01 2% reverse silence 1 0.01 2% reverse 2>/dev/null
}

# room: puts effects of a room and of a microphone into `effects`, often none.
room() {
    local a b c d
    effects=()
    if [ $((RANDOM % 2)) = 0 ]; then
        between a -9 9
        between b -9 9
        between c 500 3000
        between d -7 7
        effects=(bass "$a" treble "$b" equalizer "$c" 1.0q "$d")
    fi
    between a 5 25
    between b 10 40
    between c 80 300
    between d 3000 7000
    case $((RANDOM % 8)) in
    0) effects+=(reverb "$a" 50 "$b") ;;
    1) effects+=(highpass "$c") ;;
    2) effects+=(lowpass "$d") ;;
    3) effects+=(highpass "$c" lowpass "$d") ;;
    esac
}

# noise SECONDS DB FILE: that much below full scale. sox -R repeats itself: a piece from anywhere.
noise() {
    local kinds=(whitenoise pinknoise brownnoise pinknoise) hum begin long=$(($1 + 4))
    pick kinds
    between hum 50 400
    hundredths begin 0 399
    local sound=(synth "$long" "$picked")
    [ $((RANDOM % 8)) != 0 ] || sound=(synth "$long" sine "$hum" synth "$long" pinknoise mix)
    sox -R -n -r $rate -b 16 -c 1 "$3" "${sound[@]}" norm -1 gain "-$2" trim "$begin" "$1" 2>/dev/null
}

# clip FILE [WORD_FILE]: puts a word into the last second, over noise; with `cut`, at most so many
# hundredths of it: its end, after it began too early, or its begin.
clip() {
    local seconds=$((1 + RANDOM % 2)) samples length place quiet loud seen
    [ -z "$cut" ] || seconds=2
    if [ $# = 1 ]; then
        between quiet 10 80
        noise $seconds "$quiet" "$1"
        return
    fi
    samples=$((seconds * rate))
    length=$(soxi -s "$2")
    [ "$length" -lt $((rate - 800)) ] || length=$((rate - 800))
    if [ -n "$cut" ]; then
        between seen 20 "$cut"
        seen=$((length * seen / 100))
        place=$((RANDOM % 2 ? rate + seen - length : samples - seen))
    else
        place=$((samples - length - RANDOM % (rate - length + 1)))
    fi
    room
    between loud 0 15
    between quiet 30 70
    sox -R "$2" "$scratch/placed.wav" "${effects[@]}" trim 0 "${length}s" norm -1 gain "-$loud" \
        pad "${place}s" 1 trim 0 "${samples}s" 2>/dev/null
    if [ $((RANDOM % 10)) -lt 3 ]; then
        mv "$scratch/placed.wav" "$1"
    else
        noise $seconds "$quiet" "$scratch/noise.wav"
        sox -R -m -v 1 "$scratch/placed.wav" -v 1 "$scratch/noise.wav" "$1" 2>/dev/null
    fi
}

# spell_abroad: puts what `voice` reads like the English `word` into `text`, or another `word`.
spell_abroad() {
    case $word:$voice in
    no:*) text=nou ;;
    yes:*_fi_* | yes:*czech*) text=jes ;;
    yes:*) text=ies ;;
    *) pick abroad_others; word=$picked text=$picked ;;
    esac
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
        local voice text
        pick words
        word=$picked
        pick "$voices"
        voice=$picked
        text=$word
        [[ $voice != abroad:* ]] || spell_abroad
        speak "$voice" "$text" "$scratch/word.wav" || continue
        file=$(printf '%s/%s/%s/%s_%s_%04d.wav' "$folder" "$part" "$label" "${cut:+part_of_}$word" "${voice#*:}" "$i")
        clip "$file" "$scratch/word.wav"
    done
    echo "$part/$label: $(find "$folder/$part/$label" -name '*.wav' | wc -l) clips"
}

# Labels are made side by side, each with random numbers of its own. $1 is their seed.
cut=
label() {
    RANDOM=$1
    scratch=$all_scratch/$1
    mkdir -p "$scratch"
    shift
    clips "$@"
}

for part in train valid test; do
    words=${part}_others
    case $part in
    train) count=$per_word seed=100 ;;
    valid) count=480 seed=300 ;;
    test) count=240 seed=500 ;;
    esac
    [ "$count" -le "$per_word" ] || count=$per_word
    unknown=$((count * 4 / 3))
    [ $part != train ] || unknown=$((count * 2))
    label $((seed + 1)) $part ${part}_voices yes "$count" yes &
    label $((seed + 2)) $part ${part}_voices no "$count" no &
    # shellcheck disable=SC2086
    label $((seed + 3)) $part ${part}_voices unknown "$unknown" ${!words} &
    label $((seed + 4)) $part ${part}_voices silence $((count / 3)) &
    wait
    [ $part = train ] || continue
    # What slides in or out of the second is no word yet, or none any more.
    # shellcheck disable=SC2086
    cut=80 label $((seed + 5)) $part ${part}_voices unknown $((count * 3 / 4)) ${!words} &
    cut=40 label $((seed + 6)) $part ${part}_voices unknown $((count / 2)) yes no &
    wait
done
echo "$made" >"$folder/complete"
