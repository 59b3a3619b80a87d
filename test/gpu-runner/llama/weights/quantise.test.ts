/** 8-bit quantisation: the error bound, the range, the layout and what happens at the edges of fp32. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantiseRows, quantiseTransposed } from '../../../../gpu-runner/llama/weights/quantise.ts';

const matrices = fc.integer({ min: 1, max: 9 }).chain((inputs) =>
  fc.record({
    inputs: fc.constant(inputs),
    rows: fc.array(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: inputs, maxLength: inputs }),
      { minLength: 1, maxLength: 140 },
    ),
  }),
);

test('every weight is within half a scale, every channel uses the range, codes stay within 127', () => {
  fc.assert(
    fc.property(matrices, ({ inputs, rows }) => {
      const codes = new Int8Array(rows.length * inputs);
      const scales = new Float32Array(rows.length);
      quantiseRows(Float32Array.from(rows.flat()), inputs, codes, scales);
      for (const [row, weights] of rows.entries()) {
        const scale = scales[row] ?? NaN;
        const own = [...codes.subarray(row * inputs, (row + 1) * inputs)];
        const largest = Math.max(...weights.map(Math.abs));
        expect(Math.max(...own.map(Math.abs))).toBe(largest < 2 ** -119 ? 0 : 127);
        for (const [column, weight] of weights.entries()) {
          const bound = largest < 2 ** -119 ? 2 ** -119 : (scale / 2) * (1 + 1e-6);
          expect(Math.abs(weight - (own[column] ?? NaN) * scale)).toBeLessThanOrEqual(bound);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the transposed form holds the same codes as columns, wherever the channels are put', () => {
  fc.assert(
    fc.property(
      matrices,
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      (matrix, before, after) => {
        const { inputs, rows } = matrix;
        const values = Float32Array.from(rows.flat());
        const outputs = before + rows.length + after;
        const codes = new Int8Array(values.length);
        const scales = new Float32Array(rows.length);
        quantiseRows(values, inputs, codes, scales);
        const target = new Int8Array(inputs * outputs).fill(99);
        const targetScales = new Float32Array(outputs).fill(99);
        quantiseTransposed(values, inputs, target, targetScales, before);
        for (let channel = 0; channel < outputs; channel++) {
          const row = channel - before;
          const inside = row >= 0 && row < rows.length;
          expect(targetScales[channel]).toBe(inside ? scales[row] : 99);
          for (let input = 0; input < inputs; input++) {
            expect(target[input * outputs + channel]).toBe(inside ? codes[row * inputs + input] : 99);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a known channel', () => {
  const codes = new Int8Array(6);
  const scales = new Float32Array(1);
  quantiseRows(Float32Array.of(-254, 2, 3, 1, 5, -1), 6, codes, scales);
  expect(scales[0]).toBe(2);
  expect([...codes]).toEqual([-127, 1, 2, 0, 2, 0]); // 1.5 -> 2, 0.5 -> 0, 2.5 -> 2, -0.5 -> -0: half to even
});
