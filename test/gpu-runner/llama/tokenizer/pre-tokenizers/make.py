"""Ids that llama.cpp gives under each name of a pre-tokeniser: python make.py > goldens.json

The vocabulary was trained on the texts without any cut, so that a merge goes over every place where nothing is cut: where
the cuts differ, so do the ids. Needs gguf, llama-cpp-python 0.3.36 and tokenizers 0.23.
"""
import json
import os
import sys
import tempfile

import gguf
from llama_cpp import Llama
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

NAMES = [
    "default", "gpt-2", "phi-2", "olmo", "mpt", "exaone4", "jais", "trillion", "granite-docling", "gigachat", "jina-es",
    "jina-de", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum", "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1",
    "pixtral", "midm-2.0", "lfm2", "dbrx", "smaug-bpe", "glm4", "chatglm-bpe", "qwen2", "deepseek-r1-qwen", "kormo",
    "megrez", "stablelm2", "hunyuan", "grok-2", "smollm", "starcoder", "refact", "command-r", "codeshell", "minerva-7b",
    "exaone", "tekken", "gpt-4o", "llama4", "minimax-m2", "deepseek-llm", "deepseek-coder", "deepseek-v3", "hunyuan-dense",
    "falcon", "poro-chat", "bloom", "gpt3-finnish", "viking", "bailingmoe", "bailingmoe2", "seed-coder", "superbpe",
]
TEXTS = [
    "Hello world, it's 1234567 o'clock; WE'LL see  you.",
    "don't DON'T I'm we've they'D",
    "line one\nline two\r\n\n\n  indented\t\ttabs \n",
    "trailing spaces   ",
    "   leading",
    "x=3.14; if (a<b && c>=d) { return `f(${x})`; } // $5 + 10^3 ~ |y|",
    "na\u00efve caf\u00e9 \u00c5ngstr\u00f6m \u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440",
    "\u6f22\u5b57\u3068\u304b\u306a 2024\u5e74 \ud55c\uad6d\uc5b4 \u4f60\u597d\uff0c\u4e16\u754c\u3002",
    "\U0001f98a\U0001f600 emoji!!! ... \u2026 \u201cquoted\u201d \u2013 dash",
    "CamelCaseWords HTTPServer iPhone15Pro snake_case",
    "12 345 6789 \u0663\u0664 \u00bd \u2167",
    "a/b/c http://x.y/z?q=1&r=2#t e@mail.org",
    "!!!\n\n???\n(text)[more]{x}\n",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e44\u0e17\u0e22 \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u2028sep\u00a0nbsp\u3000wide",
]
CORPUS = TEXTS * 4 + [text.lower() for text in TEXTS] + ["the cat sat on the mat.\n\nthe dog ran."] * 4

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(vocab_size=1200, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), max_token_length=12, show_progress=False)
tokenizer.train_from_iterator(CORPUS, trainer)
model = json.loads(tokenizer.to_str())["model"]
tokens = ["<s>", "</s>"] + [text for text, _ in sorted(model["vocab"].items(), key=lambda entry: entry[1])]
merges = [" ".join(merge) for merge in model["merges"]]


def ids_of(name: str) -> list[list[int]]:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vocabulary.gguf")
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(name)
        writer.add_token_list(tokens)
        writer.add_token_types([3, 3] + [1] * (len(tokens) - 2))
        writer.add_token_merges(merges)
        writer.add_bos_token_id(0)
        writer.add_eos_token_id(1)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        llama = Llama(path, vocab_only=True, verbose=False)
        return [llama.tokenize(text.encode(), add_bos=False, special=False) for text in TEXTS]


CASED = (
    "A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-\u0373"
    "\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f"
    "\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77"
    "\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b\u1f5d\u1f5f-"
    "\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec"
    "\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-"
    "\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3"
    "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17"
    "\uff21-\uff3a\uff41-\uff5a\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-"
    "\U00010cb2\U00010cc0-\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943"
)
MARKED = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASED_REST = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
ASIAN = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
# Where llama.cpp cuts otherwise than the models' own tokenizer.json (marks in tekken and gpt-4o, letters with accents and
# wide spaces in deepseek's), the model is the reference: its expressions, run by tokenizers.
OWN = {
    "tekken": [rf"{MARKED}*{LOWER}+|{MARKED}+{LOWER}*|\p{{N}}|{CASED_REST}"],
    "gpt-4o": [rf"{MARKED}*{LOWER}+{SHORT}|{MARKED}+{LOWER}*{SHORT}|\p{{N}}{{1,3}}|{CASED_REST}"],
    "deepseek-llm": [
        "[\r\n]",
        rf"\s?[{CASED}]+",
        "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+$",
        ASIAN,
        r"\p{N}+",
    ],
    "deepseek-coder": ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", ASIAN, r"\p{N}"],
}


def own_ids(name: str, ids: list[list[int]]) -> list[list[int]]:
    if name not in OWN:
        return ids
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in OWN[name]]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return [[id + 2 for id in tokenizer.encode(text).ids] for text in TEXTS]


groups: dict[str, list[str]] = {}
for name in NAMES:
    groups.setdefault(json.dumps(ids_of(name)), []).append(name)
kinds = []
for group, names in groups.items():
    ids = json.loads(group)
    own = own_ids(names[0], ids)
    differ = [index for index, row in enumerate(own) if row != ids[index]]
    kinds.append({"names": names, "ids": own, "otherwise": differ})
json.dump({"texts": TEXTS, "tokens": tokens, "merges": merges, "kinds": kinds}, sys.stdout)
