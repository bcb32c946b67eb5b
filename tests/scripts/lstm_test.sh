#!/bin/bash
# Handwritten digits through the LSTM of TFLM's example, float and int8: the generated C gives the
# oracle's class for every image, and the order of the images does not matter.
. "$(dirname "$0")/common.sh"
shared=${THIMBLE_SHARED:-../shared}

if [ ! -d "$shared/data/mnist" ]; then
    skipped "digits by LSTM" "no $shared/data/mnist (THIMBLE_SHARED names another folder)"
    exit $failures
fi

cat >"$scratch/digits.py" <<'END'
"""digits.py images MNIST OUT: N, and images as arrays in OUT; digits.py judge OUT ENGINE...: compares."""
import array, ast, gzip, pathlib, struct, sys

TEST_IMAGES = 1000


def write_npy(path, kind, count, data):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count}, 1, 28, 28), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def read_npy(path):
    data = path.read_bytes()
    end = 10 + struct.unpack("<H", data[8:10])[0]
    kind = {"<f4": "f", "|i1": "b"}[ast.literal_eval(data[10:end].decode())["descr"]]
    values = array.array(kind, data[end:])
    return [list(values[i:i + 10]) for i in range(0, len(values), 10)]


def images(mnist, out):
    found = [(mnist / f"emlearn_examples/mnist_example_{digit}.bin").read_bytes() for digit in range(10)]
    pixels = gzip.open(mnist / "t10k-images-idx3-ubyte.gz").read()[16:]
    labels = gzip.open(mnist / "t10k-labels-idx1-ubyte.gz").read()[8:]
    found += [pixels[784 * i:784 * (i + 1)] for i in range(TEST_IMAGES)]
    (out / "labels").write_text(" ".join(str(l) for l in list(range(10)) + list(labels[:TEST_IMAGES])))
    for order, some in (("forward", found), ("backward", found[::-1])):
        all_pixels = b"".join(some)
        write_npy(out / f"{order}_float.npy", "<f4", len(some),
                  array.array("f", [p / 255 for p in all_pixels]).tobytes())
        write_npy(out / f"{order}_int8.npy", "|i1", len(some), bytes((p + 128) % 256 for p in all_pixels))
    print(len(found))


def winners(rows):
    return [row.index(max(row)) for row in rows]


def judge(out, kind):
    labels = [int(l) for l in (out / "labels").read_text().split()]
    rows = {name: read_npy(next((out / f"{name}_{kind}").glob("*.npy"))) for name in ("oracle", "host", "backward")}
    oracle, host = winners(rows["oracle"]), winners(rows["host"])
    wrong = sum(a != b for a, b in zip(oracle, host))
    assert len(oracle) == len(host) == len(labels) and wrong == 0, f"{wrong} of {len(labels)} classes differ"
    assert rows["backward"][::-1] == rows["host"], "the order of the images changes the outputs"
    right = [c == l for c, l in zip(host, labels)]
    print(f"{kind}: {sum(right[:10])} of 10 examples, {sum(right[10:])} of {len(right) - 10} test images right")
    assert sum(right[10:]) > 0.95 * (len(right) - 10), "far less than the network was trained to"


if sys.argv[1] == "images":
    images(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
else:
    judge(pathlib.Path(sys.argv[2]), sys.argv[3])
END

count=$(python3 "$scratch/digits.py" images "$shared/data/mnist" "$scratch")
for kind in float int8; do
    model=$shared/models/tflite-micro/trained_lstm$([ $kind = int8 ] && echo _int8).tflite
    expect "$kind digits by the oracle" 0 "$thimble" run "$model" --runs "$count" --input "$scratch/forward_$kind.npy" --output "$scratch/oracle_$kind"
    expect "$kind digits by generated C" 0 "$thimble" run "$model" --engine host --runs "$count" --input "$scratch/forward_$kind.npy" --output "$scratch/host_$kind"
    expect "$kind digits in reverse order" 0 "$thimble" run "$model" --engine host --runs "$count" --input "$scratch/backward_$kind.npy" --output "$scratch/backward_$kind"
    expect "$kind digits: the oracle's class for every image, in any order" 0 python3 "$scratch/digits.py" judge "$scratch" $kind &&
        cat "$scratch/out"
done
exit $failures
