"""Log-probabilities of every token but the first by llama.cpp, with or without a LoRA on the model."""

import numpy
import torch
from llama_cpp import Llama


def run(file, lora, tokens):
    model = Llama(file, lora_path=lora, n_ctx=len(tokens) + 8, logits_all=True, verbose=False, n_threads=1)
    model.eval(tokens)
    logits = torch.tensor(numpy.array(model.scores[: len(tokens)])).float()
    chosen = torch.log_softmax(logits, -1)[:-1]
    return chosen.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0].tolist()
