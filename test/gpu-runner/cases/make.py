"""What transformers 5.24 answers for the models of ../shared/cases: python make.py ../shared/cases > goldens.json

Of each: every 25th logit in fp32 after 48 tokens, the ids of four texts, the end token; and of 400 answers sampled with
torch's seed 1 to one prompt, how many ended and how many tokens they had (up to the stop text or end token).
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

CASES = Path(sys.argv[1])
TEXTS = [
    "Once upon a time, Lily had 3.50 dollars.",
    "\n\nHuman: Tell me a joke.\n\nAssistant:",
    "na\u00efve \u6f22 \U0001f98a\tx",
    " two  spaces ",
]
MODELS = {
    "added-token-beyond": "model",
    "context-131072": "model",
    "eos-missing": "model",
    "no-model-prefix": "model",
    "no-tokenizer-config": "model",
    "stale-index": "stale_index",
    "stop-merged-newline": "model",
    "tied-plus-head": "model",
    "vocab-padding": "vocab1617",
}
goldens = {}
for name, folder in MODELS.items():
    path = CASES / name / folder
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokens = [(37 * i * i + 11 * i + 5) % 1500 for i in range(48)]
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0, -1]
    goldens[name] = {
        "folder": folder,
        "tokens": tokens,
        "logits": [round(value, 5) for value in logits[:1600].tolist()][::25],
        "ids": [tokenizer.encode(text, add_special_tokens=False) for text in TEXTS],
        "eos": tokenizer.eos_token_id,
    }
unigram = AutoTokenizer.from_pretrained(CASES / "unigram-byte-fallback" / "tokenizer")
unigram_ids = [unigram.encode(text, add_special_tokens=False) for text in TEXTS]


def rate(name: str, stop: str | None, limit: int) -> dict:
    torch.manual_seed(1)
    path = CASES / name / "model"
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    ids = tokenizer(PROMPT, return_tensors="pt").input_ids
    stopping = {} if stop is None else {"stop_strings": stop, "tokenizer": tokenizer}
    sampled = model.generate(
        ids.repeat(400, 1), do_sample=True, temperature=1.0, top_k=0, max_new_tokens=limit, pad_token_id=0, **stopping
    )[:, ids.shape[1] :].tolist()
    lengths = []
    for row in sampled:
        ends = (
            place + 1
            for place, token in enumerate(row)
            if token == tokenizer.eos_token_id or (stop is not None and stop in tokenizer.decode(row[: place + 1]))
        )
        lengths.append(next(ends, None))
    ended = [length for length in lengths if length is not None]
    return {"limit": limit, "ended": len(ended) / 400, "length": (sum(ended) + (400 - len(ended)) * limit) / 400}


PROMPT = "Human: Tell me about bread?\n\nAssistant:"
ends = {"stop-merged-newline": rate("stop-merged-newline", "\n\nHuman:", 48), "eos-missing": rate("eos-missing", None, 40)}
json.dump({"texts": TEXTS, "models": goldens, "prompt": PROMPT, "ends": ends, "unigram": unigram_ids}, sys.stdout, ensure_ascii=True)
