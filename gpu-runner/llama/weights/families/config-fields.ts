/** The fields of config.json that decide what a decoder computes, over all families. */
import { z } from 'zod';

const id = z.int();
const positive = z.number().positive();
const flag = z.boolean().nullish();
const fields = z.record(z.string(), z.unknown());

/** The file holds others, which is why unknown ones are let through here. A family's defaults stand in for absent ones. */
export const configSchema = z.looseObject({
  vocab_size: z.int(),
  hidden_size: z.int(),
  intermediate_size: z.int(),
  num_hidden_layers: z.int().max(1024),
  num_attention_heads: z.int().min(1),
  num_key_value_heads: z.int().nullish(),
  head_dim: z.int().nullish(),
  hidden_act: z.string().nullish(),
  hidden_activation: z.string().nullish(),
  max_position_embeddings: z.int(),
  original_max_position_embeddings: z.int().nullish(),
  rms_norm_eps: z.number(),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  rope_theta: z.number().nullish(),
  rope_local_base_freq: z.number().nullish(),
  rope_scaling: fields.nullish(),
  rope_parameters: fields.nullish(),
  partial_rotary_factor: z.number().nullish(),
  no_rope_layers: z.array(z.int()).nullish(),
  no_rope_layer_interval: z.int().min(1).nullish(),
  sliding_window: z.int().nullish(),
  use_sliding_window: flag,
  max_window_layers: z.int().nullish(),
  sliding_window_pattern: z.int().min(1).nullish(),
  layer_types: z.array(z.string()).nullish(),
  use_bidirectional_attention: z.union([z.boolean(), z.string()]).nullish(),
  query_pre_attn_scalar: positive.nullish(),
  attn_logit_softcapping: positive.nullish(),
  final_logit_softcapping: positive.nullish(),
  bos_token_id: id.nullish(),
  eos_token_id: z.union([id, z.array(id)]).nullish(),
  pad_token_id: id.nullish(),
});

export type Config = z.infer<typeof configSchema>;

/** A fault of config.json: its field, what is wrong, and the cure where it is not the usual one. */
export type RefuseConfig = (field: string, fault: string, cure?: string) => never;
