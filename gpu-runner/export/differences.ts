/** In what a decoder differs from LLaMA-2, in words: by them its family is told, and what no family has is refused. */
import type { Architecture } from '../llama/model/architecture.ts';

export type Difference =
  | 'biases of query, key and value'
  | 'a bias of the attention output'
  | 'biases of the feed-forward layers'
  | 'norms of queries and keys by head'
  | 'norms of queries and keys over the width'
  | 'norms of outputs alone'
  | 'norms of inputs and outputs'
  | 'a rotary embedding of a part of the head'
  | 'layers without rotary embedding'
  | 'longrope'
  | 'a rotary embedding of its own for windows'
  | 'a scale of attention scores'
  | 'windows'
  | 'soft caps'
  | 'a scale of embeddings'
  | 'another activation';

export function differences(architecture: Architecture): readonly Difference[] {
  const { biases, queryKeyNorm, norm, rope, softCaps } = architecture;
  const found: readonly (readonly [boolean, Difference])[] = [
    [biases.queryKeyValue, 'biases of query, key and value'],
    [biases.attentionOutput, 'a bias of the attention output'],
    [biases.feedForward, 'biases of the feed-forward layers'],
    [queryKeyNorm === 'head', 'norms of queries and keys by head'],
    [queryKeyNorm === 'width', 'norms of queries and keys over the width'],
    [norm.placement === 'output', 'norms of outputs alone'],
    [norm.placement === 'both', 'norms of inputs and outputs'],
    [rope.rotarySize !== architecture.headSize, 'a rotary embedding of a part of the head'],
    [rope.layersWithout.length > 0, 'layers without rotary embedding'],
    [rope.scaling?.kind === 'longrope', 'longrope'],
    [rope.local !== null, 'a rotary embedding of its own for windows'],
    [isOwnScale(architecture), 'a scale of attention scores'],
    [architecture.windows !== null, 'windows'],
    [softCaps.attention !== null || softCaps.logits !== null, 'soft caps'],
    [architecture.embeddingScale !== 1, 'a scale of embeddings'],
    [architecture.activation !== 'silu', 'another activation'],
  ];
  return found.flatMap(([differs, difference]) => (differs ? [difference] : []));
}

function isOwnScale({ attentionScale, headSize }: Architecture): boolean {
  return attentionScale !== null && Math.abs(attentionScale * Math.sqrt(headSize) - 1) > 1e-6;
}
