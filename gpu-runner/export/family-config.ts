/** Fields of config.json in which Gemma and Phi-3 differ from other families, as transformers reads them. */
import type { Architecture } from '../llama/model/architecture.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A part of the head that turns, a window, and the length up to which longrope turns by its short factors. */
export function phi3Config({ rope, headSize, windows, maximumPositions }: Architecture): Fields {
  return {
    partial_rotary_factor: rope.rotarySize / headSize,
    sliding_window: windows?.[0] ?? null,
    original_max_position_embeddings: maximumPositions,
  };
}

export function gemmaConfig({ activation }: Architecture): Fields {
  const name = activation === 'gelu-tanh' ? 'gelu_pytorch_tanh' : activation;
  return { hidden_act: name, hidden_activation: name, attention_bias: false };
}

export function gemma2Config(architecture: Architecture): Fields {
  const { windows, softCaps, attentionScale, headSize } = architecture;
  const size = attentionScale === null ? headSize : attentionScale ** -2;
  const whole = Math.round(size);
  return {
    ...gemmaConfig(architecture),
    // A whole number of which the record keeps the inverse of the root.
    query_pre_attn_scalar: Math.abs(size - whole) < 1e-9 * whole ? whole : size,
    sliding_window: windows?.find((one) => one !== null) ?? null,
    layer_types: windows?.map((one) => (one === null ? 'full_attention' : 'sliding_attention')),
    attn_logit_softcapping: softCaps.attention,
    final_logit_softcapping: softCaps.logits,
  };
}

export function gemma3Config(architecture: Architecture): Fields {
  return { ...gemma2Config(architecture), rope_local_base_freq: architecture.rope.local?.theta };
}
