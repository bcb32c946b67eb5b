#!/usr/bin/env python3
"""Trains the 1-16-16-1 net for y = sin(x), 0 <= x <= 2 pi, and writes sine.tflite (int8).

Needs numpy and TensorFlow (tried: Python 3.11, TensorFlow 2.18).

Usage: train.py        (writes beside this file; about a minute)
"""
import pathlib

import numpy as np
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent
X = np.linspace(0, 2 * np.pi, 4000, dtype=np.float32).reshape(-1, 1)


def trained():
    tf.keras.utils.set_random_seed(7)
    model = tf.keras.Sequential([
        tf.keras.Input((1,), batch_size=1, name="x"),
        tf.keras.layers.Dense(16, "relu", name="hidden_1"),
        tf.keras.layers.Dense(16, "relu", name="hidden_2"),
        tf.keras.layers.Dense(1, name="y"),
    ])
    rate = tf.keras.optimizers.schedules.CosineDecay(0.01, 60 * len(X) // 64)
    model.compile(tf.keras.optimizers.Adam(rate), "mse")
    model.fit(X, np.sin(X), batch_size=64, epochs=60, verbose=0)
    return model


def main():
    converter = tf.lite.TFLiteConverter.from_keras_model(trained())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([x.reshape(1, 1)] for x in X[::20])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (FOLDER / "sine.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
