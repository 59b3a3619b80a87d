"""Small tokenizers of every kind in use, trained on a few thousand made-up words."""

import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

SPECIALS = ["<pad>", "<s>", "</s>"]
CHAT = ["<|im_start|>", "<|im_end|>"]

# As the models' own tokenizer.json have them.
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

TOKENIZER_OF = {
    "llama": "sentencepiece",
    "llama-3": "llama-3",
    "llama-linear": "unigram",
    "mistral": "sentencepiece",
    "mistral-no-window": "metaspace",
    "qwen2": "qwen2",
    "qwen2-window": "qwen2",
    "qwen3": "qwen2",
    "smollm3": "llama-3",
    "olmo2": "gpt2",
    "phi3": "sentencepiece",
    "gemma": "gemma",
    "gemma2": "gemma",
    "gemma3": "gemma",
    "gemma3-vision": "gemma",
    "smollm3-fourth": "llama-3",
    "phi3-no-window": "qwen2",
    "gemma2-head-scale": "qwen2",
    "gemma3-head-scale": "qwen2",
    "gemma-bytes": "qwen2",
}


def corpus():
    """Lines of words that begin and end alike, with numbers and marks."""
    draw = random.Random(16)
    heads = ["un", "re", "the", "in", "con", "over", "ein", "für", "日本", "при", "ko", "s"]
    tails = ["ing", "ed", "tion", "ly", "er", "'s", "ung", "keit", "語", "вет", "", "ness"]
    middles = ["play", "read", "kind", "story", "act", "mat", "wort", "garden", "café", "naïve", "3", "17"]
    word = lambda: draw.choice(heads) + draw.choice(middles) + draw.choice(tails)
    return [" ".join(word() for _ in range(9)) + draw.choice([".", "!", "?", ", ok", ": 42"]) for _ in range(3000)]


def byte_level(split=None, nfc=False, digits=False):
    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split is None)
    first = [pre_tokenizers.Split(Regex(split), "isolated")] if split else []
    first += [pre_tokenizers.Digits(individual_digits=True)] if digits else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*first, level]) if first else level
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=SPECIALS + CHAT, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SPACE = "▁"


def sentencepiece_bpe(style):
    """BPE over characters, with bytes for those that it does not know: LLaMA 2 (either form) and Gemma."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    back = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if style == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="first", split=False)
    elif style == "gemma":
        tokenizer.normalizer = normalizers.Replace(" ", SPACE)
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence(back if style == "gemma" else [*back, decoders.Strip(" ", 1, 0)])
    # Words of one line are never merged in training: a split of its own, for the trainer alone.
    own = tokenizer.pre_tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="always")
    normalizer, tokenizer.normalizer = tokenizer.normalizer, None
    trainer = trainers.BpeTrainer(vocab_size=620, special_tokens=[*SPECIALS, "<unk>", *CHAT, *BYTES])
    tokenizer.train_from_iterator(corpus(), trainer)
    # Bytes are ordinary tokens of the model, not added ones.
    return without_added_bytes(tokenizer, own, normalizer)


def without_added_bytes(tokenizer, pre_tokenizer, normalizer):
    import json

    written = json.loads(tokenizer.to_str())
    written["added_tokens"] = [token for token in written["added_tokens"] if token["content"] not in BYTES]
    made = Tokenizer.from_str(json.dumps(written))
    if pre_tokenizer is not None:
        made.pre_tokenizer = pre_tokenizer
    else:
        del_pre = json.loads(made.to_str())
        del_pre["pre_tokenizer"] = None
        made = Tokenizer.from_str(json.dumps(del_pre))
    if normalizer is not None:
        made.normalizer = normalizer
    return made


def unigram():
    trainee = Tokenizer(models.Unigram())
    trainee.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="always")
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIALS, unk_token=None)
    trainee.train_from_iterator(corpus(), trainer)
    import json

    model = json.loads(trainee.to_str())["model"]
    specials = [[token, 0.0] for token in [*SPECIALS, "<unk>", *CHAT]]
    pieces = [piece for piece in model["vocab"] if piece[0] not in SPECIALS]
    vocabulary = [*specials, *([token, -20.0] for token in BYTES), *pieces]
    tokenizer = Tokenizer(models.Unigram([tuple(piece) for piece in vocabulary], unk_id=3, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(SPACE, prepend_scheme="always")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(SPACE, "always")])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in [*SPECIALS, "<unk>", *CHAT]])
    return tokenizer


def trained(kind):
    if kind == "gpt2":
        return byte_level(digits=True)
    if kind == "llama-3":
        return byte_level(split=LLAMA3)
    if kind == "qwen2":
        return byte_level(split=QWEN2, nfc=True)
    if kind == "unigram":
        return unigram()
    return sentencepiece_bpe(kind)


def write_tokenizer(tokenizer, kind, folder):
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
    )
    fast.save_pretrained(folder)
