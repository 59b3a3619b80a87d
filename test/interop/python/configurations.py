"""Writes what transformers takes config.json for, where it leaves fields out or says them in the older form.

`npm run interop -- --goldens` runs it.
"""

import json
import tempfile
from pathlib import Path

from transformers import AutoConfig

LLAMA_8B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-05,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "factor": 8.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
}
FACTORS = {"short_factor": [1.0 + i / 100 for i in range(48)], "long_factor": [1.0 + i for i in range(48)]}

CONFIGURATIONS = {
    **{
        f"{kind}, all left out": {"model_type": kind}
        for kind in ["llama", "mistral", "qwen2", "qwen3", "smollm3", "olmo2", "phi3", "gemma", "gemma2", "gemma3_text"]
    },
    "Llama 3.1 8B": LLAMA_8B,
    "Mistral 7B v0.3": {"model_type": "mistral", "rope_theta": 1000000.0, "sliding_window": None},
    "Qwen2.5 with yarn": {
        "model_type": "qwen2",
        "max_position_embeddings": 131072,
        "rope_theta": 1000000.0,
        "rope_scaling": {"factor": 4.0, "original_max_position_embeddings": 32768, "type": "yarn"},
    },
    "Qwen2 with a window": {"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 30},
    "SmolLM3 without an interval": {"model_type": "smollm3", "no_rope_layers": [1, 0] * 18, "rope_theta": 5e6},
    "Phi-3 mini 128k": {
        "model_type": "phi3",
        "max_position_embeddings": 131072,
        "original_max_position_embeddings": 4096,
        "sliding_window": 262144,
        "rope_scaling": {**FACTORS, "type": "longrope"},
    },
    "Phi-4 mini": {
        "model_type": "phi3",
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
        "partial_rotary_factor": 0.75,
        "max_position_embeddings": 131072,
        "rope_scaling": {**FACTORS, "type": "longrope"},
    },
    "Gemma 2B": {
        "model_type": "gemma",
        "hidden_act": "gelu",
        "hidden_size": 2048,
        "intermediate_size": 16384,
        "num_attention_heads": 8,
        "num_hidden_layers": 18,
        "num_key_value_heads": 1,
        "rope_scaling": None,
    },
    "Gemma 3 1B": {
        "model_type": "gemma3_text",
        "num_attention_heads": 4,
        "num_key_value_heads": 1,
        "rope_local_base_freq": 20000,
        "rope_scaling": None,
        "rope_theta": 2000000,
        "sliding_window": 512,
        "sliding_window_pattern": 5,
    },
    "Gemma 3 4B": {
        "model_type": "gemma3",
        "text_config": {
            "hidden_size": 2560,
            "intermediate_size": 10240,
            "model_type": "gemma3_text",
            "num_hidden_layers": 34,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
    },
}


def view(config):
    """What of a configuration decides the record."""
    text = config.get_text_config()
    rope = text.rope_parameters
    types = getattr(text, "layer_types", None)
    everywhere = text.model_type in ("mistral", "phi3")
    window = getattr(text, "sliding_window", None)
    full = rope.get("full_attention", rope)
    head = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return {
        "vocabularySize": text.vocab_size,
        "hiddenSize": text.hidden_size,
        "intermediateSize": text.intermediate_size,
        "layers": text.num_hidden_layers,
        "heads": text.num_attention_heads,
        "keyValueHeads": text.num_key_value_heads,
        "headSize": head,
        "epsilon": text.rms_norm_eps,
        "tiedEmbedding": config.tie_word_embeddings,
        "theta": full["rope_theta"],
        "localTheta": rope["sliding_attention"]["rope_theta"] if "sliding_attention" in rope else None,
        "ropeType": full["rope_type"],
        "rotarySize": int(head * full.get("partial_rotary_factor", 1.0)),
        "windows": [
            window if everywhere or (types is not None and types[layer] == "sliding_attention") else None
            for layer in range(text.num_hidden_layers)
        ],
        "maximumPositions": text.max_position_embeddings,
        "originalMaximumPositions": full.get("original_max_position_embeddings"),
    }


def run(file):
    rows = {}
    for name, config in CONFIGURATIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text(json.dumps(config))
            rows[name] = {"config": config, "view": view(AutoConfig.from_pretrained(folder))}
    Path(file).write_text(json.dumps(rows) + "\n")
