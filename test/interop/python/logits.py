"""Logits of a text by transformers."""

from arrays import pack
from checkpoint import logits_of, open_model


def run(folder, tokens):
    return pack(logits_of(open_model(folder), tokens))
