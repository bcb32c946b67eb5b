#!/usr/bin/env python3
"""Trains the 150-10-5-2 gesture net and writes gesture_float.tflite and gesture.tflite (int8).

Needs numpy and TensorFlow (tried: Python 3.11, TensorFlow 2.21). Training motion is generated here,
see generate_motion.py; data/*.csv are recordings of another seed that the net never saw.

Usage: train.py        (writes beside this file; about a minute)
"""
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

import generate_motion

FOLDER = pathlib.Path(__file__).parent
LAYERS = ["hidden_1", "hidden_2", "logits", "class"]


def normalized(items):
    """(v + 127) / 256, samples in order, x y z within a sample."""
    return (np.array(items, dtype=np.float32).reshape(-1, 150) + 127) / 256


def dataset(count, seed):
    parts = [normalized(generate_motion.recordings(g, count, seed)) for g in generate_motion.GESTURES]
    labels = np.repeat(np.arange(len(parts)), count)
    return np.concatenate(parts), labels


def read_csv(path):
    lines = [line for line in path.read_text().splitlines()[1:] if line]
    return normalized([[int(v) for v in line.split(",")] for line in lines])


def trained():
    tf.keras.utils.set_random_seed(1337)
    model = tf.keras.Sequential([
        tf.keras.Input((150,), batch_size=1, name="motion"),
        tf.keras.layers.Dense(10, activation="relu", kernel_regularizer=tf.keras.regularizers.L2(2e-3)),
        tf.keras.layers.Dense(5, activation="relu", kernel_regularizer=tf.keras.regularizers.L2(2e-3)),
        tf.keras.layers.Dense(2, kernel_regularizer=tf.keras.regularizers.L2(2e-3)),
        tf.keras.layers.Softmax(),
    ])
    x, labels = dataset(400, seed=1)
    order = np.random.default_rng(1).permutation(len(x))
    model.compile("rmsprop", "mse", metrics=["accuracy"])
    model.fit(tf.data.Dataset.from_tensor_slices((x[order], np.eye(2, dtype=np.float32)[labels[order]])).batch(1), epochs=12, verbose=2)
    return model, x


def converter_of(model):
    """The same net with its weights as constants, so that the converter sees plain dense layers."""
    weights = [tf.constant(w) for w in model.get_weights()]

    @tf.function(input_signature=[tf.TensorSpec((1, 150), tf.float32, "motion")])
    def run(motion):
        hidden = tf.nn.relu(motion @ weights[0] + weights[1])
        hidden = tf.nn.relu(hidden @ weights[2] + weights[3])
        return tf.nn.softmax(hidden @ weights[4] + weights[5])

    return tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function()])


def quantized(model, x):
    # One sample at each end of the range fixes the input scale at exactly 1/256, zero point -128:
    # the quantised input is then the recorded value - 1.
    calibration = x[::4].copy()
    calibration[0, 0], calibration[0, 1] = 0, 255 / 256
    converter = converter_of(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([row[None]] for row in calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def write_model(data, path):
    """Gives the tensors names for people, drops what the converter noted, and writes the file."""
    model = flatbuffer_utils.convert_bytearray_to_object(data)
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = "motion"
    for layer, operator in zip(LAYERS, graph.operators, strict=True):
        graph.tensors[operator.outputs[0]].name = layer
        for kind, tensor in zip(["weights", "bias"], operator.inputs[1:]):
            graph.tensors[tensor].name = f"{layer}_{kind}"
    model.description = "gesture net of thimble, punch and flex"
    model.metadata = None
    model.signatureDefs = None
    for buffer in model.buffers:
        if not any(t.buffer is not None and model.buffers[t.buffer] is buffer for t in graph.tensors):
            buffer.data = None
    path.write_bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def classes(path, x):
    """Class of each row by the reference kernels, and the inputs as the model took them."""
    interpreter = tf.lite.Interpreter(str(path), experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if source["dtype"] == np.int8:
        scale, zero_point = source["quantization"]
        x = np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)
    result = []
    for row in x:
        interpreter.set_tensor(source["index"], row[None])
        interpreter.invoke()
        result.append(int(interpreter.get_tensor(target["index"]).argmax()))
    return np.array(result), x


def main():
    model, x = trained()
    write_model(converter_of(model).convert(), FOLDER / "gesture_float.tflite")
    write_model(quantized(model, x), FOLDER / "gesture.tflite")
    fresh, labels = dataset(500, seed=2)
    for name in ["gesture_float.tflite", "gesture.tflite"]:
        found, _ = classes(FOLDER / name, fresh)
        print(f"{name}: {np.sum(found == labels)} of {len(labels)} fresh recordings right")
        for wanted, gesture in enumerate(generate_motion.GESTURES):
            found, taken = classes(FOLDER / name, read_csv(FOLDER / "data" / f"{gesture}.csv"))
            print(f"{name}: {np.sum(found == wanted)} of {len(found)} in data/{gesture}.csv right")
            if name == "gesture.tflite":
                np.save(FOLDER / "data" / f"{gesture}.npy", taken[:, None, :])
                np.save(FOLDER / "data" / f"{gesture}_0.npy", taken[:1])


if __name__ == "__main__":
    main()
