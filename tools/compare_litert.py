#!/usr/bin/env python3
"""Compares thimble with LiteRT's reference kernels on every model that thimble accepts.

    tools/compare_litert.py [--only TEXT] [--runs N] [--build DIR] [--verbose]

LiteRT runs with its built-in reference kernels, without the XNNPACK delegate; thimble with
`run --match tflite --state keep`, on the same random inputs. Integers must be equal, floats within
1e-5 + 1e-4 x the largest magnitude; hybrid models within 2 % of the output's range, because LiteRT
quantises their activations at run time and thimble computes them in float. Known differences are
listed below with their reasons; any other is an error (exit code 1).

ai-edge-litert and numpy are installed into a virtual environment below the user's cache folder.
Where that is not possible the program prints SKIPPED and the reason, and ends with 0.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("THIMBLE_SHARED", ROOT.parent / "shared"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "thimble-litert"
MODEL_SECONDS = 120
HYBRID_SHARE = 0.02
RANDOM_SEED = 20240607

# Model -> why the two runtimes differ. Each is a difference of LiteRT, not an error of ours.
ONE_ROUNDING = ("LiteRT's reference kernel of FULLY_CONNECTED with one weight scale rounds once; its optimised "
                "kernel and TFLM round twice, as thimble does (each layer of hello_world_int8 over all 256 inputs)")
ZERO_SCALE = ("LiteRT's BATCH_MATMUL takes 0 as the scale of weights with one scale per channel: all its outputs "
              "are 0; thimble's lie within 1 of the real values")
INTEGER_LSTM = ("LiteRT's integer LSTM is another function than TFLM's, which thimble takes over (docs/numerics.md, "
                "\"Recurrent layers\")")
KNOWN = {
    "tflite-micro/dtln_noise_suppression.tflite": INTEGER_LSTM,
    "tflite-micro/hello_world_int8.tflite": ONE_ROUNDING,
    "mlperf-tiny/ad01_int8.tflite": ONE_ROUNDING,
    "ops-litert/static_w8_a16_quantized_attn_vec_einsum.tflite": ZERO_SCALE,
    "ops-litert/static_w8_a16_quantized_k_einsum.tflite": ZERO_SCALE,
    "ops-litert/static_w8_a16_quantized_q_einsum.tflite": ZERO_SCALE,
}


def skip(reason):
    print("SKIPPED:", reason)
    sys.exit(0)


def enter_environment():
    """Runs this program again with the Python that has ai-edge-litert, made on first use."""
    try:
        import ai_edge_litert, numpy  # noqa: F401
        return
    except ImportError:
        pass
    python = CACHE / "venv" / "bin" / "python"
    if pathlib.Path(sys.executable) == python:
        skip("ai-edge-litert cannot be imported")
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], capture_output=True)
        if made.returncode != 0:
            skip("no virtual environment: " + made.stderr.decode().strip().splitlines()[-1])
    installed = subprocess.run([str(python), "-c", "import ai_edge_litert, numpy"], capture_output=True)
    if installed.returncode != 0:
        command = [str(python), "-m", "pip", "install", "-q", "--retries", "1", "ai-edge-litert", "numpy"]
        done = subprocess.run(command, capture_output=True)
        if done.returncode != 0:
            lines = done.stderr.decode().strip().splitlines()
            skip("ai-edge-litert cannot be installed: " + (lines[-1] if lines else "no reason given"))
    os.execv(str(python), [str(python)] + sys.argv)


def random_input(numpy, generator, detail):
    dtype = numpy.dtype(detail["dtype"])
    shape = detail["shape"]
    if dtype == numpy.bool_:
        return generator.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "f":
        return generator.uniform(-1, 1, shape).astype(dtype)
    if dtype.itemsize > 2:  # counts and indices
        return generator.integers(0, 4, shape).astype(dtype)
    limits = numpy.iinfo(dtype)
    return generator.integers(limits.min, limits.max + 1, shape).astype(dtype)


def run_litert(numpy, model, runs):
    """Inputs and outputs of every run, in the model's order."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    generator = numpy.random.default_rng(RANDOM_SEED)
    inputs, outputs = [], []
    for _ in range(runs):
        values = [random_input(numpy, generator, d) for d in interpreter.get_input_details()]
        for detail, value in zip(interpreter.get_input_details(), values):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        inputs.append(values)
        outputs.append([interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()])
    return inputs, outputs


def run_thimble(numpy, thimble, model, inputs):
    with tempfile.TemporaryDirectory() as folder:
        command = [str(thimble), "run", str(model), "--match", "tflite", "--state", "keep", "--json",
                   "--runs", str(len(inputs)), "--output", os.path.join(folder, "out")]
        for i in range(len(inputs[0])):
            path = os.path.join(folder, f"in{i}.npy")
            numpy.save(path, numpy.stack([run[i] for run in inputs]))
            command += ["--input", path]
        done = subprocess.run(command, capture_output=True, timeout=MODEL_SECONDS)
        if done.returncode != 0:
            raise RuntimeError("thimble: " + done.stderr.decode().strip().splitlines()[0])
        report = json.loads(done.stdout)
        return [numpy.load(output["file"]) for output in report["outputs"]]


