/** What the parts of a checkpoint are called by llama.cpp. */
import type { MergedTensor } from './merged-tensors.ts';

const GGUF: Readonly<Record<MergedTensor['part'], string>> = {
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

export function ggufName({ part, layer }: MergedTensor): string {
  return layer === null ? GGUF[part] : `blk.${layer}.${GGUF[part]}`;
}
