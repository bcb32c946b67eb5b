#!/usr/bin/env python3
"""Compares thimble's LSTM with the two runtimes whose arithmetic it takes over.

    tools/compare_lstm.py [--models N] [--runs N] [--seed S] [--build DIR] [--verbose]

Random models of one UNIDIRECTIONAL_SEQUENCE_LSTM are written by `thimble_ops --write-models` and run
several times without a reset, by `thimble run --engine oracle --state keep` and by
- TensorFlow Lite Micro (PyPI tflite-micro): int8, int16 and plain float, integers bit for bit;
- LiteRT's reference kernels (PyPI ai-edge-litert): float with peepholes, projection, clips, coupled
  gates, layer normalisation, other activations, float16 weights, both directions, one step, and the
  basic kernel (the cases of tests/ops/lstm.txt).
Both are installed into a virtual environment below the user's cache folder. Where that is not
possible the program prints SKIPPED and the reason, and ends with 0; a difference ends it with 1.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import compare_litert

CACHE = compare_litert.CACHE.parent / "thimble-tflm"
PACKAGES = ["tflite-micro", "ai-edge-litert", "numpy"]

# Cases that LiteRT computes in another way or not at all, and why.
HYBRID = "LiteRT quantises the activations of hybrid layers at run time"
OTHERWISE = {
    "lstm_hybrid": HYBRID,
    "lstm_hybrid_per_row": HYBRID,
    "lstm_float16_weights": "LiteRT wants a DEQUANTIZE between float16 weights and the layer",
    "lstm_float_initial_state_given": "LiteRT wants variable tensors as states",
    "lstm_float_without_biases": "LiteRT reads the biases without asking whether they are there",
    "lstm_bidirectional_merged": "LiteRT's second sequence of a batch-major layer changes from process to process",
    "lstm_basic_kernel": "LiteRT wants two scratch tensors among the outputs",
}


def enter_environment():
    """Runs this program again with the Python that has both runtimes, made on first use."""
    try:
        import ai_edge_litert, numpy, tflite_micro  # noqa: F401
        return
    except ImportError:
        pass
    python = CACHE / "venv" / "bin" / "python"
    if pathlib.Path(sys.executable) == python:
        compare_litert.skip("tflite-micro or ai-edge-litert cannot be imported")
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], capture_output=True)
        if made.returncode != 0:
            compare_litert.skip("no virtual environment: " + made.stderr.decode().strip().splitlines()[-1])
    command = [str(python), "-m", "pip", "install", "-q", "--retries", "1"] + PACKAGES
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        lines = done.stderr.decode().strip().splitlines()
        compare_litert.skip("tflite-micro cannot be installed: " + (lines[-1] if lines else "no reason given"))
    os.execv(str(python), [str(python)] + sys.argv)


def random_case(dice, number):
    """One layer in the text form of tests/ops, with the sizes and scales of a plausible network."""
    kind = dice.choice(["int8", "int8", "int16", "float32"])
    integer = kind != "float32"
    batches, steps = dice.choice([1, 1, 2]), dice.randint(1, 7)
    inputs, units = dice.randint(1, 13), dice.randint(1, 13)
    time_major = dice.random() < 0.3
    clip = dice.choice([0, 0.5, 1.5, 10])
    x_scale = dice.uniform(0.004, 0.05) if kind == "int8" else dice.uniform(0.00002, 0.0003)
    h_scale = dice.choice([1 / 128, dice.uniform(0.004, 0.009)]) if kind == "int8" else 2.0**-15
    x_zero = dice.randint(-128, 127) if kind == "int8" else 0
    h_zero = dice.choice([0, dice.randint(-30, 30)]) if kind == "int8" else 0

    def quant(scale, zero=0):
        return f" scale={scale:.9g} zero={zero}" if integer else ""

    def constant(name, shape, scale):
        values = "random -127 127" if integer else "random -0.6 0.6"
        return f"const {name} {'int8' if integer else 'float32'} [{shape}]{quant(scale)} {values}"

    rows = f"{steps},{batches}" if time_major else f"{batches},{steps}"
    bias_type = {"int8": "int32", "int16": "int64", "float32": "float32"}[kind]
    loud = dice.choice([1, 1, 1, 20])  # gates far in saturation
    scales = [loud * dice.uniform(0.002, 0.03) for _ in range(8)]
    lines = [f"case random_{kind}_{number}",
             f"op UNIDIRECTIONAL_SEQUENCE_LSTM fused_activation=i8:4 cell_clip=f32:{clip} "
             f"time_major=bool:{'true' if time_major else 'false'}",
             f"in x {kind} [{rows},{inputs}]{quant(x_scale, x_zero)} random" + ("" if integer else " -1 1")]
    lines += [constant("w" + gate, f"{units},{inputs}", scales[g]) for g, gate in enumerate("ifco")]
    lines += [constant("u" + gate, f"{units},{units}", scales[4 + g]) for g, gate in enumerate("ifco")]
    lines += ["absent"] * 3
    for g, gate in enumerate("ifco"):
        scale = x_scale * scales[g]
        span = max(1, int(3 / scale)) if integer else 0.6
        lines.append(f"const b{gate} {bias_type} [{units}]{quant(scale)} random -{span} {span}")
    lines += ["absent"] * 2
    lines.append(f"state h {kind} [{batches},{units}]{quant(h_scale, h_zero)}")
    cell = "int16" if integer else "float32"
    c_scale = dice.choice([2.0 ** dice.randint(-15, -9)] * 3 + [dice.uniform(0.00003, 0.002)])
    lines.append(f"state c {cell} [{batches},{units}]{quant(c_scale)}")
    lines += ["absent"] * 4
    # Runtimes ignore the output's scale: a row is the hidden state.
    other = dice.choice([1, 1, 1, dice.uniform(0.9, 1.1)]) if kind == "int8" else 1
    lines.append(f"out y {kind} [{rows},{units}]{quant(h_scale * other, h_zero)}")
    return "\n".join(lines + [f"repeat 1 seed {dice.randint(1, 10**6)}"])


def run_tflm(numpy, model, runs):
    import tflite_micro

    interpreter = tflite_micro.runtime.Interpreter.from_file(str(model), arena_size=1 << 20)
    generator = numpy.random.default_rng(compare_litert.RANDOM_SEED)
    inputs, outputs = [], []
    for _ in range(runs):
        value = compare_litert.random_input(numpy, generator, interpreter.get_input_details(0))
        interpreter.set_input(value, 0)
        interpreter.invoke()
        inputs.append([value])
        outputs.append([interpreter.get_output(0).copy()])
    return inputs, outputs


def run_thimble(numpy, thimble, model, inputs):
    with tempfile.TemporaryDirectory() as folder:
        command = [str(thimble), "run", str(model), "--engine", "oracle", "--state", "keep", "--json",
                   "--runs", str(len(inputs)), "--output", os.path.join(folder, "out")]
        for i in range(len(inputs[0])):
            path = os.path.join(folder, f"in{i}.npy")
            numpy.save(path, numpy.stack([run[i] for run in inputs]))
            command += ["--input", path]
        done = subprocess.run(command, capture_output=True, timeout=compare_litert.MODEL_SECONDS)
        if done.returncode != 0:
            raise RuntimeError("thimble: " + done.stderr.decode().strip().splitlines()[0])
        return [numpy.load(output["file"]) for output in json.loads(done.stdout)["outputs"]]


def verdict_of(numpy, thimble, model, runs, reference):
    """None when all runs are equal, else one phrase."""
    inputs, outputs = reference(numpy, model, runs)
    found = run_thimble(numpy, thimble, model, inputs)
    for i, have in enumerate(found):
        want = numpy.stack([run[i] for run in outputs])
        what = compare_litert.difference(numpy, want, have, False)
        if what:
            return f"output {i}: {what}"
    return None


def write_models(build, folder, source, prefix):
    os.makedirs(folder)
    done = subprocess.run([str(build / "thimble_ops"), "--write-models", str(folder), source], capture_output=True)
    if done.returncode != 0:
        raise RuntimeError("thimble_ops: " + (done.stderr or done.stdout).decode().strip())
    return sorted(pathlib.Path(folder).glob(prefix + "*.tflite"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=60, help="random models")
    parser.add_argument("--runs", type=int, default=4, help="invocations without reset")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=compare_litert.ROOT / "build")
    parser.add_argument("--verbose", action="store_true", help="a line for equal models too")
    options = parser.parse_args()
    enter_environment()
    import numpy

    dice = random.Random(options.seed)
    counts = {"equal": 0, "known": 0, "differs": 0}
    with tempfile.TemporaryDirectory() as folder:
        cases = pathlib.Path(folder) / "random.txt"
        cases.write_text("\n\n".join(random_case(dice, n) for n in range(options.models)) + "\n")
        jobs = [(m, run_tflm) for m in write_models(options.build, folder + "/random", str(cases), "random_")]
        jobs += [(m, compare_litert.run_litert) for m in write_models(options.build, folder + "/cases", "lstm", "lstm_")
                 if "int" not in m.stem and "worked" not in m.stem and "bad" not in m.stem]
        for model, reference in jobs:
            runtime = "TFLM" if reference is run_tflm else "LiteRT"
            what = OTHERWISE.get(model.stem)
            verdict = "known"
            if what is None:
                try:
                    what = verdict_of(numpy, options.build / "thimble", model, options.runs, reference)
                except Exception as error:  # noqa: BLE001  a runtime or thimble refuses the model
                    what = str(error).strip().splitlines()[0][:150]
                verdict = "equal" if what is None else "differs"
            counts[verdict] += 1
            if verdict == "differs" or options.verbose:
                print(f"{verdict:8} {runtime:6} {model.stem}: {what or ''}", flush=True)
    print(f"{len(jobs)} models x {options.runs} runs: {counts['equal']} equal, {counts['known']} differ for a known "
          f"reason, {counts['differs']} differ")
    return 1 if counts["differs"] else 0


if __name__ == "__main__":
    sys.exit(main())
