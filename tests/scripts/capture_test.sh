#!/bin/bash
# What a capture program prints is what training reads: a stream of twenty motions goes through
# `build --capture`, on this computer and on the emulated Uno, and comes back as twenty recordings.
. "$(dirname "$0")/common.sh"
stream=$root/examples/gesture/stream/stream.csv
project=$scratch/again
mkdir -p "$project"

# A copy of the example whose recordings are those that the capture program prints.
sed -e 's|"motion.tflite"|"'"$root"'/examples/gesture/motion.tflite"|' -e '/^count = /d' \
    -e 's|^generate = .*|files = "*.csv"\nlabels = "file"\nsamples = 50|' \
    "$root/examples/gesture/thimble.toml" >"$project/thimble.toml"

expect "build --capture for a PC" 0 "$thimble" build examples/gesture --capture --target pc --unmeasured -o "$scratch/pc" || exit 1
if make -s -C "$scratch/pc" CFLAGS='-O1 -std=c99 -Wall -Wextra -Wconversion -Werror' >"$scratch/make.log" 2>&1; then ok "it compiles without a warning"
else failed "it compiles without a warning" "$(head -3 "$scratch/make.log" | tr '\n' ' ')"; exit 1; fi
"$scratch/pc/example" <"$stream" >"$project/motion.csv"
if [ "$(head -1 "$project/motion.csv")" = aX,aY,aZ ]; then ok "the header names the channels"
else failed "the header names the channels" "$(head -1 "$project/motion.csv")"; fi
expect "its output is read back" 0 "$thimble" data "$project" --json
holds "as twenty recordings of 50 samples" 'd["recordings"] == 20 and d["rows"] == 1000 and d["labels"][0]["shortest"] == 50 and d["labels"][0]["label"] == "motion" and d["left_out_rows"] == 0'

if ! command -v avr-gcc >/dev/null || [ ! -x build/thimble-run-avr ]; then
    skipped "capture on the emulated Uno" "avr-gcc or thimble-run-avr is not here"
    exit $failures
fi
expect "build --capture for an Uno" 0 "$thimble" build examples/gesture --capture --target uno --unmeasured -o "$scratch/uno" || exit 1
# The board's part: samples come from the emulator's input stream, characters go to its output.
cat >"$scratch/uno/board.c" <<'END'
#include "harness/thb_host.h"
int capture_sample(int16_t* sample);
void capture_put(char c);
int capture_sample(int16_t* sample)
{
    uint8_t more;
    thb_host_read(&more, 1);
    if (more) thb_host_read(sample, 6);
    return more;
}
void capture_put(char c) { thb_host_write(&c, 1); }
END
python3 - "$stream" "$scratch/uno/input" <<'END'
import struct, sys
rows = [line.split(",") for line in open(sys.argv[1]).read().split("\n")[1:] if line]
open(sys.argv[2], "wb").write(b"".join(b"\1" + struct.pack("<3h", *map(int, row)) for row in rows) + b"\0")
END
if (cd "$scratch/uno" && avr-gcc -mmcu=atmega328p -DF_CPU=16000000UL -Os -std=c99 -Wall -Wextra -Wconversion -Werror \
    -I"$root/device" -I. ./*.c "$root/device/harness/avr.c" "$root/device/harness/stack.c" "$root/device/harness/avr_stack.S" -o capture.elf -lm) >"$scratch/avr.log" 2>&1; then
    ok "the Uno's compiles without a warning"
else
    failed "the Uno's compiles without a warning" "$(head -3 "$scratch/avr.log" | tr '\n' ' ')"
    exit $failures
fi
expect "it runs on the emulated Uno" 0 build/thimble-run-avr atmega328p 16000000 "$scratch/uno/capture.elf" "$scratch/uno/input" "$scratch/uno/output" "$scratch/uno/marks" 4000000000
if cmp -s "$scratch/uno/output" "$project/motion.csv"; then ok "the Uno prints the same bytes as the PC"
else failed "the Uno prints the same bytes as the PC" "$(cmp "$scratch/uno/output" "$project/motion.csv" 2>&1)"; fi
exit $failures