def difference(numpy, want, have, hybrid):
    """None, or one phrase."""
    if want.size != have.size:
        return f"{have.size} values instead of {want.size}"
    if want.size == 0:
        return None
    want, have = want.reshape(-1), have.reshape(-1)
    if want.dtype.kind != "f":
        wrong = numpy.flatnonzero(want.astype(numpy.int64) != have.astype(numpy.int64))
        if wrong.size == 0:
            return None
        worst = numpy.max(numpy.abs(want.astype(numpy.int64) - have.astype(numpy.int64)))
        return f"{wrong.size} of {want.size} differ, by up to {worst}; [{wrong[0]}] {want[wrong[0]]} / {have[wrong[0]]}"
    finite = want[numpy.isfinite(want)]
    largest = float(numpy.max(numpy.abs(finite))) if finite.size else 0.0
    spread = float(numpy.max(finite) - numpy.min(finite)) if finite.size else 0.0
    allowed = max(HYBRID_SHARE * max(spread, largest), 1e-5) if hybrid else 1e-5 + 1e-4 * largest
    same = (want == have) | (numpy.isnan(want) & numpy.isnan(have))
    with numpy.errstate(invalid="ignore"):
        error = numpy.where(same, 0, numpy.abs(want.astype(numpy.float64) - have))
    wrong = numpy.flatnonzero(~(error <= allowed))
    if wrong.size == 0:
        return None
    at = wrong[0]
    return f"{wrong.size} of {want.size} differ, by up to {numpy.max(error):.3g}, allowed {allowed:.3g}; [{at}] {want[at]} / {have[at]}"


def compare(connection, thimble, file, runs, hybrid):
    """In a process of its own: LiteRT may end it."""
    import numpy

    try:
        inputs, outputs = run_litert(numpy, SHARED / "models" / file, runs)
    except Exception as error:  # noqa: BLE001
        connection.send(("refused", "LiteRT: " + str(error).strip().splitlines()[0][:150]))
        return
    try:
        found = run_thimble(numpy, thimble, SHARED / "models" / file, inputs)
        for i, have in enumerate(found):
            want = numpy.stack([run[i] for run in outputs])
            what = difference(numpy, want, have, hybrid)
            if what:
                connection.send(("differs", f"output {i}: {what}"))
                return
        connection.send(("equal", "hybrid, within 2 %" if hybrid else ""))
    except Exception as error:  # noqa: BLE001
        connection.send(("differs", str(error)[:200]))


def judge(thimble, file, runs, hybrid):
    receiver, sender = multiprocessing.Pipe(False)
    process = multiprocessing.Process(target=compare, args=(sender, thimble, file, runs, hybrid))
    process.start()
    sender.close()
    try:
        if not receiver.poll(2 * MODEL_SECONDS):
            process.kill()
            return "refused", f"takes more than {2 * MODEL_SECONDS} s"
        return receiver.recv()
    except EOFError:
        process.join()
        return "refused", f"LiteRT ends the process with {process.exitcode}"
    finally:
        process.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="models whose path contains this text")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--verbose", action="store_true", help="a line for equal models too")
    options = parser.parse_args()
    if not (SHARED / "models" / "index.json").exists():
        skip("the shared models are not beside the checkout (THIMBLE_SHARED)")
    enter_environment()
    import ai_edge_litert.interpreter  # noqa: F401  once, before the processes are forked
    import numpy  # noqa: F401

    index = {entry["file"]: entry for entry in json.loads((SHARED / "models" / "index.json").read_text())}
    listed = subprocess.run([str(options.build / "thimble_conformance"), "--list", "--only", options.only],
                            capture_output=True, check=True)
    files = listed.stdout.decode().split()
    counts = {"equal": 0, "known": 0, "refused": 0, "differs": 0}
    for file in files:
        hybrid = index[file]["tflite"]["hybrid_ops"] > 0
        verdict, text = judge(options.build / "thimble", file, options.runs, hybrid)
        if verdict == "differs" and file in KNOWN:
            verdict, text = "known", KNOWN[file]
        counts[verdict] += 1
        if verdict != "equal" or options.verbose:
            print(f"{verdict:8} {file}: {text}", flush=True)
    print(f"{len(files)} accepted models: {counts['equal']} as LiteRT, {counts['known']} differ for a known reason, "
          f"{counts['differs']} differ, {counts['refused']} that LiteRT itself does not run")
    return 1 if counts["differs"] else 0


if __name__ == "__main__":
    sys.exit(main())
