"""What tokenizers 0.23 makes of texts by a table of replacements that sentencepiece compiled: python make.py > goldens.json"""
import base64
import io
import json
import os
import sys
import tempfile

import sentencepiece as spm
from tokenizers import normalizers


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """Numbers and contents of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 in (1, 5):
            width = 8 if key & 7 == 1 else 4
            value, at = data[at : at + width], at + width
        else:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        yield key >> 3, value


def charsmap(**options):
    model = io.BytesIO()
    sentences = ["the cat sat on the mat", "a dog ran far", "hello world again", "some more words here"] * 20
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, vocab_size=40, hard_vocab_limit=False, minloglevel=3, **options
    )
    specification = next(value for number, value in fields(model.getvalue()) if number == 3)
    return next(value for number, value in fields(specification) if number == 2)


RULES = [
    ("\uff21","A"),
    ("\uff22","B"),
    ("\u3000"," "),
    ("\u2026","..."),
    ("e\u0301","\u00e9"),
    ("\ufb01","fi"),
    ("\t"," "),
    ("\u200b",""),
    ("\u1100\u1161","\uac00"),
    ("\U0001f98a","fox"),
    ("\u00bd","1/2"),
    ("x","y"),
    ("x\u0301","z"),
]
TEXTS = [
    "\uff21\uff22\u3000c\u2026",
    "e\u0301te\u0301 e\u0302",
    "\ufb01n\tend\u200bless",
    "\u1100\u1161\u1100\u1161\u11a8",
    "\U0001f98a \U0001f98a\U0001f3fd \u00bd",
    "x x\u0301 xe\u0301",
    "plain text",
    "a\u0301\u0302 \u0915\u094d\u0937",
    "\r\n\r\n \u2581",
]


def code_points(text):
    return " ".join(f"{ord(character):X}" for character in text)


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "rules.tsv")
    with open(path, "w") as file:
        file.writelines(f"{code_points(given)}\t{code_points(wanted)}\n" for given, wanted in RULES)
    table = charsmap(normalization_rule_tsv=path)
normalizer = normalizers.Precompiled(table)
normalized = [normalizer.normalize_str(text) for text in TEXTS]
json.dump({"table": base64.b64encode(table).decode(), "texts": TEXTS, "normalized": normalized}, sys.stdout)
