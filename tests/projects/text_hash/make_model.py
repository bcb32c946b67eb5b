#!/usr/bin/env python3
"""Makes spam.tflite from a file of labelled messages: `spam<tab>text`, one a line.

    python3 make_model.py sms.tsv spam.tflite

The model is an average of embeddings of one number each, which are the log odds of naive Bayes with
hashed words: table[id] = ln P(bucket | spam) - ln P(bucket | ham), both with half a word added to
each bucket (Lidstone 1920). The dense layer behind the average multiplies by the number of places,
which makes the average a sum again, and adds the log odds of the labels. Pads have row 0, which is 0.
Every fifth message, by its CRC-32, is kept for the test and printed. Nothing is random.

It needs no package: the FlatBuffers file is written by hand, from its end to its begin.
"""
import math
import re
import struct
import sys
import zlib

BUCKETS, WORDS, MAX_WORD = 4096, 64, 32  # as thimble.toml says
MASK = 0xFFFFFFFF


def super_fast_hash(word):
    def signed(byte):
        return byte - 256 if byte > 127 else byte

    value, i = len(word), 0
    while len(word) - i >= 4:
        value = (value + word[i] + 256 * word[i + 1]) & MASK
        value = ((value << 16) ^ ((word[i + 2] + 256 * word[i + 3]) << 11) ^ value) & MASK
        value = (value + (value >> 11)) & MASK
        i += 4
    left = len(word) - i
    if left > 1:
        value = (value + word[i] + 256 * word[i + 1]) & MASK
    if left == 3:
        value = (value ^ (value << 16) ^ (signed(word[i + 2]) << 18)) & MASK
        value = (value + (value >> 11)) & MASK
    elif left == 2:
        value = (value ^ (value << 11)) & MASK
        value = (value + (value >> 17)) & MASK
    elif left == 1:
        value = (value + signed(word[i])) & MASK
        value = (value ^ (value << 10)) & MASK
        value = (value + (value >> 1)) & MASK
    for left_shift, right_shift in ((3, 5), (4, 17), (25, 6)):
        value = (value ^ (value << left_shift)) & MASK
        value = (value + (value >> right_shift)) & MASK
    return value


def ids_of(text, buckets=BUCKETS, words=WORDS):
    """As the stage hash_tokens with punctuation = "split": lower case, bytes below 128."""
    found = re.findall(rb"[a-z0-9]+", bytes(b for b in text.lower() if b < 128))
    return [super_fast_hash(word[:MAX_WORD]) % buckets + 1 for word in found][:words]


def log_odds(messages):
    counts = {"ham": [0.5] * (BUCKETS + 1), "spam": [0.5] * (BUCKETS + 1)}
    texts = {"ham": 0, "spam": 0}
    for label, ids in messages:
        texts[label] += 1
        for i in ids:
            counts[label][i] += 1
    total = {label: sum(counts[label][1:]) for label in counts}
    table = [0.0]
    for i in range(1, BUCKETS + 1):
        table.append(math.log(counts["spam"][i] / total["spam"] * total["ham"] / counts["ham"][i]))
    return table, math.log(texts["spam"] / texts["ham"])


class FlatFile:
    """A FlatBuffers file; everything is appended in front of what is there already."""

    def __init__(self):
        self.data = b""

    def add(self, data, alignment):
        """Returns the distance of its first byte from the end of the file."""
        self.data = data + bytes(-(len(self.data) + len(data)) % alignment) + self.data
        # The padding stands behind `data`, so that it begins aligned as seen from the end.
        return len(self.data)

    def vector(self, values, code, alignment=4):
        body = struct.pack(f"<{len(values)}{code}", *values)
        self.data = bytes(-(len(self.data) + len(body)) % alignment) + self.data
        self.data = body + self.data
        return self.add(struct.pack("<I", len(values)), 4)

    def offsets(self, targets):
        here = len(self.data) + (-len(self.data) % 4)
        self.data = bytes(here - len(self.data)) + self.data
        for i, target in reversed(list(enumerate(targets))):
            here = len(self.data) + 4
            self.data = struct.pack("<I", here - target) + self.data
        return self.add(struct.pack("<I", len(targets)), 4)

    def string(self, text):
        body = text.encode() + b"\0"
        self.data = body + bytes(-(len(self.data) + len(body)) % 4) + self.data
        return self.add(struct.pack("<I", len(text)), 4)

    def table(self, fields):
        """fields: {number: ("offset", place) or (code, value)}, all of at most 4 bytes."""
        self.data = bytes(-len(self.data) % 4) + self.data
        size, places = 4, {}
        for number in fields:
            places[number] = size
            size += 4
        begin = len(self.data) + size  # of the table, from the end
        body = b""
        for number, (code, value) in fields.items():
            if code == "offset":
                body += struct.pack("<I", begin - places[number] - value)
            else:
                body += struct.pack("<" + code, value).ljust(4, b"\0")
        count = max(fields, default=-1) + 1
        vtable = struct.pack("<HH", 4 + 2 * count, size)
        vtable += b"".join(struct.pack("<H", places.get(i, 0)) for i in range(count))
        vtable += bytes(-len(vtable) % 4)
        self.data = vtable + struct.pack("<i", len(vtable)) + body + self.data
        return begin

    def finish(self, root):
        # 8 bytes in front: the root and the file's name; the whole is a multiple of 16.
        self.data = bytes(-(len(self.data) + 8) % 16) + self.data
        return struct.pack("<I", len(self.data) + 8 - root) + b"TFL3" + self.data


