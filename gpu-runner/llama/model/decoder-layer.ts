/** One decoder layer, the only one there is: sampler and trainer on every device are made of it. */
import { rmsNorm } from '../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
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
 * @param prefix of the layer's tensors, such as `layers.0`
 */
export function decoderLayer(
  weights: GraphWeights,
  prefix: string,
  stream: Stream,
  attend: Attend,
  norm: AddAndNorm = addThenNorm,
): Stream {
  const { intermediateSize } = weights.architecture;
  const { epsilon } = weights.architecture.norm;
  const first = norm(stream, weights.norm(`${prefix}.attention.norm`), epsilon);
  const attended = attend(weights.linear(`${prefix}.attention.qkv`, first.normed));
  const second = norm(
    { x: first.x, delta: weights.linear(`${prefix}.attention.output`, attended) },
    weights.norm(`${prefix}.feedForward.norm`),
    epsilon,
  );
  const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, second.normed);
  const activated = gatedActivation(gateUp, intermediateSize);
  return { x: second.x, delta: weights.linear(`${prefix}.feedForward.down`, activated) };
}

/** What this file does not build yet is refused here, and nowhere else. */
function refuseUnbuilt({ biases, queryKeyNorm, norm, rope, headSize, ...rest }: Architecture): void {
  const { attentionScale, windows, softCaps, embeddingScale, activation } = rest;
  const faults = [
    ...Object.entries(biases).flatMap(([name, has]) => (has ? [`biases.${name}`] : [])),
    ...(queryKeyNorm === 'none' ? [] : ['queryKeyNorm']),
    ...(norm.placement === 'input' ? [] : ['norm.placement']),
    ...(rope.rotarySize === headSize ? [] : ['rope.rotarySize']),
    ...(rope.layersWithout.length === 0 ? [] : ['rope.layersWithout']),
    ...(rope.local === null ? [] : ['rope.local']),
    ...(attentionScale === null ? [] : ['attentionScale']),
    ...(windows === null ? [] : ['windows']),
    ...(softCaps.attention === null && softCaps.logits === null ? [] : ['softCaps']),
    ...(embeddingScale === 1 ? [] : ['embeddingScale']),
    ...(activation === 'silu' ? [] : ['activation']),
  ];
  if (faults.length > 0) throw new GraphError(`The decoder does not know ${faults.join(', ')} of this model`);
}

/** All layers in order. @param attend of each layer by its index */
export function decoderLayers(
  weights: GraphWeights,
  x: Value,
  attend: (layer: number) => Attend,
  norm?: AddAndNorm,
): Stream {
  refuseUnbuilt(weights.architecture);
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
