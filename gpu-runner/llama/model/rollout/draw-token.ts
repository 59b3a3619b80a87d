/** Drawing one token per row from logits by the inverse of the distribution function, in the graph. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';

/** How logits become a distribution, and the number that picks from it. */
export interface DrawOptions {
  /** whether `banned` bans any, bool scalar: the usual draw does without it */
  readonly banning: Value;
  /** fp32 [vocabulary], 0 or hugely negative: tokens that are never drawn */
  readonly banned: Value;
  /** whether `topK` or `topP` leaves any out, bool scalar: only then are tokens sorted */
  readonly cut: Value;
  /** number of most likely tokens kept, int64 [1] */
  readonly topK: Value;
  /** the smallest set of most likely tokens whose probability reaches this is kept, fp32 scalar */
  readonly topP: Value;
}

/** A token per row and the probability it was drawn with. */
export interface Drawn {
  /** int64 [batch] */
  readonly token: Value;
  /** fp32 [batch] */
  readonly probability: Value;
}

/**
 * Draws from softmax(logits), or from softmax(logits + banned) cut to top-k and top-p when asked.
 *
 * @param logits [batch, vocabulary]
 * @param uniform one number in [0, 1) per row, fp32 [batch]
 */
export function drawToken(logits: Value, uniform: Value, options: DrawOptions): Drawn {
  const { banned, banning, cut } = options;
  const allowed = (body: Graph): Value => ops.softmax(ops.add(body.capture(logits), banned));
  const [token, probability] = ops.branch(
    logits.graph,
    'draw',
    cut,
    (body) => drawFromHead(allowed(body), body.capture(uniform), options),
    (body) =>
      ops.branch(
        body,
        'whole',
        banning,
        (inner) => drawFromAll(allowed(inner), inner.capture(uniform)),
        (inner) => drawFromAll(ops.softmax(inner.capture(logits)), inner.capture(uniform)),
      ),
  );
  if (token === undefined || probability === undefined) throw new GraphError('The draw lost a result');
  return { token, probability };
}

/**
 * The two-level inverse: the vocabulary is cut into blocks, the first sums pick the block and the second the token in
 * it, so that no operator runs over the whole vocabulary in one thread.
 */
function drawFromAll(probabilities: Value, uniform: Value): Value[] {
  const [batch = 1, vocabulary] = probabilities.shape;
  if (typeof vocabulary !== 'number') throw new GraphError('The vocabulary must be known');
  const width = blockWidth(vocabulary);
  const blocks = vocabulary / width;
  const { graph } = probabilities;
  const flat = ops.reshape(probabilities, [multiplyDimensions(batch, blocks), width]);
  const ones = graph.constant('float32', new Float32Array(width).fill(1), [width, 1]);
  const upTo = ops.cumulativeSum(ops.reshape(ops.matMul(flat, ones), [batch, blocks]), 1);
  const total = ops.slice(upTo, [{ axis: 1, start: blocks - 1, end: blocks }]);
  const target = ops.multiply(ops.unsqueeze(uniform, [1]), total);
  const block = countAtMost(upTo, target);
  const before = ops.where(
    ops.greater(block, 0),
    ops.gatherElements(upTo, ops.maximum(ops.subtract(block, 1), 0), 1),
    0,
  );
  const chosen = gatherRows(ops.reshape(probabilities, [batch, blocks, width]), block);
  const within = ops.cumulativeSum(chosen, 1);
  const count = countAtMost(within, ops.subtract(target, before));
  // Rounding may leave the remainder at the block's own sum; the block's likeliest token then stands in.
  const place = ops.where(ops.less(count, width), count, ops.argMax(chosen, 1, true));
  const probability = ops.divide(ops.gatherElements(chosen, place, 1), total);
  const token = ops.add(ops.multiply(block, width), place);
  return [ops.reshape(token, [batch]), ops.reshape(probability, [batch])];
}

/**
 * How many of the most likely tokens are sorted first. To find 512 or 8,192 of 49,152 for 64 rows takes 9 ms or 45 ms of two
 * cores, to sort them all 190 ms, and every pass over what is sorted comes on top.
 */
