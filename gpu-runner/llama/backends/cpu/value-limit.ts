/** What no value of a layer's attention exceeds, from the weights that make it. */
import { emitOne } from '../../../tensor/operators/emit.ts';
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { ExternalTensors } from '../../model/external-tensors.ts';
import { type HadamardBlock, turnedWeight } from '../../model/hadamard.ts';
import type { ValueGrid } from './exact-attention.ts';

/** The tensors of a base by name. */
type BaseTensors = Pick<ExternalTensors, 'has' | 'value'>;

/** A little above 1: the rows that the value projection reads are rounded to 8 bits. */
const ROUNDED_NORM = 1.02;
const LARGEST_BYTE = 127;

/**
 * The grid of a layer's values V_j = n . W_j + b_j, with a limit that is a power of two. Of constants the engine computes
 * it while it loads. An adapter may exceed the limit; such a value is cut off.
 *
 * - Where the layer norms its input, n is the normalised row times the norm's weight g: |n . W_j| <= sqrt(hidden) |g W_j|.
 * - Where it does not, n is the stream itself: the embedding's row and what the layers before have added, each normed with a
 *   weight of its own, so |n| <= |embedding| + sqrt(hidden) sum max|g| and |n . W_j| <= |n| |W_j|. That is far above what
 *   values are, and the grid is fine.
 *
 * @param hadamard the block where the base holds H W, which is turned back here
 */
export function valueGrid(
  architecture: Architecture,
  tensors: BaseTensors,
  layer: number,
  hadamard: HadamardBlock | undefined,
): Omit<ValueGrid, 'long'> {
  const { heads, keyValueHeads, headSize, norm, hiddenSize } = architecture;
  const name = `layers.${layer}.attention`;
  const start = (heads + keyValueHeads) * headSize;
  const projection = ops.slice(tensors.value(`${name}.qkv.weight`), [{ axis: 1, start }]);
  const scale = ops.slice(tensors.value(`${name}.qkv.scale`), [{ axis: 0, start }]);
  const fine = norm.placement === 'output';
  const root = Math.sqrt(hiddenSize) * ROUNDED_NORM;
  const stored = ops.cast(projection, 'float32');
  const columns = hadamard === undefined ? stored : turnedWeight(stored, hadamard);
  const weighted = fine
    ? columns
    : ops.multiply(columns, ops.unsqueeze(tensors.value(`${name}.norm.weight`), [1]));
  const squares = ops.reduceSum(ops.multiply(weighted, weighted), { axes: [0] });
  const longest = ops.reduceMax(ops.multiply(ops.sqrt(squares), scale));
  const product = ops.multiply(longest, root);
  const inner = fine ? ops.multiply(product, streamLimit(architecture, tensors, layer)) : product;
  const bias = tensors.has(`${name}.qkv.bias`)
    ? ops.slice(tensors.value(`${name}.qkv.bias`), [{ axis: 0, start }])
    : undefined;
  const bound = bias === undefined ? inner : ops.add(inner, ops.reduceMax(ops.absolute(bias)));
  return { limit: powerOfTwo(ops.maximum(bound, 1e-30)), fine };
}

/** What the root mean square of the stream before a layer does not exceed, where blocks norm their output. */
function streamLimit({ embeddingScale }: Architecture, tensors: BaseTensors, layer: number): Value {
  const embedding = ops.multiply(
    ops.reduceMax(tensors.value('embedding.scale')),
    LARGEST_BYTE * embeddingScale,
  );
  return Array.from({ length: layer }, (_, before) => before)
    .flatMap((before) => ['attention', 'feedForward'].map((block) => `layers.${before}.${block}.afterNorm`))
    .map((name) => ops.reduceMax(ops.absolute(tensors.value(`${name}.weight`))))
    .reduce((sum, largest) => ops.add(sum, largest), embedding);
}

/** The power of two that is at least a scalar. */
function powerOfTwo(bound: Value): Value {
  const exponent = ops.multiply(ops.log(bound), Math.LOG2E);
  const whole = emitOne('Ceil', [exponent], exponent);
  return emitOne('Pow', [whole.graph.scalar(2, 'float32'), whole], whole);
}
