/** One decoder layer, the only one there is: sampler and trainer on every device are made of it. */
import { rmsNorm } from '../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../tensor/dimension.ts';
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { gatedActivation } from './gated-activation.ts';
import type { GraphWeights } from './graph-weights.ts';

/** The residual stream x + delta, not yet added, so that the next norm may add and norm in one launch. */
export interface Stream {
  readonly x: Value;
  readonly delta?: Value;
}

/** The sum itself. */
export function streamEnd({ x, delta }: Stream): Value {
  return delta === undefined ? x : ops.add(x, delta);
}

/** The stream as one value, and that times the reciprocal root mean square of its rows. */
export type AddAndNorm = (
  stream: Stream,
  weight: Value,
  epsilon: number,
) => { readonly x: Value; readonly normed: Value };

/**
 * Added, then normed, with a gradient. The engine's fused operator for both sums in another order, which the rounding to
 * 8 bits would turn into a gap between sampler and trainer three times as wide.
 */
const addThenNorm: AddAndNorm = (stream, weight, epsilon) => {
  const x = streamEnd(stream);
  return { x, normed: rmsNorm(x, weight, epsilon) };
};

/** Queries, keys and values side by side, [N, (heads + 2 keyValueHeads) * headSize] -> [N, heads * headSize]. */
export type Attend = (mixed: Value) => Value;

/**
 * The residual stream after a layer, from that before it: [N, hidden].
 *
 *     x += after(attention(norm(x)));  x += after(feedForward(norm(x)))
 *
 * where the architecture's norm placement says which of `norm` and `after` are there.
 *
 * @param prefix of the layer's tensors, such as `layers.0`
 */
export function decoderLayer(
  weights: GraphWeights,
  prefix: string,
  stream: Stream,
  attend: Attend,
  norm: AddAndNorm = addThenNorm,
): Stream {
  const { architecture } = weights;
  const { epsilon, placement } = architecture.norm;
  const enter = (before: Stream, name: string): { readonly x: Value; readonly normed: Value } => {
    if (placement !== 'output') return norm(before, weights.norm(`${prefix}.${name}`), epsilon);
    const x = streamEnd(before);
    return { x, normed: x };
  };
  const leave = (delta: Value, name: string): Value =>
    placement === 'input' ? delta : norm({ x: delta }, weights.norm(`${prefix}.${name}`), epsilon).normed;

  const first = enter(stream, 'attention.norm');
  const mixed = normedQueriesAndKeys(
    weights,
    prefix,
    weights.linear(`${prefix}.attention.qkv`, first.normed),
  );
  const attended = weights.linear(`${prefix}.attention.output`, attend(mixed));
  const delta = leave(attended, 'attention.afterNorm');
  const second = enter({ x: first.x, delta }, 'feedForward.norm');
  const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, second.normed);
  const activated = gatedActivation(gateUp, architecture.intermediateSize, architecture.activation);
  const down = weights.linear(`${prefix}.feedForward.down`, activated);
  return { x: second.x, delta: leave(down, 'feedForward.afterNorm') };
}

/** Queries, keys and values with the first two normed, head by head or over their whole width, where the family does that. */
function normedQueriesAndKeys(weights: GraphWeights, prefix: string, mixed: Value): Value {
  const { heads, keyValueHeads, headSize, queryKeyNorm, norm } = weights.architecture;
  if (queryKeyNorm === 'none') return mixed;
  const widths = [heads, keyValueHeads, keyValueHeads].map((count) => count * headSize);
  const [query, key, value] = ops.split(mixed, -1, widths).map((part) => ops.known(part));
  const normed = (x: Value | undefined, count: number, name: string): Value => {
    const part = ops.known(x);
    const weight = weights.norm(`${prefix}.attention.${name}`);
    if (queryKeyNorm === 'width') return rmsNorm(part, weight, norm.epsilon);
    const byHead = [multiplyDimensions(part.shape[0] ?? 1, count), headSize];
    return ops.reshape(rmsNorm(ops.reshape(part, byHead), weight, norm.epsilon), part.shape);
  };
  return ops.concat(
    [normed(query, heads, 'queryNorm'), normed(key, keyValueHeads, 'keyNorm'), ops.known(value)],
    -1,
  );
}

/** Rows of the embedding, scaled where the family does that: [N, hidden]. @param tokens int64 [N] */
export function embedded(weights: GraphWeights, tokens: Value): Value {
  const rows = weights.embed(tokens);
  const { embeddingScale } = weights.architecture;
  return embeddingScale === 1 ? rows : ops.multiply(rows, embeddingScale);
}

/** All layers in order. @param attend of each layer by its index */
export function decoderLayers(
  weights: GraphWeights,
  x: Value,
  attend: (layer: number) => Attend,
  norm?: AddAndNorm,
): Stream {
  let stream: Stream = { x };
  for (let layer = 0; layer < weights.architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    stream = x.graph.named(prefix, () => decoderLayer(weights, prefix, stream, attend(layer), norm));
  }
  return stream;
}

/** Queries, keys and values apart, [batch, heads or keyValueHeads, time, D] each. */
export function splitHeads(
  mixed: Value,
  { heads, keyValueHeads, headSize }: Architecture,
  batch: Dimension,
  time: Dimension,
): { readonly query: Value; readonly key: Value; readonly value: Value } {
  const all = heads + 2 * keyValueHeads;
  const byHead = ops.transpose(ops.reshape(mixed, [batch, time, all, headSize]), [0, 2, 1, 3]);
  const [query, key, value] = ops.split(byHead, 1, [heads, keyValueHeads, keyValueHeads]);
  return { query: ops.known(query), key: ops.known(key), value: ops.known(value) };
}

/** [batch, heads, time, D] -> [batch * time, heads * D]. */
export function joinHeads(attended: Value): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = attended.shape;
  return ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [
    multiplyDimensions(batch, time),
    multiplyDimensions(heads, size),
  ]);
}
