"""Writes goldens.json: small tokenizers of the kinds in which libraries differ, and what tokenizers 0.23 makes of texts.

Run: python make.py (needs tokenizers 0.23)
"""

import json
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers as pre, trainers

TEXTS = [
    "hello world", " the  two spaces ", "", "naïve café", "İstanbul", "漢字 and 😀👍🏽", "\ttab\r\n\n new", "１２ ٣٤ 5.6²",
    "a, b.c  d...", "hello hellohello 123 a123", "cat a cat, a", "<s>x</s> y", "x <s> y", "\ufeffbom \x85next", "don't WE'LL",
    "\u200bzero\u3000wide", "한국어 हिन्दी", "word_word-word", "ﬁne Å é e\u0301", "<0x41> ▁ Ġ",
]
CORPUS = ["hello world the cat sat on a mat, 123 times", "don't stop. the two hello worlds", "naïve café a b c 4567"] * 20
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
FALLBACK = decoders.Sequence(
    [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
)
PLAIN = pre.ByteLevel(add_prefix_space=False, use_regex=False)


def byte_level(pre_tokenizer, normalizer=None, added=()):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre.ByteLevel.alphabet(), special_tokens=["<s>"], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(list(added))
    return json.loads(tokenizer.to_str())


def unigram(split):
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0)] + [(byte, 0.0) for byte in BYTES]
    pieces += [("▁", -2.0), ("▁the", -3.0), ("hello", -4.0), ("▁a", -3.5)]
    pieces += [(letter, -5.0 - index / 10) for index, letter in enumerate("abcdehlnortwxy.,")]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre.Metaspace(prepend_scheme="always" if split else "first", split=split)
    tokenizer.decoder = FALLBACK
    tokenizer.add_special_tokens(SPECIAL)
    return json.loads(tokenizer.to_str())


def kinds():
    yield "Unigram with byte fallback", unigram(True)
    yield "Unigram, first word alone", unigram(False)
    yield "GPT-2", byte_level(pre.ByteLevel(add_prefix_space=False))
    yield "digits one by one", byte_level(pre.Sequence([pre.Digits(individual_digits=True), pre.ByteLevel(add_prefix_space=False)]))
    for behavior in ["contiguous", "merged_with_previous", "merged_with_next"]:
        split = pre.Split(Regex(r"\s+|[.,]"), behavior)
        yield f"split, {behavior}", byte_level(pre.Sequence([split, PLAIN]))
    yield "white space", byte_level(pre.Sequence([pre.Whitespace(), PLAIN]))
    yield "stripped", byte_level(pre.ByteLevel(add_prefix_space=False), normalizers.Sequence([normalizers.NFC(), normalizers.Strip()]))
    added = [
        AddedToken("cat", single_word=True, normalized=False),
        AddedToken("</s>", lstrip=True, rstrip=True, normalized=False),
        AddedToken("é", normalized=True),
    ]
    yield "added tokens", byte_level(pre.ByteLevel(add_prefix_space=False), added=added)


goldens = {"texts": TEXTS, "kinds": {}}
for name, description in kinds():
    tokenizer = Tokenizer.from_str(json.dumps(description))
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
    spoken = [tokenizer.decode(each, skip_special_tokens=False) for each in ids]
    goldens["kinds"][name] = {"tokenizer": description, "ids": ids, "spoken": spoken}
file = pathlib.Path(__file__).with_name("goldens.json")
file.write_text(json.dumps(goldens, ensure_ascii=True))
