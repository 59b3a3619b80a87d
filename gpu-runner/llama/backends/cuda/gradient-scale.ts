/** Keeps gradients of fp16 layers inside what fp16 can hold: scaled where they enter, scaled back where they leave. */
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';

/** What the largest entry becomes: low enough for sums over thousands of rows, high enough for entries 10^5 times smaller. */
const LARGEST = 1 / 64;
/** Below this all entries are taken for zero. */
const NOTHING = 1e-30;

/**
 * One pair of casts around fp16 layers. The gradient that comes back through {@link toFloat} is divided by its own largest
 * entry (a loss scale that needs no tuning and depends on nothing but the batch), and multiplied back, in fp32, where it
 * leaves through {@link toHalf}.
 */
export class GradientScale {
  /** 1 / factor of the entering gradient, an fp32 scalar; known once that gradient is */
  #inverse: Value | undefined;

  /** fp16 -> fp32 at the end of the layers. */
  toFloat(x: Value): Value {
    return ops.first(
      Graph.composite(
        'ScaledToFloat',
        [x],
        () => [ops.cast(x, 'float32')],
        ({ outputGradients: [g] }) => {
          if (g === undefined) return [];
          const inverse = ops.multiply(ops.maximum(ops.reduceMax(ops.absolute(g)), NOTHING), 1 / LARGEST);
          this.#inverse = inverse;
          return [ops.cast(ops.divide(g, inverse), x.dtype)];
        },
      ),
    );
  }

  /** fp32 -> fp16 of a parameter that the layers read. */
  toHalf(x: Value): Value {
    return ops.first(
      Graph.composite(
        'ScaledToHalf',
        [x],
        () => [ops.cast(x, 'float16')],
        ({ outputGradients: [g] }) => {
          if (g === undefined || this.#inverse === undefined) return [];
          return [ops.multiply(ops.cast(g, 'float32'), this.#inverse)];
        },
      ),
    );
  }
}
