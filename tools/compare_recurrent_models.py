#!/usr/bin/env python3
"""Compares thimble with the reference outputs of a folder that make_recurrent_models.py wrote.

    tools/compare_recurrent_models.py FOLDER [--thimble FILE] [--engine oracle,host] [--only TEXT]

Runs every model on the stored inputs and compares: integers must be equal (within 3 where the outputs are those of
TensorFlow Lite's built-in kernels, which round once where the reference rounds twice, in every step), floats within 1e-5 + 1e-4 x the
largest magnitude, hybrid models within 2 % of the output's range because TensorFlow Lite quantises their activations
at run time, fused int8 LSTMs within 2 because TensorFlow Lite's kernel is not TFLM's (docs/numerics.md). Also asks
whether loops and unrolled steps of float networks became recurrent layers: the generated C calls their kernels. Prints
one line "ok NAME", "FAILED NAME: reason" or "SKIPPED: NAME: reason" a check; needs nothing but Python.
"""

import argparse
import array
import ast
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HYBRID_SHARE = 0.02
# Models that thimble computes as TFLM does, and TensorFlow Lite does not.
TFLM_ONLY = {
    "fused_bilstm_seq_int8": "its output has another scale than its hidden state, which TFLM ignores; tools/compare_lstm.py compares such layers with TFLM",
}
TYPES = {"<f4": "f", "|i1": "b", "<i2": "h", "<i4": "i", "<i8": "q", "|b1": "B", "|u1": "B"}


def read_npy(path):
    """Element type and values."""
    data = pathlib.Path(path).read_bytes()
    size, start = (struct.unpack_from("<H", data, 8)[0], 10) if data[6] == 1 else (struct.unpack_from("<I", data, 8)[0], 12)
    header = ast.literal_eval(data[start:start + size].decode())
    values = array.array(TYPES[header["descr"]])
    values.frombytes(data[start + size:])
    return header["descr"], values


def difference(expected, found, hybrid, slack):
    """None, or one phrase."""
    (want_type, want), (have_type, have) = expected, found
    if want_type != have_type or len(want) != len(have):
        return f"{len(have)} values of type {have_type} instead of {len(want)} of {want_type}"
    allowed = slack
    if want_type == "<f4":
        largest = max(map(abs, want), default=0)
        spread = max(want, default=0) - min(want, default=0)
        allowed = HYBRID_SHARE * max(spread, largest) if hybrid else 1e-5 + 1e-4 * largest
    worst, wrong = 0, 0
    for a, b in zip(want, have):
        error = 0 if a == b or (a != a and b != b) else abs(a - b)
        if not error <= allowed:
            wrong += 1
            worst = max(worst, error)
    return f"{wrong} of {len(want)} values differ, by up to {worst:.6g}" if wrong else None


def slack_of(name, kernels):
    if name.startswith("fused_") and name.endswith("_int8"):
        return 2
    return 3 if kernels == "built-in" else 0


def run_model(thimble, folder, name, engine, kernels):
    """None, or what is wrong."""
    count = 0
    command = [str(thimble), "run", str(folder / f"{name}.tflite"), "--match", "tflite", "--json", "--engine", engine]
    while (folder / f"{name}.in{count}.npy").exists():
        command += ["--input", str(folder / f"{name}.in{count}.npy")]
        count += 1
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(command + ["--runs", str(runs_of(folder, name)), "--output", scratch], capture_output=True)
        if done.returncode != 0:
            return " / ".join(done.stderr.decode().strip().splitlines()[:2])
        for i, output in enumerate(json.loads(done.stdout)["outputs"]):
            what = difference(read_npy(folder / f"{name}.out{i}.npy"), read_npy(output["file"]),
                              name.endswith("_hybrid"), slack_of(name, kernels))
            if what:
                return f"output {i}: {what}"
    return None


def runs_of(folder, name):
    data = (folder / f"{name}.in0.npy").read_bytes()
    return ast.literal_eval(data[10:10 + struct.unpack_from("<H", data, 8)[0]].decode())["shape"][0]


def expected_kernel(name):
    """The recurrent layer that a float network is to become, or None."""
    if name.startswith(("attention_", "cell_")) or name.endswith(("_int8", "_int16x8")):
        return None
    if "masked" in name or "relu" in name:  # A mask, or a gate that no layer has: a scan of operators.
        return None
    return "thb_gru_" if "gru" in name else "thb_simple_rnn_" if "rnn" in name else "thb_lstm_"


def not_recognised(thimble, folder, name, kernel):
    """None, or what is wrong: the generated C calls the layer's kernel and holds no loop of the file's own."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([str(thimble), "build", str(folder / f"{name}.tflite"), "--target", "host", "-o", scratch,
                               "--name", "model"], capture_output=True)
        if done.returncode != 0:
            return " / ".join(done.stderr.decode().strip().splitlines()[:2])
        source = (pathlib.Path(scratch) / "model.c").read_text()
        return None if kernel in source else f"{kernel} is not called"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--thimble", type=pathlib.Path, default=ROOT / "build" / "thimble")
    parser.add_argument("--engine", default="oracle,host")
    parser.add_argument("--only", default="", help="models whose name contains this text")
    options = parser.parse_args()
    failures = 0

    def report(what, problem):
        nonlocal failures
        failures += problem is not None
        print(f"FAILED {what}: {problem}" if problem else f"ok {what}", flush=True)

    for name, entry in sorted(json.loads((options.folder / "index.json").read_text()).items()):
        if options.only not in name:
            continue
        refused = entry.get("refused") or entry.get("no_reference") or TFLM_ONLY.get(name)
        if refused:
            print(f"SKIPPED: {name}: {refused}", flush=True)
            continue
        for engine in options.engine.split(","):
            report(f"{name} by {engine}", run_model(options.thimble, options.folder, name, engine, entry["kernels"]))
        kernel = expected_kernel(name)
        if kernel:
            report(f"{name} is recognised", not_recognised(options.thimble, options.folder, name, kernel))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
