/** Where a checkpoint keeps the tensors of a decoder: prefixes that come and go, names by family, fused tensors. */
import type { LayerMatrixName, OfLayer, Shape } from '../../model/layer-matrices.ts';
import type { TensorNames } from './family.ts';

/** LLaMA's, and what its relatives add. */
const NAMES: Readonly<Record<LayerMatrixName, string>> = {
  attentionNorm: 'input_layernorm.weight',
  query: 'self_attn.q_proj.weight',
  key: 'self_attn.k_proj.weight',
  value: 'self_attn.v_proj.weight',
  queryBias: 'self_attn.q_proj.bias',
  keyBias: 'self_attn.k_proj.bias',
  valueBias: 'self_attn.v_proj.bias',
  queryNorm: 'self_attn.q_norm.weight',
  keyNorm: 'self_attn.k_norm.weight',
  attentionOutput: 'self_attn.o_proj.weight',
  attentionOutputBias: 'self_attn.o_proj.bias',
  attentionAfterNorm: 'post_attention_layernorm.weight',
  feedForwardNorm: 'post_attention_layernorm.weight',
  gate: 'mlp.gate_proj.weight',
  up: 'mlp.up_proj.weight',
  gateBias: 'mlp.gate_proj.bias',
  upBias: 'mlp.up_proj.bias',
  down: 'mlp.down_proj.weight',
  downBias: 'mlp.down_proj.bias',
  feedForwardAfterNorm: 'post_feedforward_layernorm.weight',
};

/**
 * Before `layers.N.` and `embed_tokens`: the usual one; none, as `AutoModel` saves a decoder; and the two under which
 * models that also see keep their text.
 */
const PREFIXES = ['model.', '', 'model.language_model.', 'language_model.model.'];

/** The vocabulary projection, which `language_model.` may precede. */
const HEADS = ['lm_head.weight', 'language_model.lm_head.weight'];

/** The prefix of the decoder's tensors among all names of a checkpoint; the usual one where there is none. */
export function decoderPrefix(names: Iterable<string>): string {
  const all = [...names];
  const found = PREFIXES.find((prefix) => all.some((name) => name.startsWith(`${prefix}layers.0.`)));
  return found ?? 'model.';
}

/** The name of the vocabulary projection where the checkpoint has one. */
export function headName(names: { has: (name: string) => boolean }): string | undefined {
  return HEADS.find((name) => names.has(name));
}

/** A matrix inside a tensor: rows of it from `firstRow` on, of `rowsInAll`. */
export interface TensorPlace {
  readonly name: string;
  readonly firstRow: number;
  readonly rowsInAll: number;
}

/** Where each matrix of a layer stands; names are those after `layers.N.`. */
export function layerPlace(matrix: LayerMatrixName, shapes: OfLayer<Shape>, names: TensorNames): TensorPlace {
  const rowsOf = (one: LayerMatrixName): number => shapes[one]?.[0] ?? 0;
  for (const [name, parts] of Object.entries(names.fused ?? {})) {
    const index = parts.indexOf(matrix);
    if (index === -1) continue;
    const rows = (some: readonly LayerMatrixName[]): number =>
      some.reduce((sum, one) => sum + rowsOf(one), 0);
    return { name, firstRow: rows(parts.slice(0, index)), rowsInAll: rows(parts) };
  }
  return { name: names.names?.[matrix] ?? NAMES[matrix], firstRow: 0, rowsInAll: rowsOf(matrix) };
}
