"""Our int8 file of a float network beside the published one: the error of the outputs against float.

    published_int8.py THIMBLE SHARED SCRATCH

Calibrated on images that are not among those compared. Ours must not be farther from float, on
average and by root mean square. Also the float, float16, hybrid and int8 forms of one network.
"""
import gzip
import json
import math
import os
import struct
import subprocess
import sys

THIMBLE, SHARED, SCRATCH = sys.argv[1:4]
failures = 0


def report(name, good, text):
    global failures
    print(f"ok {name}: {text}" if good else f"FAILED {name}: {text}", flush=True)
    failures += not good


def write_npy(path, dtype, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (dtype, tuple(shape))
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    end = 10 + struct.unpack("<H", data[8:10])[0]
    code = {"<f4": "f", "|i1": "b"}[eval(data[10:end])["descr"]]
    return [value[0] for value in struct.iter_unpack("<" + code, data[end:])]


def thimble(*arguments):
    done = subprocess.run([THIMBLE, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


def outputs(model, values, shape, count):
    """Real outputs of `count` runs; an int8 model takes the nearest stored numbers."""
    about = thimble("inspect", model)
    first, last = about["inputs"][0], about["outputs"][0]
    path = os.path.join(SCRATCH, "in.npy")
    if first["dtype"] == "int8":
        stored = (math.floor(v / first["scale"] + 0.5) + first["zero_point"] for v in values)
        write_npy(path, "|i1", [count] + shape, bytes(max(-128, min(127, q)) & 255 for q in stored))
    else:
        write_npy(path, "<f4", [count] + shape, struct.pack("<%df" % len(values), *values))
    made = thimble("run", model, "--input", path, "--runs", str(count), "--output",
                   os.path.join(SCRATCH, "run"))
    numbers = read_npy(made["outputs"][0]["file"])
    if last["dtype"] == "int8":
        numbers = [last["scale"] * (q - last["zero_point"]) for q in numbers]
    return numbers


def errors(model, reference, values, shape, count):
    found = [a - b for a, b in zip(outputs(model, values, shape, count), reference)]
    return (sum(map(abs, found)) / len(found), math.sqrt(sum(e * e for e in found) / len(found)),
            max(map(abs, found)))


def compare(name, float_model, published, calibration, options, values, shape, count):
    ours = os.path.join(SCRATCH, name + ".tflite")
    thimble("quantize", float_model, "--calibration", calibration, "--scheme", "int8", "-o", ours,
            "--force", *options)
    reference = outputs(float_model, values, shape, count)
    theirs = errors(published, reference, values, shape, count)
    own = errors(ours, reference, values, shape, count)
    text = ", ".join(f"{what} {a:.3g} against {b:.3g}" for what, a, b in
                     zip(("mean error", "root mean square", "greatest"), own, theirs))
    report(f"{name} on {count} inputs", own[0] <= theirs[0] and own[1] <= theirs[1], text)


def images(name, skip, count):
    with gzip.open(os.path.join(SHARED, "data", "mnist", name), "rb") as file:
        return file.read()[16:][skip * 784:(skip + count) * 784]


def four_forms():
    """Of one network: float16 within its rounding, hybrid and int8 within eight bits."""
    folder = os.path.join(SHARED, "models", "quant-modes")
    count, shape = 3, [1, 100, 100, 3]
    values = [((i * 7919) % 256) / 255 for i in range(count * 30000)]
    reference = outputs(os.path.join(folder, "model.tflite"), values, shape, count)
    for form, most in (("model_fp16", 0.005), ("model_8bit", 0.06), ("model_integer", 0.12)):
        mean, _, greatest = errors(os.path.join(folder, form + ".tflite"), reference, values, shape,
                                   count)
        report(f"quant-modes/{form} beside float", greatest <= most,
               f"mean error {mean:.3g}, greatest {greatest:.3g}, allowed {most}")


def main():
    models = os.path.join(SHARED, "models")
    digits = os.path.join(SCRATCH, "digits.npy")
    write_npy(digits, "|u1", [1000, 28, 28, 1], images("train-images-idx3-ubyte.gz", 0, 1000))
    scaled = ["--divide", "255", "--runs", "1000"]
    held_out = [v / 255 for v in images("t10k-images-idx3-ubyte.gz", 0, 600)]
    compare("mnist_valid", f"{models}/tinymaix/mnist_valid_f.tflite",
            f"{models}/tinymaix/mnist_valid_q.tflite", digits, scaled, held_out,
            [1, 28, 28, 1], 600)
    compare("trained_lstm", f"{models}/tflite-micro/trained_lstm.tflite",
            f"{models}/tflite-micro/trained_lstm_int8.tflite", digits, scaled, held_out,
            [1, 28, 28], 600)
    with open(f"{SHARED}/data/cifar10/cifar10_calib_500x32x32x3_u8.bin", "rb") as file:
        pixels = file.read()
    photos = os.path.join(SCRATCH, "photos.npy")
    write_npy(photos, "|u1", [100, 32, 32, 3], pixels[:100 * 3072])
    compare("pretrainedResnet", f"{models}/mlperf-tiny/pretrainedResnet.tflite",
            f"{models}/mlperf-tiny/pretrainedResnet_quant.tflite", photos, [],
            [float(v) for v in pixels[300 * 3072:]], [1, 32, 32, 3], 200)
    four_forms()


main()
sys.exit(failures > 0)
