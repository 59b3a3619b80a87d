"""Makes a checkpoint of a family as transformers writes it, and opens one."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

from weights import made_up


def write(config, folder):
    """Writes the configuration and the weights, made up by the names under which transformers stores them."""
    kind = AutoModelForImageTextToText if hasattr(config, "text_config") else AutoModelForCausalLM
    kind.from_config(config, dtype=torch.float32).save_pretrained(folder)
    file = Path(folder) / "model.safetensors"
    from_one = config.model_type.startswith("gemma")
    tensors = {
        name: torch.from_numpy(made_up(name, tuple(tensor.shape), from_one))
        for name, tensor in load_file(file).items()
    }
    save_file(tensors, file, metadata={"format": "pt"})
    return {name: list(tensor.shape) for name, tensor in tensors.items()}


def open_model(folder):
    """The causal model of a folder, or of a GGUF file, in fp32, with attention as it is written down."""
    path = Path(folder)
    place = {"gguf_file": path.name} if path.suffix == ".gguf" else {}
    model = AutoModelForCausalLM.from_pretrained(
        path.parent if place else path, dtype=torch.float32, attn_implementation="eager", **place
    )
    return model.eval()


def logits_of(model, tokens):
    """[len(tokens), vocabulary] in fp32."""
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].float()
