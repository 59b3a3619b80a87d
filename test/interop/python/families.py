"""The checkpoints that the families are held by: tiny, with every feature of the family switched on."""

from transformers import (
    Gemma2Config,
    Gemma3Config,
    Gemma3TextConfig,
    GemmaConfig,
    LlamaConfig,
    MistralConfig,
    Olmo2Config,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
    SiglipVisionConfig,
    SmolLM3Config,
)

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def rope(kind, theta=10_000.0, **fields):
    return {"rope_type": kind, "rope_theta": theta, **fields}


LLAMA3 = rope(
    "llama3",
    500_000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
YARN = rope("yarn", 1_000_000.0, factor=8.0, original_max_position_embeddings=32)
# The part of a head of 32 that rotates is 24, so there are 12 factors.
LONGROPE = rope(
    "longrope",
    short_factor=[1.0 + 0.1 * i for i in range(12)],
    long_factor=[1.0 + 2.0 * i for i in range(12)],
    partial_rotary_factor=0.75,
)
GEMMA3 = {
    "sliding_attention": rope("default", 10_000.0),
    "full_attention": rope("linear", 1_000_000.0, factor=4.0),
}
GEMMA3_TEXT = {
    **SHAPE,
    "num_hidden_layers": 6,
    "head_dim": 32,
    "query_pre_attn_scalar": 24,
    "sliding_window": 9,
    "rope_parameters": GEMMA3,
    "sliding_window_pattern": 3,
}


def cases(vocabulary_size):
    """Configuration by name of the checkpoint."""
    shape = {**SHAPE, "vocab_size": vocabulary_size}
    return {
        "llama": LlamaConfig(**shape, attention_bias=True, mlp_bias=True),
        "llama-3": LlamaConfig(**shape, rope_parameters=LLAMA3, tie_word_embeddings=True),
        "llama-linear": LlamaConfig(**shape, rope_parameters=rope("linear", factor=2.0), head_dim=32),
        "mistral": MistralConfig(**shape, sliding_window=11),
        "mistral-no-window": MistralConfig(**shape, sliding_window=None, head_dim=32),
        "qwen2": Qwen2Config(**shape, rope_parameters=YARN, tie_word_embeddings=True),
        "qwen2-window": Qwen2Config(**shape, use_sliding_window=True, sliding_window=13, max_window_layers=2),
        "qwen3": Qwen3Config(**shape, head_dim=32, rope_parameters=rope("dynamic", factor=4.0)),
        "smollm3": SmolLM3Config(**shape, no_rope_layer_interval=2),
        "olmo2": Olmo2Config(**shape, rope_parameters=rope("default", 500_000.0)),
        "phi3": Phi3Config(
            **{**shape, "hidden_size": 128, "original_max_position_embeddings": 128},
            rope_parameters=LONGROPE,
            sliding_window=21,
        ),
        "gemma": GemmaConfig(**shape, head_dim=32),
        "gemma2": Gemma2Config(
            **shape,
            head_dim=32,
            query_pre_attn_scalar=24,
            sliding_window=7,
            attn_logit_softcapping=5.0,
            final_logit_softcapping=3.0,
        ),
        "gemma3": Gemma3TextConfig(**{**GEMMA3_TEXT, "vocab_size": vocabulary_size}),
        "gemma3-vision": Gemma3Config(
            text_config={**GEMMA3_TEXT, "vocab_size": vocabulary_size},
            vision_config=SiglipVisionConfig(
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                image_size=32,
                patch_size=8,
            ),
            mm_tokens_per_image=4,
        ),
    }


def variants(vocabulary_size):
    """Models of families whose checkpoint above has features on that llama.cpp has no keys for."""
    shape = {**SHAPE, "vocab_size": vocabulary_size}
    phi3 = {**shape, "hidden_size": 128, "original_max_position_embeddings": 128}
    return {
        "smollm3-fourth": SmolLM3Config(**shape, no_rope_layer_interval=4),
        "phi3-no-window": Phi3Config(**phi3, rope_parameters=LONGROPE, sliding_window=None),
        "gemma2-head-scale": Gemma2Config(
            **shape,
            head_dim=32,
            query_pre_attn_scalar=32,
            sliding_window=7,
            attn_logit_softcapping=5.0,
            final_logit_softcapping=3.0,
        ),
        "gemma3-head-scale": Gemma3TextConfig(
            **{**GEMMA3_TEXT, "vocab_size": vocabulary_size, "query_pre_attn_scalar": 32}
        ),
        "gemma-bytes": GemmaConfig(**shape, head_dim=32),
    }
