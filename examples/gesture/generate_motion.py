#!/usr/bin/env python3
"""Generates recordings of two gestures, as a motion sensor on the wrist would give them.

A recording is 50 samples of 3 axes, 20 ms apart, in units of 1/256 g, limited to -127..127 like the
capture sketch prints them. The sensor is high-pass filtered, so gravity appears only where the hand
turns. Both gestures are sums of smooth bumps whose size, length and place vary from one recording to
the next; then come a tilted wrist, slow drift and noise.

  punch  forward push, hard stop, recoil: three short bumps along x, 0.1 to 0.2 s each
  flex   forearm curl: one slow turn of 0.6 to 0.9 s, tangential on z, centripetal on x

With --stream the recordings follow each other as a sensor would give them, punch and flex in turn: raw counts,
32 to 1/256 g, at rest for 40 samples between them.

Usage: generate_motion.py OUTPUT_FOLDER [--recordings 10] [--seed 7] [--stream]
"""
import argparse
import math
import pathlib
import random

SAMPLES = 50
LIMIT = 127
GESTURES = ("punch", "flex")


def bump(t, center, width):
    """A smooth bump of height 1 around `center`, zero beyond `width` on either side."""
    distance = abs(t - center) / width
    return math.cos(distance * math.pi / 2) ** 2 if distance < 1 else 0.0


def punch(rng):
    """Returns the acceleration at sample t as a function."""
    size = rng.uniform(60, 150)
    start = rng.uniform(3, 9)
    push = rng.uniform(4, 7)
    stop = rng.uniform(3, 6)
    recoil = rng.uniform(5, 9)
    brake = rng.uniform(1.0, 1.5)
    back = rng.uniform(0.3, 0.6)
    roll = rng.uniform(-0.35, 0.35)
    lift = rng.uniform(-0.4, 0.2)

    def acceleration(t):
        x = size * (bump(t, start + push, push) - brake * bump(t, start + 2 * push + stop, stop)
                    + back * bump(t, start + 2 * push + 2 * stop + recoil, recoil))
        y = roll * size * bump(t, start + 2 * push, push + stop)
        z = lift * size * (bump(t, start + push, push) - bump(t, start + 2 * push + stop, 2 * stop))
        return [x, y, z]

    return acceleration


def flex(rng):
    size = rng.uniform(35, 95)
    start = rng.uniform(0, 5)
    length = rng.uniform(30, 45)
    turn = rng.uniform(20, 45)
    sway = rng.uniform(-0.4, 0.4)
    tremor = rng.uniform(0, 6)
    rate = rng.uniform(0.9, 1.5)
    phase = rng.uniform(0, 2 * math.pi)

    def acceleration(t):
        part = (t - start) / length
        moving = 0.0 < part < 1.0
        tangential = size * math.sin(2 * math.pi * part) if moving else 0.0
        centripetal = 0.5 * size * math.sin(math.pi * part) ** 4 if moving else 0.0
        # Gravity moves from z to x as the forearm rises; the filter forgets it slowly.
        angle = bump(t, start + 0.75 * length, 0.6 * length)
        shake = tremor * math.sin(rate * t + phase) if moving else 0.0
        return [-centripetal + turn * angle, sway * tangential + shake, tangential - turn * angle]

    return acceleration


def tilted(vector, yaw, pitch):
    x, y, z = vector
    x, y = x * math.cos(yaw) - y * math.sin(yaw), x * math.sin(yaw) + y * math.cos(yaw)
    x, z = x * math.cos(pitch) - z * math.sin(pitch), x * math.sin(pitch) + z * math.cos(pitch)
    return [x, y, z]


def recording(gesture, rng):
    """50 rows of 3 integers."""
    acceleration = {"punch": punch, "flex": flex}[gesture](rng)
    yaw, pitch = rng.gauss(0, 0.15), rng.gauss(0, 0.2)
    drift = [rng.gauss(0, 6) for _ in range(3)]
    noise = rng.uniform(1, 4)
    rows = []
    for t in range(SAMPLES):
        vector = tilted(acceleration(t), yaw, pitch)
        values = [v + d * (1 - t / SAMPLES) + rng.gauss(0, noise) for v, d in zip(vector, drift)]
        rows.append([max(-LIMIT, min(LIMIT, round(v))) for v in values])
    return rows


def recordings(gesture, count, seed):
    rng = random.Random(f"{gesture} {seed}")
    return [recording(gesture, rng) for _ in range(count)]


def write_csv(path, items):
    with open(path, "w", encoding="ascii") as file:
        file.write("aX,aY,aZ\n")
        for rows in items:
            for row in rows:
                file.write(",".join(str(v) for v in row) + "\n")
            file.write("\n")


REST = 40  # samples between motions
COUNTS = 32  # raw counts to 1/256 g


def raw(value, rng):
    """A count that a division by COUNTS, without the fraction, makes `value` again."""
    rest = rng.randrange(COUNTS)
    if value == 0:
        return rng.choice((-1, 1)) * rest
    return value * COUNTS + (rest if value > 0 else -rest)


def write_stream(path, items, seed):
    rng = random.Random(f"stream {seed}")
    with open(path, "w", encoding="ascii") as file:
        file.write("aX,aY,aZ\n")
        for rows in items + [[]]:
            quiet = [[round(rng.gauss(0, 2)) for _ in range(3)] for _ in range(REST)]
            for row in quiet + rows:
                file.write(",".join(str(raw(v, rng)) for v in row) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--recordings", type=int, default=10, help="of each gesture")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stream", action="store_true", help="one stream of raw counts")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.stream:
        all_of = [recordings(gesture, arguments.recordings, arguments.seed) for gesture in GESTURES]
        items = [rows for pair in zip(*all_of) for rows in pair]
        write_stream(arguments.output / "stream.csv", items, arguments.seed)
        return
    for gesture in GESTURES:
        write_csv(arguments.output / f"{gesture}.csv", recordings(gesture, arguments.recordings, arguments.seed))


if __name__ == "__main__":
    main()
