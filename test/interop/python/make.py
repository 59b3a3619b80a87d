"""Writes the checkpoint of every family, each with a tokenizer of its kind."""

from pathlib import Path

from checkpoint import write
from families import cases, variants
from small_tokenizers import TOKENIZER_OF, trained, write_tokenizer


def run(folder, names):
    """Folder by name of checkpoint. @param names which of them, all where empty"""
    folders = {}
    tokenizers = {}
    for name in [*cases(512), *variants(512)]:
        if names and name not in names:
            continue
        kind = TOKENIZER_OF[name]
        tokenizers[kind] = tokenizers.get(kind) or trained(kind)
        tokenizer = tokenizers[kind]
        own = Path(folder) / name
        size = tokenizer.get_vocab_size()
        write({**cases(size), **variants(size)}[name], own)
        write_tokenizer(tokenizer, kind, own)
        folders[name] = {"folder": str(own), "tokenizer": kind}
    return folders
