#!/usr/bin/env python3
"""Makes small recurrent and attention networks with stock Keras and TensorFlow, as .tflite files.

    tools/make_recurrent_models.py OUTDIR [--only TEXT] [--long] [--list]

Needs tensorflow (2.16 or newer, Keras 3) and, for the models whose name begins with fused_, tf_keras (Keras 2,
whose LSTM the converter turns into one operator). For each model OUTDIR holds

    NAME.tflite         as the stock converter writes it, batch 1
    NAME.in0.npy ...    inputs of RUNS runs, stacked
    NAME.out0.npy ...   what TensorFlow Lite's reference kernels give, variables reset before each run (its
                        built-in kernels where the reference has none or is wrong: "kernels" in index.json)
    index.json          name -> what it is, its operators per subgraph, or why it could not be made

Weights come from fixed seeds, so the same versions of TensorFlow and Keras make the same files. --long adds the
networks whose conversion takes minutes.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import zlib

RUNS = 5
CALIBRATION_RUNS = 100
UNITS = 8
FEATURES = 4


class Recipe:
    """`build(keras)` gives a Keras model of batch 1; `forms` are the arithmetics to convert it to."""

    def __init__(self, name, what, build, forms=("float", "int8"), legacy=False, slow=False):
        self.name, self.what, self.build = name, what, build
        self.forms, self.legacy, self.slow = forms, legacy, slow


def sequential(*layers_of, steps=10, features=FEATURES):
    """A model builder: `layers_of` are functions from keras to a layer."""

    def build(keras):
        x = inputs = keras.Input(batch_shape=(1, steps, features))
        for layer in layers_of:
            x = layer(keras)(x)
        return keras.Model(inputs, x)

    return build


def lstm(units=UNITS, **options):
    return lambda keras: keras.layers.LSTM(units, **options)


def gru(**options):
    return lambda keras: keras.layers.GRU(UNITS, **options)


def simple_rnn(**options):
    return lambda keras: keras.layers.SimpleRNN(UNITS, **options)


def bidirectional(inner, **options):
    return lambda keras: keras.layers.Bidirectional(inner(keras), **options)


def dense(units=3, **options):
    return lambda keras: keras.layers.Dense(units, **options)


def cells(prefix, what, **options):
    """The cells in all their forms; `options` are those of the layers (unroll)."""
    both = [
        ("lstm", lstm), ("gru", gru), ("simple_rnn", simple_rnn),
        ("gru_before", lambda **more: gru(reset_after=False, **more)),
    ]
    recipes = []
    for name, cell in both:
        recipes.append(Recipe(f"{prefix}{name}_last", f"{name}, last output, {what}",
                              sequential(cell(**options))))
        recipes.append(Recipe(f"{prefix}{name}_seq", f"{name}, output of every step, {what}",
                              sequential(cell(return_sequences=True, **options))))
    recipes += [
        Recipe(f"{prefix}bilstm_last", f"Bidirectional(LSTM), last output, {what}",
               sequential(bidirectional(lstm(**options)))),
        Recipe(f"{prefix}bilstm_seq", f"Bidirectional(LSTM), every step, {what}",
               sequential(bidirectional(lstm(return_sequences=True, **options)))),
        Recipe(f"{prefix}bigru_seq", f"Bidirectional(GRU), every step, {what}",
               sequential(bidirectional(gru(return_sequences=True, **options)))),
        Recipe(f"{prefix}lstm_back", f"LSTM(go_backwards), every step, {what}",
               sequential(lstm(return_sequences=True, go_backwards=True, **options))),
        Recipe(f"{prefix}lstm_stacked", f"two LSTMs and a dense, {what}",
               sequential(lstm(return_sequences=True, **options), lstm(**options), dense())),
        Recipe(f"{prefix}lstm_dense_seq", f"LSTM, dense at every step, {what}",
               sequential(lstm(return_sequences=True, **options), dense(activation="softmax"))),
    ]
    return recipes


def hundred_steps(units, features, **options):
    return sequential(lstm(units=units, **options), dense(12, activation="softmax"), steps=100, features=features)


def states_in_out(keras):
    """An LSTM with its states as inputs and outputs: how a decoder is exported."""
    x = keras.Input(batch_shape=(1, 1, FEATURES))
    h, c = keras.Input(batch_shape=(1, UNITS)), keras.Input(batch_shape=(1, UNITS))
    return keras.Model([x, h, c], keras.layers.LSTM(UNITS, return_state=True, unroll=True)(x, initial_state=[h, c]))


def masked_lstm(keras):
    x = inputs = keras.Input(batch_shape=(1, 10), dtype="int32")
    x = keras.layers.Embedding(16, FEATURES, mask_zero=True)(x)
    return keras.Model(inputs, keras.layers.LSTM(UNITS)(x))


def attention(kind, steps=6, features=8, **options):
    """Queries and values of their own sequences: `kind` names the Keras layer."""

    def build(keras):
        query = keras.Input(batch_shape=(1, 4, features))
        value = keras.Input(batch_shape=(1, steps, features))
        context = getattr(keras.layers, kind)(**options)([query, value])
        return keras.Model([query, value], keras.layers.Dense(3)(context))

    return build


def self_attention(causal):
    def build(keras):
        x = keras.Input(batch_shape=(1, 6, 8))
        query, key, value = (keras.layers.Dense(8)(x) for _ in range(3))
        context = keras.layers.Attention()([query, value, key], use_causal_mask=causal)
        return keras.Model(x, context)

    return build


def masked_attention(kind):
    """Queries and values from tokens; token 0 is padding and must not be looked at."""

    def build(keras):
        query = keras.Input(batch_shape=(1, 4), dtype="int32")
        value = keras.Input(batch_shape=(1, 6), dtype="int32")
        embedding = keras.layers.Embedding(16, 8, mask_zero=True)
        context = getattr(keras.layers, kind)()([embedding(query), embedding(value)])
        return keras.Model([query, value], keras.layers.Dense(3)(context))

    return build


def multi_head(masked):
    def build(keras):
        x = keras.Input(batch_shape=(1, 6, 8))
        layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        return keras.Model(x, layer(x, x, use_causal_mask=masked))

    return build


def decoder_attention(keras):
    """One decoder step over stored encoder states: dot scores, softmax, context, output."""
    states = keras.Input(batch_shape=(1, 12, 16))
    hidden = keras.Input(batch_shape=(1, 16))
    query = keras.layers.Reshape((1, 16))(hidden)
    context = keras.layers.Reshape((16,))(keras.layers.Attention()([query, states]))
    joined = keras.layers.Concatenate()([context, hidden])
    return keras.Model([states, hidden], keras.layers.Dense(10, activation="softmax")(joined))


def recipes():
    made = cells("loop_", "WHILE loop")
    made += cells("unrolled_", "unrolled", unroll=True)
    made += [
        Recipe("loop_lstm_100", "LSTM(16) over 100 x 8, WHILE loop", hundred_steps(16, 8),
               ("float", "hybrid", "float16", "int8")),
        Recipe("loop_lstm_masked", "tokens, mask_zero, LSTM, WHILE loop", masked_lstm),
        Recipe("loop_lstm_relu", "LSTM with relu and hard_sigmoid, WHILE loop",
               sequential(lstm(activation="relu", recurrent_activation="hard_sigmoid"))),
        Recipe("cell_lstm", "one LSTM step, states in and out", states_in_out),
        Recipe("attention_dot", "Attention, scores as they are", attention("Attention")),
        Recipe("attention_scaled", "Attention, learnt scale", attention("Attention", use_scale=True)),
        Recipe("attention_concat", "Attention, score_mode concat", attention("Attention", score_mode="concat")),
        Recipe("attention_additive", "AdditiveAttention", attention("AdditiveAttention")),
        Recipe("attention_self", "self-attention", self_attention(False)),
        Recipe("attention_causal", "self-attention, causal mask", self_attention(True)),
        Recipe("attention_masked_dot", "tokens, padding masked, Attention", masked_attention("Attention")),
        Recipe("attention_masked_additive", "tokens, padding masked, AdditiveAttention",
               masked_attention("AdditiveAttention")),
        Recipe("attention_heads", "MultiHeadAttention", multi_head(False)),
        Recipe("attention_heads_causal", "MultiHeadAttention, causal", multi_head(True)),
        Recipe("attention_decoder", "one decoder step", decoder_attention),
        Recipe("unrolled_lstm_100", "LSTM(16) over 100 x 8, unrolled", hundred_steps(16, 8, unroll=True), slow=True),
        Recipe("unrolled_lstm_64x100", "LSTM(64) over 100 x 40, unrolled", hundred_steps(64, 40, unroll=True),
               slow=True),
        Recipe("loop_lstm_64x100", "LSTM(64) over 100 x 40, WHILE loop", hundred_steps(64, 40),
               ("float", "hybrid", "float16", "int8")),
    ]
    fused = [
        ("lstm_last", sequential(lstm())), ("lstm_seq", sequential(lstm(return_sequences=True))),
        ("bilstm_seq", sequential(bidirectional(lstm(return_sequences=True)))),
        ("lstm_stacked", sequential(lstm(return_sequences=True), lstm(), dense())),
        ("lstm_dense_seq", sequential(lstm(return_sequences=True), dense(activation="softmax"))),
        ("lstm_time_major", sequential(lstm(return_sequences=True, time_major=True))),
        ("lstm_100", hundred_steps(16, 8)), ("lstm_64x100", hundred_steps(64, 40)),
        ("gru_seq", sequential(gru(return_sequences=True))), ("rnn_seq", sequential(simple_rnn(return_sequences=True))),
    ]
    made += [Recipe("fused_" + name, f"Keras 2: {name}", build, ("float", "hybrid", "float16", "int8", "int16x8"),
                    legacy=True) for name, build in fused]
    return made


def seed_of(name):
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def random_weights(numpy, model, seed):
    """Weights of the size that keeps gates in their curved part, and biases other than 0 and 1."""
    generator = numpy.random.default_rng(seed)
    values = []
    for weight in model.get_weights():
        reach = (3.0 / weight.shape[0]) ** 0.5 if weight.ndim > 1 else 0.3
        values.append(generator.uniform(-reach, reach, weight.shape).astype(weight.dtype))
    model.set_weights(values)


def random_inputs(numpy, shapes, runs, seed):
    """`runs` lists of real inputs (or tokens below 16, of which 0 is padding at the end)."""
    generator = numpy.random.default_rng(seed)
    result = []
    for _ in range(runs):
        values = []
        for shape, integer in shapes:
            if integer:
                tokens = generator.integers(1, 16, shape)
                tokens[:, generator.integers(1, shape[1] + 1):] = 0
                values.append(tokens.astype(numpy.int32))
            else:
                values.append(generator.uniform(-1, 1, shape).astype(numpy.float32))
        result.append(values)
    return result


def convert(tf, numpy, model, form, seed, legacy):
    signature = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
    function = tf.function(lambda *x: model(list(x) if len(x) > 1 else x[0], training=False))
    # Keras 3: without an owner of the variables the converter makes them constants. Keras 2: with an owner it
    # makes them constants and one operator of each LSTM; without one it makes a loop.
    owner = [model] if legacy else []
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function(*signature)], *owner)
    if form == "float":
        return converter.convert()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form in ("int8", "int16x8"):
        shapes = [(tuple(x.shape), x.dtype in ("int32", tf.int32)) for x in model.inputs]
        calibration = random_inputs(numpy, shapes, CALIBRATION_RUNS, seed + 1)
        converter.representative_dataset = lambda: iter(calibration)
        ops = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            ops.TFLITE_BUILTINS_INT8 if form == "int8" else
            ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
        converter.inference_input_type = tf.int8 if form == "int8" else tf.int16
        converter.inference_output_type = converter.inference_input_type
    return converter.convert()


def quantised(numpy, value, detail):
    """A real input as the model's input type takes it."""
    if detail["dtype"] == value.dtype:
        return value
    scale, zero = detail["quantization"]
    limits = numpy.iinfo(detail["dtype"])
    return numpy.clip(numpy.round(value / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def parsed_model(data):
    from tensorflow.lite.python import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0)), names


