/** fp16 and bf16 against their definitions: decoding of every bit pattern, rounding to the nearest, ties to even. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeElements,
  encodeElements,
  firstNotFinite,
} from '../../../../gpu-runner/llama/weights/element-types.ts';

function patterns(): { bytes: Uint8Array; words: Uint16Array } {
  const words = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);
  return { bytes: new Uint8Array(words.buffer), words };
}

/** The definition of an IEEE-like number with `fractionBits` below its exponent. */
function definition(bits: number, exponentBits: number, fractionBits: number): number {
  const text = bits.toString(2).padStart(16, '0');
  const exponent = Number.parseInt(text.slice(1, 1 + exponentBits), 2);
  const fraction = Number.parseInt(text.slice(1 + exponentBits), 2) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = text[0] === '1' ? -1 : 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

describe.each([
  { dtype: 'F16', exponentBits: 5, fractionBits: 10 },
  { dtype: 'BF16', exponentBits: 8, fractionBits: 7 },
] as const)('$dtype', ({ dtype, exponentBits, fractionBits }) => {
  const { bytes, words } = patterns();
  const decoded = decodeElements(dtype, bytes);

  test('decodes all 65,536 bit patterns as defined', () => {
    const wrong = words.filter(
      (bits) => !Object.is(decoded[bits], definition(bits, exponentBits, fractionBits)),
    );
    expect([...wrong]).toEqual([]);
  });

  test('encodes every number of its own to the same bits', () => {
    const numbers = words.filter((bits) => !Number.isNaN(decoded[bits]));
    const encoded = encodeElements(
      dtype,
      Float32Array.from(numbers, (bits) => decoded[bits] ?? 0),
    );
    expect(new Uint16Array(encoded.buffer)).toEqual(numbers);
  });

  test('NaN stays NaN', () => {
    expect(decodeElements(dtype, encodeElements(dtype, Float32Array.of(NaN)))[0]).toBeNaN();
  });

  test('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -60_000, max: 60_000 }), (value) => {
        const [bits = 0] = new Uint16Array(encodeElements(dtype, Float32Array.of(value)).buffer);
        const error = Math.abs((decoded[bits] ?? NaN) - value);
        for (const other of [bits - 1, bits + 1]) {
          const distance = Math.abs((decoded[other & 0xffff] ?? NaN) - value);
          if (Number.isNaN(distance)) continue;
          expect(error).toBeLessThanOrEqual(distance);
          const isTie = error === distance && error > 0;
          expect(isTie && bits % 2 === 1).toBe(false);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test('elements at an odd byte are read as well', () => {
  const values = Float32Array.of(1.5, -2.25);
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    const shifted = Uint8Array.of(0, ...encodeElements(dtype, values)).subarray(1);
    expect(decodeElements(dtype, shifted)).toEqual(values);
  }
});

test('the first number that is not finite is found', () => {
  expect(firstNotFinite(Float32Array.of(1, -3.4e38, 0))).toBe(-1);
  expect(firstNotFinite(Float32Array.of(1, NaN, Infinity))).toBe(1);
  expect(firstNotFinite(Float32Array.of(-Infinity))).toBe(0);
});
