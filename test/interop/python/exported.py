"""Log-probabilities of every token but the first of texts by an exported folder: a whole model, or an adapter on its base."""

import torch
from peft import PeftModel

from checkpoint import logits_of, open_model


def run(folder, adapter, texts):
    model = open_model(folder)
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter).eval()
    return [log_probabilities(model, tokens) for tokens in texts]


def log_probabilities(model, tokens):
    chosen = torch.log_softmax(logits_of(model, tokens), -1)[:-1]
    return chosen.gather(1, torch.tensor(tokens[1:])[:, None])[:, 0].tolist()
