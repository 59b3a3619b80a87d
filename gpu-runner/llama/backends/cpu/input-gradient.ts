/** How a gradient goes back through a frozen 8-bit weight: dX = g W^T, W = Q diag(s) [inputs, outputs]. */
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import type { ExternalTensors } from '../../model/external-tensors.ts';
import { turned } from '../../model/hadamard.ts';
import { backwardBlock } from './backward-file.ts';
import { eightBitLinear, type EightBitWeight, twoTermLinear } from './eight-bit-linear.ts';
import type { ExactProduct } from './exact-product.ts';

/**
 * `exact` dequantises W and multiplies in fp32; `eight-bit` multiplies integers, rounding g by rows (SwitchBack, Wortsman et
 * al., 2023, for weights that are frozen), which needs the base's backward file.
 */
export type BackwardForm = 'exact' | 'eight-bit';

/** Narrower models gain little (docs/results/trainer.md); the bundled one is one of them, whose folder nothing may be written to. */
const LEAST_WIDTH = 256;

/** The form for a model: by its shape alone, so that equal models train to equal bits on every processor. */
export function backwardForm({ hiddenSize }: Architecture): BackwardForm {
  return hiddenSize >= LEAST_WIDTH ? 'eight-bit' : 'exact';
}

/**
 * The gradient by the inputs of a layer, g [rows, outputs] -> [rows, inputs]: in 8 bits (g s) Q^T with the forward's integers, or
 * (g H)(H W^T) where the backward file holds that.
 */
export function inputGradient(
  g: Value,
  tensors: ExternalTensors,
  name: string,
  form: BackwardForm,
  exactProduct: ExactProduct,
): Value {
  const scale = tensors.value(`${name}.scale`);
  if (form === 'exact') {
    // What waits for nothing the engine runs first, and would then hold every matrix in fp32 from the start of the step on.
    const weight = dequantised(tensors.value(`${name}.weight`), ops.after(scale, g), 1);
    return ops.matMul(g, weight, { transposeB: true });
  }
  const block = backwardBlock(name, Number(g.shape.at(-1)));
  const rows = block === undefined ? ops.multiply(g, scale) : turned(g, block);
  return eightBitLinear(rows, wayBack(tensors, name), { exactProduct });
}

/**
 * The vocabulary's way back, p W^T of probabilities [rows, vocabulary]. A row has one large number and a long tail that
 * matters, hence two terms.
 *
 * @param tied W^T stands by rows, as the embedding [vocabulary, inputs]; else as the output's W [inputs, vocabulary]
 */
export function vocabularyMix(
  p: Value,
  tensors: ExternalTensors,
  tied: boolean,
  form: BackwardForm,
  exactProduct: ExactProduct,
): Value {
  const name = tied ? 'embedding' : 'output';
  const scale = tensors.value(`${name}.scale`);
  if (form === 'exact') {
    const weight = dequantised(tensors.value(`${name}.weight`), scale, tied ? 0 : 1);
    return ops.matMul(p, weight, { transposeB: !tied });
  }
  const weight = tied ? unscaled(tensors.value('embedding.weight')) : wayBack(tensors, 'output');
  return twoTermLinear(ops.multiply(p, scale), weight, exactProduct);
}

function wayBack(tensors: ExternalTensors, name: string): EightBitWeight {
  const values = tensors.value(`${name}.back`);
  // The file holds what this processor takes: the integers, or the integers plus 128.
  const unsigned = values.dtype === 'uint8' ? values : undefined;
  return { values, scale: tensors.value(`${name}.backScale`), unsigned };
}

/** Integers whose scale stands by their rows, with the factor. */
function unscaled(values: Value): EightBitWeight {
  const columns = Number(values.shape[1]);
  return { values, scale: values.graph.constant('float32', new Float32Array(columns).fill(1), [columns]) };
}

/** An 8-bit weight in fp32, with its scale along `axis`. Not a cast, which the engine would compute while it loads. */
function dequantised(values: Value, scale: Value, axis: number): Value {
  const output = { dtype: 'float32', shape: values.shape } as const;
  return ops.emitOne('DequantizeLinear', [values, scale], output, { axis });
}
