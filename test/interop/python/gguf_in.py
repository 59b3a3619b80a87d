"""A checkpoint as a GGUF file, written as llama.cpp's converter has it but by Python's gguf, and llama.cpp's logits of it."""

from pathlib import Path

import gguf
import numpy as np
import torch
from arrays import pack
from llama_cpp import Llama
from safetensors.torch import load_file
from transformers import AutoConfig

ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3"}
INTERLEAVED = {"llama", "smollm3"}


def run(folder, file, tokens):
    config = AutoConfig.from_pretrained(folder).get_text_config()
    name = ARCHITECTURES.get(config.model_type, config.model_type)
    tensors = {
        key.replace("language_model.", ""): value.float().numpy()
        for key, value in load_file(Path(folder) / "model.safetensors").items()
        if "vision" not in key and "multi_modal" not in key
    }
    writer = gguf.GGUFWriter(file, name)
    write_shape(writer, config)
    write_rope(writer, config, name)
    write_vocabulary(writer, config)
    names = gguf.get_tensor_name_map(architecture_of(name), config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for key, value in tensors.items():
        projection = key.split(".")[-2]
        if name in INTERLEAVED and projection in heads:
            value = permute(value, heads[projection])
        if name.startswith("gemma") and key.endswith("norm.weight"):
            value = value + 1
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight", ".bias")), np.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return pack(torch.from_numpy(logits_of(file, tokens)))


def architecture_of(name):
    return next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == name)


def permute(value, heads):
    return value.reshape(heads, 2, value.shape[0] // heads // 2, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)


def write_shape(writer, config):
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    # llama.cpp has the window of phi3 switched off, so it is no referee of it.
    if config.model_type in ("gemma2", "gemma3_text"):
        writer.add_sliding_window(config.sliding_window)
    if getattr(config, "attn_logit_softcapping", None):
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
    if getattr(config, "final_logit_softcapping", None):
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def write_rope(writer, config, name):
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    size = int(head * rope.get("partial_rotary_factor", 1.0))
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(rope["rope_theta"])
    kind = rope["rope_type"]
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(rope["factor"])
    if kind == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if kind == "longrope":
        original = config.original_max_position_embeddings
        # llama.cpp rounds a context up to 256, and takes the long factors for one beyond the original length.
        writer.add_rope_scaling_orig_ctx_len(max(original, 256))
        scale = config.max_position_embeddings / original
        writer.add_rope_scaling_attn_factors(1.0 if scale <= 1 else float(np.sqrt(1 + np.log(scale) / np.log(original))))
        writer.add_tensor("rope_factors_long.weight", np.array(rope["long_factor"], dtype=np.float32))
        writer.add_tensor("rope_factors_short.weight", np.array(rope["short_factor"], dtype=np.float32))
    if kind == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, size))


def llama3_factors(rope, size):
    frequencies = 1.0 / (rope["rope_theta"] ** (np.arange(0, size, 2, dtype=np.float32) / size))
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    factors = []
    for frequency in frequencies:
        length = 2 * np.pi / frequency
        if length < high:
            factors.append(1)
        elif length > low:
            factors.append(rope["factor"])
        else:
            smooth = (rope["original_max_position_embeddings"] / length - rope["low_freq_factor"]) / (
                rope["high_freq_factor"] - rope["low_freq_factor"]
            )
            factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def write_vocabulary(writer, config):
    """Names of no meaning: the tokens are given as ids."""
    tokens = ["<unk>", "<s>", "</s>", *[f"<0x{byte:02X}>" for byte in range(256)]]
    tokens += [f"token{index}" for index in range(len(tokens), config.vocab_size)]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens[: config.vocab_size])
    writer.add_token_scores([-float(index) for index in range(config.vocab_size)])
    writer.add_token_types([3 if i < 3 else 6 if i < 259 else 1 for i in range(config.vocab_size)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def logits_of(file, tokens):
    fp32 = 0
    llama = Llama(
        file, n_ctx=len(tokens), n_threads=1, n_threads_batch=1, logits_all=True, verbose=False, type_k=fp32, type_v=fp32, flash_attn=False
    )
    llama.eval(tokens)
    return np.array(llama.scores[: len(tokens)], dtype=np.float32)