const HEADS = [512, 8192];
/** Above the rounding of one sum: a head is taken only where what follows it is surely not kept. */
const ROUNDING = 1e-6;

/**
 * Draws from the most likely tokens, sorted: from the first head that holds all that is kept of every row, which gives the
 * same bits as sorting the whole vocabulary.
 */
function drawFromHead(
  probabilities: Value,
  uniform: Value,
  { topK, topP }: Pick<DrawOptions, 'topK' | 'topP'>,
  [size, ...larger]: readonly number[] = HEADS,
): readonly Value[] {
  if (size === undefined) return drawSorted(mostLikely(probabilities, topK), uniform, topP);
  const few = ops.minimum(topK, size);
  const head = mostLikely(probabilities, few);
  // By the same sums that decide what is kept: the head's are the first of the whole vocabulary's.
  const reached = ops.reduceMin(ops.reduceMax(head.before, { axes: [1] }), { axes: [0] });
  const holds = ops.greater(reached, ops.add(topP, ROUNDING));
  const all = ops.squeeze(ops.equal(few, topK), [0]);
  return ops.branch(
    probabilities.graph,
    `head${size}`,
    ops.or(holds, all),
    (body) => {
      const captured = {
        sorted: body.capture(head.sorted),
        tokens: body.capture(head.tokens),
        before: body.capture(head.before),
      };
      return drawSorted(captured, body.capture(uniform), topP);
    },
    (body) => drawFromHead(body.capture(probabilities), body.capture(uniform), { topK, topP }, larger),
  );
}

interface MostLikely {
  /** fp32 [batch, kept], falling */
  readonly sorted: Value;
  /** int64 [batch, kept] */
  readonly tokens: Value;
  /** the sum of those before each, fp32 [batch, kept] */
  readonly before: Value;
}

/** @param count int64 [1] */
function mostLikely(probabilities: Value, count: Value): MostLikely {
  const [batch = 1] = probabilities.shape;
  const shape = [batch, 'kept'];
  const [sorted, tokens] = Graph.emit('TopK', [probabilities, count], { axis: 1 }, [
    { dtype: 'float32', shape },
    { dtype: 'int64', shape },
  ]);
  if (sorted === undefined || tokens === undefined) throw new GraphError('TopK lost a result');
  return { sorted, tokens, before: ops.subtract(ops.cumulativeSum(sorted, 1), sorted) };
}

function drawSorted({ sorted, tokens, before }: MostLikely, uniform: Value, topP: Value): Value[] {
  const [batch = 1] = sorted.shape;
  const kept = ops.where(ops.less(before, topP), sorted, 0);
  const upTo = ops.cumulativeSum(kept, 1);
  const total = ops.reduceMax(upTo, { axes: [1], keep: true });
  const place = countAtMost(upTo, ops.multiply(ops.unsqueeze(uniform, [1]), total));
  const probability = ops.divide(ops.gatherElements(kept, place, 1), total);
  return [ops.reshape(ops.gatherElements(tokens, place, 1), [batch]), ops.reshape(probability, [batch])];
}

/** How many entries of rising rows are at most the target: [batch, n], [batch, 1] -> int64 [batch, 1]. */
function countAtMost(rising: Value, target: Value): Value {
  const reached = ops.cast(ops.lessOrEqual(rising, target), 'int32');
  return ops.cast(ops.reduceSum(reached, { axes: [1], keep: true }), 'int64');
}

/** [batch, n, width], int64 [batch, 1] -> [batch, width]. */
function gatherRows(x: Value, index: Value): Value {
  const [batch = 1, , width = 1] = x.shape;
  const output = { dtype: x.dtype, shape: [batch, width] };
  return ops.emitOne('GatherND', [x, index], output, { batch_dims: 1 });
}

/** The divisor of the vocabulary nearest to its square root, but at least 16 where there is one. */
function blockWidth(vocabulary: number): Dimension & number {
  let best = vocabulary;
  const distance = (width: number): number => Math.abs(Math.log(width) - Math.log(vocabulary) / 2);
  for (let width = 1; width <= vocabulary; width++) {
    if (vocabulary % width === 0 && distance(width) < distance(best)) best = width;
  }
  return best;
}