def operator_name(model, names, op):
    code = model.operatorCodes[op.opcodeIndex]
    name = names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "?")
    return "CUSTOM " + code.customCode.decode() if name == "CUSTOM" else name


def loses_rows(graph, op):
    """The reference kernel of FULLY_CONNECTED takes the first dimension for the number of rows when weights have
    one scale per channel: of a result [1, t, u] it writes one row and leaves the others as they were."""
    scales = graph.tensors[op.inputs[1]].quantization.scale
    return len(graph.tensors[op.outputs[0]].shape) > 2 and scales is not None and len(scales) > 1


def with_flat_rows(data):
    """The same model with the results of such operators as [t, u], and a RESHAPE behind them."""
    import copy
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model, names = parsed_model(data)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    model.operatorCodes.append(code)
    for graph in model.subgraphs:
        operators_now = []
        for op in graph.operators or []:
            operators_now.append(op)
            if operator_name(model, names, op) != "FULLY_CONNECTED" or not loses_rows(graph, op):
                continue
            whole = graph.tensors[op.outputs[0]]
            flat = copy.deepcopy(whole)
            flat.shape, flat.shapeSignature = [int(whole.shape[:-1].prod()), int(whole.shape[-1])], None
            flat.name = whole.name + b"/rows"
            graph.tensors.append(flat)
            back = schema.OperatorT()
            back.opcodeIndex = len(model.operatorCodes) - 1
            back.inputs, back.outputs = [len(graph.tensors) - 1], op.outputs
            back.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
            back.builtinOptions = schema.ReshapeOptionsT()
            back.builtinOptions.newShape = [int(size) for size in whole.shape]
            op.outputs, op.builtinOptions.keepNumDims = back.inputs, False
            operators_now.append(back)
        graph.operators = operators_now
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def sums_integers(model, names):
    """The reference kernel of SUM adds int8 to sums that it does not clear first."""
    from tensorflow.lite.python import schema_py_generated as schema

    return any(graph.tensors[op.inputs[0]].type == schema.TensorType.INT8
               for graph in model.subgraphs for op in graph.operators or [] if operator_name(model, names, op) == "SUM")


