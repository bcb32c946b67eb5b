#!/usr/bin/env python3
"""Trains the 8-16-2 net on keyboard reports and writes key_reports.tflite (int8).

Needs numpy and TensorFlow (tried: Python 3.11, TensorFlow 2.21). It trains on reports of seed 1; data/reports.csv
is of another seed. A byte b counts as b / 29: the code of `z` is 1.

Usage: train.py        (writes beside this file; a few seconds)
"""
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

import generate_reports

FOLDER = pathlib.Path(__file__).parent
NAMES = ["hidden", "logits", "class"]


def dataset(count, seed):
    items = generate_reports.reports(count, seed)
    x = np.array([values for _, values in items], dtype=np.float32) / 29
    return x, np.array([generate_reports.LABELS.index(label) for label, _ in items])


def trained():
    tf.keras.utils.set_random_seed(29)
    model = tf.keras.Sequential([
        tf.keras.Input((8,), batch_size=1, name="report"),
        tf.keras.layers.Dense(16, activation="relu"),
        tf.keras.layers.Dense(2),
        tf.keras.layers.Softmax(),
    ])
    x, labels = dataset(4000, seed=1)
    model.compile(tf.keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(tf.data.Dataset.from_tensor_slices((x, labels)).batch(1), epochs=10, verbose=2)
    return model, x


def quantized(model, x):
    weights = [tf.constant(w) for w in model.get_weights()]

    @tf.function(input_signature=[tf.TensorSpec((1, 8), tf.float32, "report")])
    def run(report):
        return tf.nn.softmax(tf.nn.relu(report @ weights[0] + weights[1]) @ weights[2] + weights[3])

    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in x[::4])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def write_model(data, path):
    """Gives the tensors names for people, drops what the converter noted, and writes the file."""
    model = flatbuffer_utils.convert_bytearray_to_object(data)
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = "report"
    for layer, operator in zip(NAMES, graph.operators, strict=True):
        graph.tensors[operator.outputs[0]].name = layer
        for kind, tensor in zip(["weights", "bias"], operator.inputs[1:]):
            graph.tensors[tensor].name = f"{layer}_{kind}"
    model.description = "keyboard net of thimble, calm and angry"
    model.metadata = None
    model.signatureDefs = None
    for buffer in model.buffers:
        if not any(t.buffer is not None and model.buffers[t.buffer] is buffer for t in graph.tensors):
            buffer.data = None
    path.write_bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def right(path, x, labels):
    kind = tf.lite.experimental.OpResolverType.BUILTIN_REF
    interpreter = tf.lite.Interpreter(str(path), experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = source["quantization"]
    found = []
    for row in np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8):
        interpreter.set_tensor(source["index"], row[None])
        interpreter.invoke()
        found.append(int(interpreter.get_tensor(target["index"]).argmax()))
    return int(np.sum(np.array(found) == labels))


def main():
    model, x = trained()
    path = FOLDER / "key_reports.tflite"
    write_model(quantized(model, x), path)
    for name, count, seed in [("trained on", 4000, 1), ("data/reports.csv", 400, 3), ("fresh", 2000, 2)]:
        fresh, labels = dataset(count, seed)
        print(f"{name}: {right(path, fresh, labels)} of {count} reports right")


if __name__ == "__main__":
    main()
