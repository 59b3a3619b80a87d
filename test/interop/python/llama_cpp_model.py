"""Log-probabilities of every token but the first of texts by llama.cpp, with or without a LoRA on the model."""

from os.path import commonprefix

import numpy
import torch
from llama_cpp import Llama


def run(file, lora, texts):
    longest = max(len(tokens) for tokens in texts)
    model = Llama(
        file, lora_path=lora, n_ctx=longest + 8, logits_all=True, verbose=False, n_threads=1, n_threads_batch=1
    )
    answers = {}
    last = []
    # In this order texts that begin alike follow each other, and what they share is read once.
    for index in sorted(range(len(texts)), key=lambda one: texts[one]):
        tokens = texts[index]
        model.n_tokens = min(len(commonprefix([last, tokens])), len(tokens) - 1)
        model.eval(tokens[model.n_tokens :])
        answers[index] = log_probabilities(model, tokens)
        last = tokens
    return [answers[index] for index in range(len(texts))]


def log_probabilities(model, tokens):
    logits = torch.tensor(numpy.array(model.scores[: len(tokens)])).float()
    chosen = torch.log_softmax(logits, -1)[:-1]
    return chosen.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0].tolist()
