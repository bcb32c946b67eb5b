#!/usr/bin/env python3
"""Trains sentiment.tflite on sentences with a label: an embedding of hashed words, one LSTM, one
dense layer. Needs numpy.

    python3 make_model.py sentiment.tflite FILES...

A file is either lines `sentence<tab>0 or 1`, or lines of one label, which pos.txt and neg.txt tell.
Every tenth sentence, by its CRC-32, is kept for the test. Adam, cross-entropy, gradients cut to a
length of 1; the seed is fixed, so that the same numpy gives the same file.
"""
import os
import sys
import zlib

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "text_hash"))
import make_model as text_hash  # noqa: E402

BUCKETS, WORDS, WIDTH, UNITS = 4096, 24, 8, 12
EPOCHS, BATCH, RATE, FORGOTTEN = 8, 64, 2e-3, 0.4


def read(files):
    train, test = [], []
    for path in files:
        with open(path, "rb") as file:
            for line in file.read().split(b"\n"):
                text, _, label = line.rpartition(b"\t")
                if not text:
                    text, label = line, b"1" if "pos" in os.path.basename(path) else b"0"
                if label not in (b"0", b"1") or not text.strip():
                    continue
                ids = text_hash.ids_of(text, BUCKETS, WORDS)
                sample = (ids + [0] * (WORDS - len(ids)), int(label))
                (test if zlib.crc32(line) % 10 == 0 else train).append(sample)
    return [(np.array([ids for ids, _ in part]), np.array([label for _, label in part], np.float32))
            for part in (train, test)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def first_weights(random):
    def uniform(*shape):
        return (random.uniform(-1, 1, shape) / np.sqrt(shape[-1])).astype(np.float32)

    bias = np.zeros(4 * UNITS, np.float32)
    bias[UNITS:2 * UNITS] = 1  # of the forget gate
    return {"embedding": np.float32(0.3) * uniform(BUCKETS + 1, WIDTH),
            "input": uniform(4 * UNITS, WIDTH), "hidden": uniform(4 * UNITS, UNITS), "bias": bias,
            "dense": uniform(1, UNITS), "offset": np.zeros(1, np.float32)}


def forward(w, ids):
    """Gates in the order input, forget, cell, output."""
    h = np.zeros((len(ids), UNITS), np.float32)
    c = np.zeros_like(h)
    steps = []
    for t in range(WORDS):
        x = w["embedding"][ids[:, t]]
        z = x @ w["input"].T + h @ w["hidden"].T + w["bias"]
        i, f, g, o = (z[:, k * UNITS:(k + 1) * UNITS] for k in range(4))
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        steps.append((x, h, c, i, f, g, o))
        c = f * c + i * g
        h = o * np.tanh(c)
        steps[-1] += (c,)
    return sigmoid(h @ w["dense"].T + w["offset"])[:, 0], h, steps


def gradients(w, ids, labels):
    p, h, steps = forward(w, ids)
    d = {name: np.zeros_like(value) for name, value in w.items()}
    dy = ((p - labels) / len(labels))[:, None]
    d["dense"], d["offset"] = dy.T @ h, dy.sum(0)
    dh, dc = dy @ w["dense"], 0
    for t in reversed(range(WORDS)):
        x, h, c, i, f, g, o, c_new = steps[t]
        tanh = np.tanh(c_new)
        dc = dc + dh * o * (1 - tanh * tanh)
        dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g),
                             dh * tanh * o * (1 - o)], 1)
        d["input"] += dz.T @ x
        d["hidden"] += dz.T @ h
        d["bias"] += dz.sum(0)
        np.add.at(d["embedding"], ids[:, t], dz @ w["input"])
        dh, dc = dz @ w["hidden"], dc * f
    return d