def write_file(path, constants, tensors, operators, output, description):
    """tensors: (name, type, shape, constant or None, scale or None, is a state);
    operators: (code, version, inputs, output, options type or 0, options). Tensor 0 is the input.
    """
    file = FlatFile()
    buffers = [file.table({})]
    buffers += [file.table({0: ("offset", file.vector(c, "B", 16))}) for c in constants]
    tensor_tables = []
    for name, kind, shape, constant, scale, state in tensors:
        fields = {0: ("offset", file.vector(shape, "i")), 1: ("b", kind),
                  2: ("I", 0 if constant is None else constant + 1),
                  3: ("offset", file.string(name)), 5: ("?", state)}
        if scale is not None:
            fields[4] = ("offset", file.table({2: ("offset", file.vector([scale], "f")),
                                               3: ("offset", file.vector([0], "q", 8))}))
        tensor_tables.append(file.table(fields))
    codes = sorted({(code, version) for code, version, *_ in operators})
    operator_tables = []
    for code, version, inputs, result, kind, options in operators:
        fields = {0: ("I", codes.index((code, version))),
                  1: ("offset", file.vector(inputs, "i")),
                  2: ("offset", file.vector([result], "i"))}
        if kind:
            fields[3] = ("B", kind)
            fields[4] = ("offset", file.table(options))
        operator_tables.append(file.table(fields))
    subgraph = file.table({0: ("offset", file.offsets(tensor_tables)),
                           1: ("offset", file.vector([0], "i")),
                           2: ("offset", file.vector([output], "i")),
                           3: ("offset", file.offsets(operator_tables)),
                           4: ("offset", file.string("main"))})
    code_tables = [file.table({0: ("b", code), 2: ("i", version), 3: ("i", code)})
                   for code, version in codes]
    with open(path, "wb") as target:
        target.write(file.finish(file.table({
            0: ("I", 3), 1: ("offset", file.offsets(code_tables)),
            2: ("offset", file.offsets([subgraph])), 3: ("offset", file.string(description)),
            4: ("offset", file.offsets(buffers))})))


FLOAT32, INT32, INT8 = 0, 2, 9
DEQUANTIZE, FULLY_CONNECTED, LOGISTIC, GATHER, MEAN = 6, 9, 14, 36, 40
LSTM, CAST, SLICE = 44, 53, 65


def write_model(path, table, offset):
    """ids float32 [1, 64] -> CAST -> GATHER int8 -> DEQUANTIZE -> MEAN -> FULLY_CONNECTED."""
    scale = max(abs(value) for value in table) / 127
    rounded = [round(value / scale) for value in table]
    write_file(
        path,
        [struct.pack(f"<{len(rounded)}b", *rounded), struct.pack("<i", 1),
         struct.pack("<f", WORDS), struct.pack("<f", offset)],
        [("ids", FLOAT32, [1, WORDS], None, None, False),
         ("id", INT32, [1, WORDS], None, None, False),
         ("log_odds", INT8, [BUCKETS + 1, 1], 0, scale, False),
         ("word", INT8, [1, WORDS, 1], None, scale, False),
         ("real", FLOAT32, [1, WORDS, 1], None, None, False),
         ("axis", INT32, [1], 1, None, False),
         ("average", FLOAT32, [1, 1], None, None, False),
         ("places", FLOAT32, [1, 1], 2, None, False),
         ("offset", FLOAT32, [1], 3, None, False),
         ("spam", FLOAT32, [1, 1], None, None, False)],
        [(CAST, 1, [0], 1, 0, {}), (GATHER, 1, [2, 1], 3, 23, {}), (DEQUANTIZE, 1, [3], 4, 0, {}),
         (MEAN, 1, [4, 5], 6, 27, {}), (FULLY_CONNECTED, 1, [6, 7, 8], 9, 8, {})],
        9, "spam, log odds of hashed words")


def main(source, target):
    train, test = [], []
    with open(source, "rb") as lines:
        for line in lines.read().split(b"\n"):
            if b"\t" not in line:
                continue
            label, text = line.split(b"\t", 1)
            message = (label.decode(), ids_of(text))
            (test if zlib.crc32(line) % 5 == 0 else train).append(message)
    table, offset = log_odds(train)
    for name, messages in (("train", train), ("test", test)):
        right = {"ham": 0, "spam": 0}
        count = {"ham": 0, "spam": 0}
        for label, ids in messages:
            count[label] += 1
            spam = offset + sum(table[i] for i in ids) > 0
            right[label] += spam == (label == "spam")
        print(f"{name}: {sum(right.values())} of {len(messages)} right "
              f"({100 * sum(right.values()) / len(messages):.2f} %), spam {right['spam']} of "
              f"{count['spam']}")
    write_model(target, table, offset)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_model.py MESSAGES.tsv MODEL.tflite")
    main(sys.argv[1], sys.argv[2])
