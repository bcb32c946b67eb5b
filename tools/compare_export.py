#!/usr/bin/env python3
"""Runs the files that `thimble quantize` writes in the two runtimes for which their format is made.

    tools/compare_export.py [--runs N] [--seed S] [--build DIR]

Networks are quantised in every scheme, run on the same random inputs by `thimble run --engine oracle`,
by TensorFlow Lite Micro (PyPI tflite-micro) and by LiteRT's reference kernels (PyPI ai-edge-litert). What
must be equal is stated in EXPECTED; a greater difference ends the program with 1. Both runtimes are
installed into a virtual environment below the user's cache folder. Where that is not possible the
program prints SKIPPED and the reason, and ends with 0.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import compare_lstm

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("THIMBLE_SHARED", ROOT.parent / "shared"))

# Float network, its shape of one input.
NETWORKS = {
    "dense": (ROOT / "examples/gesture/gesture_float.tflite", [1, 150]),
    "convolutions": (SHARED / "models/tinymaix/mnist_valid_f.tflite", [1, 28, 28, 1]),
    "lstm": (SHARED / "models/tflite-micro/trained_lstm.tflite", [1, 28, 28]),
    "gru": (None, [1, 16, 16, 1]),  # trained here, for a moment
}
GRU_PROJECT = """
input = {kind = "image", width = 16, height = 16}
data = {generate = "digits", count = 300}
train = {epochs = 1}
[[stage]]
kind = "normalize"
scale = 255
[[stage]]
kind = "network"
model = "gru.tflite"
scheme = "float32"
layers = [{reshape = [16, 16]}, {gru = 12, sequences = true}, {gru = 8}, {dense = 11, activation = "softmax"}]
[[stage]]
kind = "argmax"
labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none"]
"""
REFUSED = "refused"
ONE_ROUNDING = 2    # steps; LiteRT's reference kernel of FULLY_CONNECTED rounds once, TFLM twice
OTHER_LSTM = 8      # steps; LiteRT's integer LSTM is another function than TFLM's
OTHER_16_BITS = 16  # steps of 1/32768; LiteRT's softmax and rescaling of 16 bits round otherwise
OTHER_INT4 = 16     # steps; LiteRT unpacks int4 weights and rounds once
# (runtime, scheme, network) -> the greatest difference in steps, or that the runtime refuses the file.
EXPECTED = {
    ("tflm", "float16", None): REFUSED,           # TFLM has no float16
    ("tflm", "int4", None): REFUSED,              # dense int4 weights with a scale a channel
    ("tflm", "int4", "lstm"): REFUSED,
    ("litert", "int8", None): ONE_ROUNDING,
    ("litert", "int8", "lstm"): OTHER_LSTM,
    ("litert", "int4", None): OTHER_INT4,
    ("litert", "mixed", None): OTHER_16_BITS,
    ("litert", "int16x8", None): OTHER_16_BITS,
    ("litert", "int16x8", "lstm"): REFUSED,       # no LSTM with 16-bit activations
    ("litert", "mixed", "lstm"): REFUSED,
}


def expected(runtime, scheme, network):
    for key in ((runtime, scheme, network), (runtime, scheme, None)):
        if key in EXPECTED:
            return EXPECTED[key]
    return 0


def litert_outputs(path, values):
    from ai_edge_litert import interpreter as litert
    import numpy
    model = litert.Interpreter(model_path=str(path),
                               experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    model.allocate_tensors()
    results = []
    for value in values:
        model.reset_all_variables()
        model.set_tensor(model.get_input_details()[0]["index"], value)
        model.invoke()
        results.append(model.get_tensor(model.get_output_details()[0]["index"]).copy())
    return numpy.array(results)


def tflm_outputs(path, values):
    from tflite_micro import runtime
    import numpy
    model = runtime.Interpreter.from_file(str(path))
    results = []
    for value in values:
        model.reset()
        model.set_input(value, 0)
        model.invoke()
        results.append(model.get_output(0).copy())
    return numpy.array(results)


def compare(options, folder, name, scheme):
    """Yields (line, whether it is as expected)."""
    import numpy
    path, shape = NETWORKS[name]
    path = path or folder / "gru.float.tflite"
    tool = options.build / "thimble"
    dice = numpy.random.default_rng(options.seed)
    numpy.save(folder / "in.npy", dice.uniform(-1, 1, [40] + shape).astype(numpy.float32))
    out = folder / f"{name}_{scheme}.tflite"
    subprocess.run([tool, "quantize", path, "--calibration", folder / "in.npy", "--scheme", scheme, "-o", out],
                   check=True, capture_output=True)
    first = json.loads(subprocess.run([tool, "inspect", out, "--json"], capture_output=True, text=True,
                                      check=True).stdout)["inputs"][0]["dtype"]
    size = [options.runs] + shape
    if first == "float32":
        values = dice.uniform(-1, 1, size).astype(numpy.float32)
    else:
        limits = numpy.iinfo(first)
        values = dice.integers(limits.min, limits.max + 1, size).astype(first)
    numpy.save(folder / "in.npy", values)
    made = subprocess.run([tool, "run", out, "--input", folder / "in.npy", "--runs", str(options.runs),
                           "--output", folder / "run", "--json"], capture_output=True, text=True, check=True)
    ours = numpy.load(json.loads(made.stdout)["outputs"][0]["file"]).reshape(options.runs, -1).astype(float)
    for runtime, run in (("tflm", tflm_outputs), ("litert", litert_outputs)):
        most = expected(runtime, scheme, name)
        try:
            theirs = run(out, values).reshape(options.runs, -1).astype(float)
        except Exception as error:  # Each runtime has exceptions of its own.
            yield f"{name} {scheme} {runtime}: refused: {str(error)[:90]!r}", most == REFUSED
            continue
        difference = abs(ours - theirs).max()
        allowed = 1e-5 if first == "float32" and most == 0 else most
        yield (f"{name} {scheme} {runtime}: {int((ours != theirs).sum())} of {ours.size} differ, by at most "
               f"{difference:g}"), most != REFUSED and difference <= allowed


def missing(options, folder, name):
    """Why there is no network to compare; empty: there is one."""
    path = NETWORKS[name][0]
    if path:
        return "" if path.exists() else f"no {path}"
    (folder / "thimble.toml").write_text(GRU_PROJECT)
    made = subprocess.run([options.build / "thimble", "train", folder], capture_output=True, text=True)
    return "" if made.returncode == 0 else made.stderr.splitlines()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    options = parser.parse_args()
    compare_lstm.enter_environment()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            if reason := missing(options, pathlib.Path(folder), name):
                print(f"SKIPPED: {name}: {reason}")
                continue
            for scheme in ("int8", "int16x8", "int4", "mixed", "float16"):
                for line, good in compare(options, pathlib.Path(folder), name, scheme):
                    print(line if good else line + "  <-- not expected", flush=True)
                    wrong += not good
    print("all as expected" if wrong == 0 else f"{wrong} not as expected")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