def interpreter_of(tf, path):
    """With the reference kernels; with the built-in ones where those lack an operator or are wrong."""
    types = tf.lite.experimental.OpResolverType
    data = path.read_bytes()
    model, names = parsed_model(data)
    if any(loses_rows(graph, op) for graph in model.subgraphs for op in graph.operators or []
           if operator_name(model, names, op) == "FULLY_CONNECTED"):
        data = with_flat_rows(data)
    try:
        if sums_integers(model, names):
            raise ValueError("reference kernel")
        made = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=types.BUILTIN_REF)
        return made, "reference"
    except ValueError:
        resolver = types.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        return tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=resolver), "built-in"


def reference_outputs(tf, numpy, path, seed):
    """Saves the inputs and outputs of RUNS runs; returns whose kernels ran."""
    interpreter, kernels = interpreter_of(tf, path)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    shapes = [(tuple(d["shape"]), d["dtype"] == numpy.int32) for d in details]
    inputs, outputs = [], []
    for values in random_inputs(numpy, shapes, RUNS, seed + 2):
        values = [quantised(numpy, value, detail) for value, detail in zip(values, details)]
        interpreter.reset_all_variables()
        for value, detail in zip(values, details):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        inputs.append(values)
        outputs.append([interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()])
    stem = str(path)[:-len(".tflite")]
    for kind, runs in (("in", inputs), ("out", outputs)):
        for i in range(len(runs[0])):
            numpy.save(f"{stem}.{kind}{i}.npy", numpy.stack([run[i] for run in runs]))
    return kernels


