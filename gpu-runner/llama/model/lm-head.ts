/** Log-probabilities of given tokens: the vocabulary is visited a block of rows at a time, and only where asked. */
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type GradientRule, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { LogitForm } from './logit-form.ts';
import { softCapped } from './soft-cap.ts';

/** What the rows of a batch say about their given tokens. */
export interface TokenScores {
  /** log p(target), [blocks, C] */
  readonly logProbabilities: Value;
  /** entropy of the next-token distribution in nats, [blocks, C]; no gradient flows through it */
  readonly entropies: Value;
}

/** How hidden states become logits, and how a distribution goes back. */
export interface VocabularyProjection {
  /** x [rows, hidden] -> [rows, vocabulary] */
  readonly logits: (x: Value) => Value;
  /** weights [rows, vocabulary], none below 0 -> their sum of output rows, [rows, hidden] */
  readonly mix: (weights: Value) => Value;
  /** the output rows of tokens int64 [rows]: [rows, hidden] */
  readonly rows: (tokens: Value) => Value;
  /** x as the projection sees it, rounded where the product is an 8-bit one; left out where `mix` is too rough for x . mix(p) */
  readonly seen?: (x: Value) => Value;
}

/**
 * log softmax(cap(x W) / T)[target] and the entropy, with W frozen.
 *
 * log p(y) = z_y - max z + log max p, z = (x / T) W. Its gradient by x is (W_y - sum_v p_v W_v) / T: a vector per row that does not
 * depend on the loss, so it is made while the block of p is at hand, and nothing as large as the vocabulary is kept.
 * Where it is exact the same vector gives the entropy, H = max z - log max p - (x / T) . sum_v p_v W_v; else that is summed over the
 * logits. So it is with capped logits c tanh(z / c), where each row W_v counts with the slope of its cap.
 *
 * @param hidden [blocks, C, hidden]
 * @param targets int64 [blocks, C]
 */
export function frozenTokenScores(
  hidden: Value,
  targets: Value,
  logits: LogitForm,
  projection: VocabularyProjection,
  differentiable: boolean,
): TokenScores {
  const { graph } = hidden;
  const [blocks = 1, rows = 1, width = 1] = hidden.shape;
  if (typeof blocks !== 'string') throw new GraphError('The number of blocks must be symbolic');
  const { stacked } = ops.loop(graph, 'vocabulary', {
    count: ops.squeeze(graph.dimension(blocks), [0]),
    carried: [],
    steps: blocks,
    body: (body, iteration) => {
      const x = logits.rows(ops.gather(body.capture(hidden), iteration));
      const target = ops.gather(body.capture(targets), iteration);
      const { value, slope } = logits.ends(projection.logits(x));
      const { logProbability, probabilities, normaliser } = scoreBlock(value, target);
      const summedEntropy = (): Value => ops.subtract(normaliser, rowProducts(probabilities, value));
      if (!differentiable) return { carried: [], stacked: [logProbability, summedEntropy()] };
      if (slope !== undefined) {
        const bent = slope();
        const own = ops.multiply(
          projection.rows(target),
          ops.gatherElements(bent, ops.unsqueeze(target, [-1]), 1),
        );
        const mixed = projection.mix(ops.multiply(probabilities, bent));
        return {
          carried: [],
          stacked: [logProbability, summedEntropy(), logits.tempered(ops.subtract(own, mixed))],
        };
      }
      const mixed = projection.mix(probabilities);
      const seen = projection.seen?.(x);
      const entropy =
        seen === undefined
          ? summedEntropy()
          : ops.subtract(normaliser, ops.reduceSum(ops.multiply(seen, mixed), { axes: [-1] }));
      const toRow = logits.tempered(ops.subtract(projection.rows(target), mixed));
      return { carried: [], stacked: [logProbability, entropy, toRow] };
    },
  });
  const [logProbabilities, entropies, slopes] = stacked;
  if (logProbabilities === undefined || entropies === undefined)
    throw new GraphError('The vocabulary loop lost a result');
  if (slopes === undefined) return { logProbabilities, entropies };
  const rule: GradientRule = ({ outputGradients: [g] }) =>
    g === undefined
      ? []
      : [ops.multiply(ops.unsqueeze(g, [-1]), ops.assumeShape(slopes, [blocks, rows, width]))];
  const [scored] = Graph.composite('FrozenTokenScores', [hidden], () => [logProbabilities], rule);
  if (scored === undefined) throw new GraphError('The vocabulary loop lost a result');
  return { logProbabilities: scored, entropies };
}

