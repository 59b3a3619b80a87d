/** What the parts of a checkpoint are called by Hugging Face and by llama.cpp. */
import type { MergedTensor, TensorPart } from './merged-tensors.ts';

type Names = Readonly<Record<TensorPart, string>>;

/** As LLaMA has them and the families that follow it; a family with norms behind its blocks names `feedForwardNorm` anew. */
const HUGGING_FACE: Names = {
  embedding: 'model.embed_tokens.weight',
  output: 'lm_head.weight',
  norm: 'model.norm.weight',
  attentionNorm: 'input_layernorm.weight',
  feedForwardNorm: 'post_attention_layernorm.weight',
  attentionAfterNorm: 'post_attention_layernorm.weight',
  feedForwardAfterNorm: 'post_feedforward_layernorm.weight',
  queryNorm: 'self_attn.q_norm.weight',
  keyNorm: 'self_attn.k_norm.weight',
  query: 'self_attn.q_proj.weight',
  key: 'self_attn.k_proj.weight',
  value: 'self_attn.v_proj.weight',
  attentionOutput: 'self_attn.o_proj.weight',
  gate: 'mlp.gate_proj.weight',
  up: 'mlp.up_proj.weight',
  down: 'mlp.down_proj.weight',
  queryBias: 'self_attn.q_proj.bias',
  keyBias: 'self_attn.k_proj.bias',
  valueBias: 'self_attn.v_proj.bias',
  attentionOutputBias: 'self_attn.o_proj.bias',
  gateBias: 'mlp.gate_proj.bias',
  upBias: 'mlp.up_proj.bias',
  downBias: 'mlp.down_proj.bias',
};

const GGUF: Names = {
  embedding: 'token_embd.weight',
  output: 'output.weight',
  norm: 'output_norm.weight',
  attentionNorm: 'attn_norm.weight',
  feedForwardNorm: 'ffn_norm.weight',
  attentionAfterNorm: 'post_attention_norm.weight',
  feedForwardAfterNorm: 'post_ffw_norm.weight',
  queryNorm: 'attn_q_norm.weight',
  keyNorm: 'attn_k_norm.weight',
  query: 'attn_q.weight',
  key: 'attn_k.weight',
  value: 'attn_v.weight',
  attentionOutput: 'attn_output.weight',
  gate: 'ffn_gate.weight',
  up: 'ffn_up.weight',
  down: 'ffn_down.weight',
  queryBias: 'attn_q.bias',
  keyBias: 'attn_k.bias',
  valueBias: 'attn_v.bias',
  attentionOutputBias: 'attn_output.bias',
  gateBias: 'ffn_gate.bias',
  upBias: 'ffn_up.bias',
  downBias: 'ffn_down.bias',
};

export function huggingFaceName({ part, layer }: MergedTensor, own: Partial<Names>): string {
  const name = own[part] ?? HUGGING_FACE[part];
  return layer === null ? name : `model.layers.${layer}.${name}`;
}

export function ggufName({ part, layer }: MergedTensor): string {
  return layer === null ? GGUF[part] : `blk.${layer}.${GGUF[part]}`;
}