def train(w, ids, labels, random):
    moments = {name: (np.zeros_like(v), np.zeros_like(v)) for name, v in w.items()}
    step = 0
    for epoch in range(EPOCHS):
        order = random.permutation(len(ids))
        for begin in range(0, len(ids), BATCH):
            part = order[begin:begin + BATCH]
            # Words that are forgotten at random teach it not to lean on single ones.
            kept = ids[part] * (random.random((len(part), WORDS)) > FORGOTTEN)
            d = gradients(w, kept, labels[part])
            length = np.sqrt(sum((v * v).sum() for v in d.values()))
            step += 1
            for name, value in d.items():
                value = value / max(1, length)
                m, v = moments[name]
                m += 0.1 * (value - m)
                v += 0.001 * (value * value - v)
                w[name] -= (RATE * (m / (1 - 0.9 ** step)) /
                            (np.sqrt(v / (1 - 0.999 ** step)) + 1e-8)).astype(np.float32)
        print(f"epoch {epoch + 1}: {100 * accuracy(w, ids, labels):.2f} % of the training sentences")


def accuracy(w, ids, labels):
    return float(((forward(w, ids)[0] > 0.5) == (labels > 0.5)).mean())


def write_model(path, w):
    """ids int32 [1, 24] -> GATHER int8 -> DEQUANTIZE -> LSTM -> last step -> FULLY_CONNECTED ->
    LOGISTIC."""
    f, i = text_hash.FLOAT32, text_hash.INT32
    scale = float(np.abs(w["embedding"]).max() / 127)
    rounded = np.round(w["embedding"] / scale).astype(np.int8)
    gates = [w[name][k * UNITS:(k + 1) * UNITS] for name in ("input", "hidden", "bias")
             for k in range(4)]
    constants = [rounded, *gates, np.array([0, WORDS - 1, 0], np.int32),
                 np.array([1, 1, UNITS], np.int32), w["dense"], w["offset"]]
    shapes = [list(c.shape) for c in constants]
    names = ["embedding", *(f"{part}_{gate}" for part in ("input", "hidden", "bias")
                            for gate in "ifco"), "begin", "size", "dense", "offset"]
    kinds = [text_hash.INT8, *(i if c.dtype == np.int32 else f for c in constants[1:])]
    tensors = [("ids", i, [1, WORDS], None, None, False)]
    tensors += [(names[k], kinds[k], shapes[k], k, None if k else scale, False)
                for k in range(len(constants))]
    at = {name: k + 1 for k, name in enumerate(names)}

    def activation(name, shape, state=False):
        tensors.append((name, f, shape, None, None, state))
        return len(tensors) - 1

    tensors.append(("rounded", text_hash.INT8, [1, WORDS, WIDTH], None, scale, False))
    stored = len(tensors) - 1
    words = activation("words", [1, WORDS, WIDTH])
    h, c = activation("h", [1, UNITS], True), activation("c", [1, UNITS], True)
    steps = activation("steps", [1, WORDS, UNITS])
    last = activation("last", [1, 1, UNITS])
    logit, positive = activation("logit", [1, 1]), activation("positive", [1, 1])
    weights = [at[f"{part}_{gate}"] for part in ("input", "hidden") for gate in "ifco"]
    biases = [at[f"bias_{gate}"] for gate in "ifco"]
    lstm = [words, *weights, -1, -1, -1, *biases, -1, -1, h, c, -1, -1, -1, -1]
    text_hash.write_file(
        path, [c.tobytes() for c in constants], tensors,
        [(text_hash.GATHER, 1, [at["embedding"], 0], stored, 23, {}),
         (text_hash.DEQUANTIZE, 1, [stored], words, 0, {}),
         (text_hash.LSTM, 1, lstm, steps, 71, {0: ("b", 4)}),  # 4: tanh
         (text_hash.SLICE, 1, [steps, at["begin"], at["size"]], last, 48, {}),
         (text_hash.FULLY_CONNECTED, 1, [last, at["dense"], at["offset"]], logit, 8, {}),
         (text_hash.LOGISTIC, 1, [logit], positive, 0, {})],
        positive, "sentiment, an LSTM over hashed words")
    return scale


def main(target, files):
    (ids, labels), (test_ids, test_labels) = read(files)
    random = np.random.default_rng(1)
    w = first_weights(random)
    train(w, ids, labels, random)
    scale = write_model(target, w)
    for what in ("float32", "int8"):
        right = accuracy(w, test_ids, test_labels)
        print(f"test, {what} embedding: {100 * right:.2f} % of {len(test_ids)} sentences")
        w["embedding"] = (np.round(w["embedding"] / scale) * scale).astype(np.float32)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: make_model.py MODEL.tflite FILES...")
    main(sys.argv[1], sys.argv[2:])
