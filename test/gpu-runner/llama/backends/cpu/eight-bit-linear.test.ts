/** The 8-bit linear layer against integer and float64 arithmetic, extreme operands included. */
import {
  fastestExactProduct,
  type ExactProduct,
} from '../../../../../gpu-runner/llama/backends/cpu/exact-product.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { eightBitLinear } from '../../../../../gpu-runner/llama/backends/cpu/eight-bit-linear.ts';
import { Graph } from '../../../../../gpu-runner/tensor/graph.ts';
import { serialiseGraph } from '../../../../../gpu-runner/tensor/serialise.ts';
import { TensorSession } from '../../../../../gpu-runner/tensor/session.ts';
import { integerBelow, normal } from '../../../../../shared/random.ts';

const sessions: TensorSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) await session.close();
});

interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly values: Int8Array;
  readonly scale: Float32Array;
}

async function product(
  layer: Layer,
  rows: number,
  x: Float32Array,
  exactProduct: ExactProduct,
  centred: boolean,
): Promise<Float32Array> {
  const graph = new Graph('linear');
  const input = graph.input('x', 'float32', ['rows', layer.inputs]);
  const weight = {
    values: graph.constant('int8', layer.values, [layer.inputs, layer.outputs]),
    scale: graph.constant('float32', layer.scale, [layer.outputs]),
  };
  graph.output('y', eightBitLinear(input, weight, { exactProduct, centred }));
  const session = await TensorSession.open({ model: serialiseGraph(graph) }, { threads: 2 });
  sessions.push(session);
  const { y } = await session.run({ x: { dtype: 'float32', shape: [rows, layer.inputs], data: x } });
  return y?.data as Float32Array;
}

function layerOf(inputs: number, outputs: number, value: (index: number) => number): Layer {
  return {
    inputs,
    outputs,
    values: Int8Array.from({ length: inputs * outputs }, (_, index) => value(index)),
    scale: Float32Array.from({ length: outputs }, () => 1),
  };
}

/** Rows of whole numbers whose largest magnitude is 127 round to themselves, so the product must be the integer one. */
function integerOracle({ inputs, outputs, values }: Layer, rows: number, x: ArrayLike<number>): bigint[] {
  return Array.from({ length: rows * outputs }, (_, place) => {
    const row = Math.floor(place / outputs);
    let sum = 0n;
    for (let k = 0; k < inputs; k++) {
      sum += BigInt(x[row * inputs + k] ?? 0) * BigInt(values[k * outputs + (place % outputs)] ?? 0);
    }
    return sum;
  });
}

const seed = 20_261_123;

describe('8-bit linear layer', () => {
  const extremes: readonly [string, (index: number) => number, (index: number) => number][] = [
    ['all operands at the top', () => 127, () => 127],
    ['opposite ends', () => -127, () => 127],
    ['alternating signs that cancel', (i) => (i % 2 === 0 ? 127 : -127), () => 127],
    [
      'pairs at the top with a zero between',
      (i) => (i % 3 === 0 ? 0 : 127),
      (i) => (i % 5 === 0 ? -127 : 127),
    ],
  ];
  for (const [name, input, weight] of extremes) {
    for (const rows of [1, 3, 32]) {
      it(`is the integer product for ${name}, ${rows} rows`, async () => {
        const layer = layerOf(192, 48, weight);
        const x = Float32Array.from({ length: rows * 192 }, (_, index) => input(index));
        const y = await product(layer, rows, x, await fastestExactProduct(), false);
        const expected = integerOracle(layer, rows, x);
        // One fp32 rounding by 1/127 and one by 127: exact to the last bit or two of the integer.
        expected.forEach((sum, place) =>
          expect(Math.abs((y[place] ?? NaN) - Number(sum))).toBeLessThanOrEqual(
            Math.abs(Number(sum)) * 2.5e-7,
          ),
        );
      });
    }
  }

  it('is the integer product for random full-range operands', async () => {
    const layer = layerOf(320, 64, (index) => integerBelow(255, seed, 1, index) - 127);
    const x = Float32Array.from({ length: 8 * 320 }, (_, index) =>
      index % 320 === 0 ? 127 : integerBelow(255, seed, 2, index) - 127,
    );
    const y = await product(layer, 8, x, await fastestExactProduct(), false);
    integerOracle(layer, 8, x).forEach((sum, place) => expect(y[place]).toBeCloseTo(Number(sum), 0));
  });

  for (const centred of [false, true]) {
    it(`stays within its rounding bound of the float64 product${centred ? ', centred' : ''}`, async () => {
      const [rows, inputs, outputs] = [16, 256, 96];
      const layer = {
        ...layerOf(inputs, outputs, (index) => integerBelow(255, seed, 3, index) - 127),
        scale: Float32Array.from({ length: outputs }, (_, index) => 0.001 * (1 + index)),
      };
      const x = Float32Array.from({ length: rows * inputs }, (_, index) => 3 * normal(seed, 4, index) + 1);
      const y = await product(layer, rows, x, await fastestExactProduct(), centred);
      for (let row = 0; row < rows; row++) {
        const part = x.subarray(row * inputs, (row + 1) * inputs);
        const step = centred
          ? (Math.max(...part) - Math.min(...part)) / 255
          : Math.max(...part.map(Math.abs)) / 127;
        for (let column = 0; column < outputs; column++) {
          let exact = 0;
          let magnitude = 0;
          part.forEach((value, k) => {
            const weight = (layer.values[k * outputs + column] ?? 0) * (layer.scale[column] ?? 0);
            exact += value * weight;
            magnitude += Math.abs(weight);
          });
          const bound = (step / 2) * magnitude * 1.0001 + 1e-5 * Math.abs(exact);
          expect(Math.abs((y[row * outputs + column] ?? NaN) - exact)).toBeLessThanOrEqual(bound);
        }
      }
    });

    it(`gives a row the same bits alone, in a batch and in another order${centred ? ', centred' : ''}`, async () => {
      const [rows, inputs, outputs] = [32, 192, 64];
      const layer = layerOf(inputs, outputs, (index) => integerBelow(255, seed, 5, index) - 127);
      const x = Float32Array.from({ length: rows * inputs }, (_, index) => normal(seed, 6, index));
      const form = await fastestExactProduct();
      const batch = await product(layer, rows, x, form, centred);
      const alone = await product(layer, 1, x.slice(5 * inputs, 6 * inputs), form, centred);
      expect(Array.from(alone)).toEqual(Array.from(batch.slice(5 * outputs, 6 * outputs)));
      const turned = new Float32Array(x.length);
      for (let row = 0; row < rows; row++) {
        turned.set(x.subarray(row * inputs, (row + 1) * inputs), (rows - 1 - row) * inputs);
      }
      const reversed = await product(layer, rows, turned, form, centred);
      expect(Array.from(reversed.slice(26 * outputs, 27 * outputs))).toEqual(Array.from(alone));
    });

    it(`gives zeros and constants exactly${centred ? ', centred' : ''}`, async () => {
      const layer = layerOf(64, 16, (index) => (index % 16) - 8);
      const y = await product(layer, 2, new Float32Array(128).fill(0), await fastestExactProduct(), centred);
      expect(Array.from(y, Math.abs)).toEqual(Array.from({ length: 32 }, () => 0));
    });
  }

  it('has a form whose product is exact on this processor', async () => {
    expect(['signed', 'unsigned']).toContain(await fastestExactProduct());
  });
});
