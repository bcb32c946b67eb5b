#!/usr/bin/env python3
"""Generates reports of a USB keyboard (HID boot protocol) and how they were typed.

A report is 8 bytes: modifiers (2: left shift), a reserved 0, and up to 6 codes of keys that are down, zeros
behind them (4 is `a`, 29 is `z`). Typing with shift held, or with three keys and more at once, is `angry`; one
or two keys without shift are `calm`.

Usage: generate_reports.py OUTPUT.csv [--reports 400] [--seed 3]
"""
import argparse
import pathlib
import random

LABELS = ("calm", "angry")
COLUMNS = ("label", "modifiers", "reserved", "key_1", "key_2", "key_3", "key_4", "key_5", "key_6")


def report(label, rng):
    shift, keys = 0, rng.choice((1, 1, 1, 2))
    if label == "angry":
        shift = rng.choice((0, 2, 2))
        keys = rng.randint(1, 6) if shift else rng.randint(3, 6)
    codes = rng.sample(range(4, 30), keys)
    return [shift, 0] + codes + [0] * (6 - keys)


def reports(count, seed):
    """(label, 8 bytes), calm and angry in turn."""
    rng = random.Random(f"reports {seed}")
    return [(LABELS[i % 2], report(LABELS[i % 2], rng)) for i in range(count)]


def write_csv(path, items):
    with open(path, "w", encoding="ascii") as file:
        file.write(",".join(COLUMNS) + "\n")
        for label, values in items:
            file.write(label + "," + ",".join(str(v) for v in values) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--reports", type=int, default=400)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    write_csv(arguments.output, reports(arguments.reports, arguments.seed))


if __name__ == "__main__":
    main()
