/** The decoder over whole sequences, as training and scoring read them: tokens to the residual stream, and the final norm. */
import { rmsNorm } from '../../tensor/composites.ts';
import { multiplyDimensions } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { causalAttention, causalMask, type Mix, softmaxMix } from './causal-attention.ts';
import { decoderLayers, embedded, joinHeads, splitHeads, streamEnd } from './decoder-layer.ts';
import type { GraphWeights } from './graph-weights.ts';
import { byWindow, scoreScale, turnHeads } from './layer-attention.ts';
import { layerTables } from './rotary-tables.ts';

const HIDDEN = -1e30;

/**
 * Rows of hidden states before the final norm, flat over all sequences: [N, hidden] with N = batch * time.
 *
 * @param tokens int64 [groups, rows, time], time symbolic
 * @param mix of each layer's attention
 */
export function residualStream(
  graph: Graph,
  weights: GraphWeights,
  tokens: Value,
  maximumTime: number,
  mix: (layer: number) => Mix = () => softmaxMix,
): Value {
  const { architecture } = weights;
  const [groups = 1, rows = 1, time] = tokens.shape;
  if (typeof time !== 'string') throw new GraphError('The time axis of the tokens must be symbolic');
  const batch = multiplyDimensions(groups, rows);
  const masks = byWindow(architecture, (window) => causalMask(graph, time, HIDDEN, window));
  // One position means: every row counts from it.
  const positions = graph.constant('int64', [0]);
  const tables = layerTables(graph, architecture, maximumTime);
  const scoring = { scale: scoreScale(architecture), softCap: architecture.softCaps.attention };
  const first = embedded(weights, ops.reshape(tokens, [multiplyDimensions(batch, time)]));
  const stream = decoderLayers(weights, first, (layer) => (mixed) => {
    const { query, key, value } = splitHeads(mixed, architecture, batch, time);
    const [q, k] = [query, key].map((heads) => turnHeads(heads, tables(layer), positions));
    return joinHeads(causalAttention(ops.known(q), ops.known(k), value, masks(layer), scoring, mix(layer)));
  });
  return streamEnd(stream);
}

/** The final norm, wherever its rows were picked from. */
export function finalNorm(weights: GraphWeights, x: Value): Value {
  return rmsNorm(x, weights.norm('norm'), weights.architecture.norm.epsilon);
}