def operators(data):
    """Operators of each subgraph: "NAME xCOUNT"."""
    model, names = parsed_model(data)
    listed = []
    for graph in model.subgraphs:
        counts = {}
        for op in graph.operators or []:
            name = operator_name(model, names, op)
            counts[name] = counts.get(name, 0) + 1
        listed.append([f"{name} x{count}" for name, count in counts.items()])
    return listed


def make(tf, keras, numpy, recipe, form, folder):
    """One model; returns its entry of the index."""
    name = f"{recipe.name}_{form}"
    entry = {"what": recipe.what, "form": form}
    seed = seed_of(recipe.name)
    keras.backend.clear_session()
    try:
        keras.utils.set_random_seed(seed)
        model = recipe.build(keras)
        random_weights(numpy, model, seed)
        data = convert(tf, numpy, model, form, seed, recipe.legacy)
    except Exception as error:  # noqa: BLE001  whatever the converter says belongs in the index
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        entry["refused"] = "converter: " + (lines[0] if lines else type(error).__name__)[:300]
        return entry
    path = folder / f"{name}.tflite"
    path.write_bytes(data)
    entry["bytes"] = len(data)
    entry["operators"] = operators(data)
    try:
        entry["kernels"] = reference_outputs(tf, numpy, path, seed)
    except Exception as error:  # noqa: BLE001
        entry["no_reference"] = "interpreter: " + str(error).strip().splitlines()[0][:300]
    return entry