/** x . y of each row [rows, columns], [rows]: as a product of matrices, which writes nothing as large as they are. */
function rowProducts(x: Value, y: Value): Value {
  const products = ops.matMul(ops.unsqueeze(x, [1]), ops.unsqueeze(y, [1]), { transposeB: true });
  return ops.squeeze(products, [1, 2]);
}

/** What a block of logits [rows, vocabulary] says of the next token. */
interface Normalised {
  /** [rows, vocabulary] */
  readonly probabilities: Value;
  /** log of the sum of exponentials, [rows] */
  readonly normaliser: Value;
}

function normalised(logits: Value): Normalised {
  const probabilities = ops.softmax(logits);
  const top = ops.reduceMax(logits, { axes: [-1] });
  // Both reductions run in all threads, where a sum of exponentials would not; max p >= 1 / vocabulary keeps it exact.
  const normaliser = ops.subtract(top, ops.log(ops.reduceMax(probabilities, { axes: [-1] })));
  return { probabilities, normaliser };
}

/** The same with log p(target), [rows]. */
function scoreBlock(logits: Value, target: Value): Normalised & { readonly logProbability: Value } {
  const block = normalised(logits);
  const chosen = ops.squeeze(ops.gatherElements(logits, ops.unsqueeze(target, [-1]), 1), [-1]);
  return { ...block, logProbability: ops.subtract(chosen, block.normaliser) };
}

/**
 * log softmax(cap(x W^T))[target] where W [vocabulary, hidden] is trained too.
 *
 * Gradients, with g that of log p and w = (onehot(target) - p) g cap': dX = w W, dW = w^T X.
 *
 * @param hidden [rows, hidden]
 * @param targets int64 [rows]
 */
export function trainableTokenScores(
  hidden: Value,
  table: Value,
  targets: Value,
  softCap: number | null,
): { logProbabilities: Value; entropies: Value } {
  const { value: logits, slope } = softCapped(ops.matMul(hidden, table, { transposeB: true }), softCap);
  const { logProbability, probabilities, normaliser } = scoreBlock(logits, targets);
  const mean = rowProducts(probabilities, logits);
  const rule: GradientRule = ({ outputGradients: [g] }) => {
    if (g === undefined) return [];
    const column = ops.unsqueeze(g, [-1]);
    const spread = ops.multiply(probabilities, ops.negate(column));
    const toLogits = ops.scatterElements(spread, ops.unsqueeze(targets, [-1]), column, 1, 'add');
    const weights = slope === undefined ? toLogits : ops.multiply(toLogits, slope());
    return [ops.matMul(weights, table), ops.matMul(weights, hidden, { transposeA: true })];
  };
  const [scored] = Graph.composite('TokenScores', [hidden, table], () => [logProbability], rule);
  if (scored === undefined) throw new GraphError('TokenScores: no result');
  return { logProbabilities: scored, entropies: ops.subtract(normaliser, mean) };
}

/**
 * Cross-entropy with whole distributions as targets, where W [vocabulary, hidden] is trained too:
 * H_i = log sum_v exp z_iv - sum_v t_iv z_iv, z = x W^T.
 *
 * Gradients, with g that of H and w = (p - t) g: dX = w W, dW = w^T X.
 *
 * @param hidden [rows, hidden]
 * @param targets [rows, vocabulary], each row adds up to 1
 * @returns [rows]
 */
export function trainableCrossEntropy(hidden: Value, table: Value, targets: Value): Value {
  const logits = ops.matMul(hidden, table, { transposeB: true });
  const { probabilities, normaliser } = normalised(logits);
  const chosen = ops.reduceSum(ops.multiply(targets, logits), { axes: [-1] });
  const rule: GradientRule = ({ outputGradients: [g] }) => {
    if (g === undefined) return [];
    const weights = ops.multiply(ops.subtract(probabilities, targets), ops.unsqueeze(g, [-1]));
    return [ops.matMul(weights, table), ops.matMul(weights, hidden, { transposeA: true })];
  };
  return ops.first(
    Graph.composite('CrossEntropy', [hidden, table], () => [ops.subtract(normaliser, chosen)], rule),
  );
}
