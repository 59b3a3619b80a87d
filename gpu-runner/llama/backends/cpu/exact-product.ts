/** Which form of the 8-bit product is exact and fastest on this processor, found by trying. */
import { Graph } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { serialiseGraph } from '../../../tensor/serialise.ts';
import { TensorSession } from '../../../tensor/session.ts';

/**
 * How the integer product of a CPU takes the weights.
 *
 * - `signed`: u8 activations times s8 weights, the fastest form where the processor adds products in 32 bits (VNNI).
 * - `unsigned`: u8 times u8 (zero point 128). Without VNNI the engine's u8 x s8 kernel adds pairs of products in 16
 *   bits and saturates in silence; this kernel widens first and is exact.
 *
 * Both are exact, so they give the same bytes; only their speed differs.
 */
export type ExactProduct = 'signed' | 'unsigned';

const LARGEST = 127;
const PROBE_INPUTS = 64;
const PROBE_OUTPUTS = 16;

let chosen: Promise<ExactProduct> | undefined;

/** The fastest exact form on this processor, found by multiplying operands that a 16-bit sum cannot hold. */
export function fastestExactProduct(): Promise<ExactProduct> {
  chosen ??= signedProductIsExact().then((exact) => (exact ? 'signed' : 'unsigned'));
  return chosen;
}

async function signedProductIsExact(): Promise<boolean> {
  const graph = new Graph('product_probe');
  const x = graph.input('x', 'uint8', ['rows', PROBE_INPUTS]);
  const weights = new Int8Array(PROBE_INPUTS * PROBE_OUTPUTS).fill(LARGEST);
  graph.output('y', ops.matMulInteger(x, graph.constant('int8', weights, [PROBE_INPUTS, PROBE_OUTPUTS])));
  const session = await TensorSession.open({ model: serialiseGraph(graph) });
  try {
    for (const rows of [1, 8]) {
      const data = new Uint8Array(rows * PROBE_INPUTS).fill(255);
      const x = { dtype: 'uint8', shape: [rows, PROBE_INPUTS], data } as const;
      const sums = Array.from((await session.run({ x }))['y']?.data ?? [], Number);
      if (sums.length === 0 || sums.some((sum) => sum !== 255 * LARGEST * PROBE_INPUTS)) return false;
    }
    return true;
  } finally {
    await session.close();
  }
}
