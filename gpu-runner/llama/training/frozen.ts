/** The frozen base inside a training graph: the sampler's own products forward, dequantised weights backward. */
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { WeightFile } from '../import/weight-file.ts';
import type { VocabularyProjection } from './token-head.ts';
import { FrozenTensors, frozenFloatWeights, type GraphWeights } from './weights.ts';

const tensorsOfGraph = new WeakMap<Graph, FrozenTensors>();

function frozenTensors(graph: Graph, base: WeightFile): FrozenTensors {
  const known = tensorsOfGraph.get(graph) ?? new FrozenTensors(graph, base);
  tensorsOfGraph.set(graph, known);
  return known;
}

/** The layers of a base as constants of a graph. */
export function frozenWeights(graph: Graph, base: WeightFile): GraphWeights {
  return frozenFloatWeights(base, frozenTensors(graph, base));
}

/** The vocabulary projection of a base as constants of a graph. */
export function frozenProjection(graph: Graph, base: WeightFile): VocabularyProjection {
  const tensors = frozenTensors(graph, base);
  const weights = frozenFloatWeights(base, tensors);
  const tied = !tensors.has('output.weight');
  const table = tied ? tensors.value('embedding.weight') : tensors.value('output.weight');
  return {
    logits: (x) => weights.linear('output', x),
    mix: (p: Value) => ops.matMul(p, table, { transposeB: !tied }),
    rows: (tokens) =>
      tied ? ops.gather(table, tokens) : ops.transpose(ops.gather(table, tokens, 1), [1, 0]),
    seen: (x) => x,
  };
}
