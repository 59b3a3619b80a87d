/** Biases as most families of LLaMA's kind switch them. */
import type { Architecture } from '../../model/architecture.ts';
import type { Config } from './config-fields.ts';

/** `attention_bias`: on query, key, value and output. */
export function attentionBiases({ attention_bias: attention }: Config): Architecture['biases'] {
  return { queryKeyValue: attention === true, attentionOutput: attention === true, feedForward: false };
}

/** The same, and `mlp_bias`: on gate, up and down. */
export function switchedBiases(config: Config): Architecture['biases'] {
  return { ...attentionBiases(config), feedForward: config.mlp_bias === true };
}
