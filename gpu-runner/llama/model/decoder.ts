/** The decoder over whole sequences, as training and scoring read them: tokens to the residual stream, and the final norm. */
import { rmsNorm } from '../../tensor/composites.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import { bundledAttention } from './bundled-attention.ts';
import { type BundledTokens, flatTokens } from './bundled-tokens.ts';
import type { Mix } from './causal-attention.ts';
import { decoderLayers, embedded, streamEnd } from './decoder-layer.ts';
import type { GraphWeights } from './graph-weights.ts';
import { layerTables } from './rotary-tables.ts';

const HIDDEN = -1e30;

/**
 * Rows of hidden states before the final norm, flat over all tokens of the batch: [N, hidden].
 *
 * @param mix of each layer's attention
 */
export function residualStream(
  graph: Graph,
  weights: GraphWeights,
  bundled: BundledTokens,
  maximumTime: number,
  mix?: (layer: number) => Mix,
): Value {
  const { architecture } = weights;
  const tables = layerTables(graph, architecture, maximumTime);
  const form = { hidden: HIDDEN, tables, maximumTime, ...(mix && { mix }) };
  const attention = bundledAttention(graph, architecture, bundled, form);
  return streamEnd(decoderLayers(weights, embedded(weights, flatTokens(bundled)), attention));
}

/** The final norm, wherever its rows were picked from. */
export function finalNorm(weights: GraphWeights, x: Value): Value {
  return rmsNorm(x, weights.norm('norm'), weights.architecture.norm.epsilon);
}
