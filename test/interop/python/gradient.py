"""Gradients of the two factors of every LoRA pair by autograd: the pairs are added to the weights, fused ones in parts."""

import torch
from torch.func import functional_call

from arrays import pack, unpack
from checkpoint import open_model

# Tensors that hold several projections, their rows one after another.
FUSED = {"qkv_proj": ["q_proj", "k_proj", "v_proj"], "gate_up_proj": ["gate_proj", "up_proj"]}


def changed_weights(model, pairs, scale):
    """Weight by name of each linear layer that pairs change; `pairs` by the end of the projection's name."""
    changed = {}
    for name, weight in model.named_parameters():
        if ".layers." not in name or not name.endswith("proj.weight") or "vision" in name:
            continue
        place = name[name.index("layers.") : -len(".weight")]
        stem, _, last = place.rpartition(".")
        parts = [f"{stem}.{part}" for part in FUSED.get(last, [last])]
        delta = torch.cat([pairs[part]["b"] @ pairs[part]["a"] for part in parts])
        changed[name] = weight.detach() + scale * delta
    return changed


def run(folder, tokens, scale, pairs):
    """Mean negative log-probability of `tokens[1:]`, and its gradient for each pair."""
    model = open_model(folder)
    pairs = {
        name: {side: unpack(packed).requires_grad_() for side, packed in pair.items()} for name, pair in pairs.items()
    }
    ids = torch.tensor([tokens])
    logits = functional_call(model, changed_weights(model, pairs, scale), (ids,)).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[:-1].float(), ids[0, 1:])
    loss.backward()
    gradients = {name: {side: pack(value.grad) for side, value in pair.items()} for name, pair in pairs.items()}
    return {"loss": float(loss), "gradients": gradients}
