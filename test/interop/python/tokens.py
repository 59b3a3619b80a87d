"""Token ids of texts by transformers, and the texts that they become again."""

from transformers import AutoTokenizer


def run(folder, texts):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return {"ids": ids, "texts": [tokenizer.decode(one, skip_special_tokens=True) for one in ids]}