def made_apart(function, tf, keras, numpy, recipe, form, folder):
    """`make` in a process of its own, because the converter ends the process for some models."""
    receiver, sender = multiprocessing.Pipe(False)
    process = multiprocessing.get_context("fork").Process(
        target=lambda: sender.send(function(tf, keras, numpy, recipe, form, folder)))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        return {"what": recipe.what, "form": form,
                "refused": f"converter: ends the process with {process.exitcode}"}
    finally:
        process.join()


def save_index(folder, entries):
    path = folder / "index.json"
    index = json.loads(path.read_text()) if path.exists() else {}
    index.update(entries)
    path.write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


def make_all(options, legacy):
    import numpy
    import tensorflow as tf

    if legacy:
        import tf_keras as keras
    else:
        import keras
    for recipe in recipes():
        if recipe.legacy != legacy or (recipe.slow and not options.long):
            continue
        for form in recipe.forms:
            if options.only not in f"{recipe.name}_{form}":
                continue
            name = f"{recipe.name}_{form}"
            entry = made_apart(make, tf, keras, numpy, recipe, form, options.folder)
            save_index(options.folder, {name: entry})
            print(name, entry.get("refused") or entry.get("no_reference") or f"{entry['bytes']} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="", help="models whose name contains this text")
    parser.add_argument("--long", action="store_true", help="also those that take minutes")
    parser.add_argument("--list", action="store_true", help="names only")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{r.name}_{form}: {r.what}" for r in recipes() for form in r.forms if options.only in r.name))
        return 0
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    # Which Keras tensorflow uses is settled at its import: Keras 2 needs a process of its own.
    if os.environ.get("TF_USE_LEGACY_KERAS") == "1":
        make_all(options, legacy=True)
        return 0
    make_all(options, legacy=False)
    return subprocess.run([sys.executable, *sys.argv], env={**os.environ, "TF_USE_LEGACY_KERAS": "1"}).returncode


if __name__ == "__main__":
    sys.exit(main())
