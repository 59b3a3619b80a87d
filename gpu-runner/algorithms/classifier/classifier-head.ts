/** What stands on top of a sentence encoder: the text's embedding, and the logits of its two labels. */
import type { LogisticModel } from '../../../shared/statistics/logistic-regression.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { appendGraph } from '../../tensor/serialise.ts';

/** What an encoder is asked for and gives, by the names that exports for transformers.js have. */
export const HIDDEN_STATES = 'last_hidden_state';
export const ATTENTION_MASK = 'attention_mask';

export const EMBEDDING = 'rlcd_embedding';

/** Below any length of a sum of hidden states: padding alone then gives 0, not a division by 0. */
const LEAST_LENGTH = 1e-12;

/** An encoder that gives {@link EMBEDDING}, too: float32 [batch, width]. @param encoder bytes of an .onnx file */
export function withEmbedding(encoder: Uint8Array): Uint8Array<ArrayBuffer> {
  const graph = new Graph('embedding');
  graph.named('rlcd', () => graph.output(EMBEDDING, embedding(graph, 'width')));
  return appendGraph(encoder, graph);
}

/**
 * An encoder that gives `logits`, too: float32 [batch, 2], of outcome 0 and outcome 1, whose softmax is the model's
 * probability. They lie evenly around 0, so that neither label is rounded more than the other.
 *
 * @param encoder bytes of an .onnx file
 */
export function withLogits(
  encoder: Uint8Array,
  { weights, intercept }: LogisticModel,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph('classifier');
  graph.named('rlcd', () => {
    const columns = Array.from(weights, (weight) => [-weight / 2, weight / 2]).flat();
    const matrix = graph.constant('float32', columns, [weights.length, 2]);
    const bias = graph.constant('float32', [-intercept / 2, intercept / 2]);
    graph.output('logits', ops.add(ops.matMul(embedding(graph, weights.length), matrix), bias));
  });
  return appendGraph(encoder, graph);
}

/**
 * The mean of the hidden states under the mask, divided by its length; since it is, their sum does as well as their mean.
 * Operators alone that mean the same in every operator set since 9.
 */
function embedding(graph: Graph, width: number | string): Value {
  const states = graph.input(HIDDEN_STATES, 'float32', ['batch', 'length', width]);
  const mask = ops.cast(graph.input(ATTENTION_MASK, 'int64', ['batch', 'length']), 'float32');
  const sum = ops.matMul(ops.reshape(mask, ['batch', 1, 'length']), states);
  const squares = ops.matMul(sum, ops.reshape(sum, ['batch', width, 1]));
  const length = ops.maximum(ops.sqrt(squares), LEAST_LENGTH);
  return ops.reshape(ops.divide(sum, length), ['batch', width]);
}
