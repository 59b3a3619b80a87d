import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDimensions,
  broadcastShapes,
  canonical,
  type Dimension,
  elementCount,
  multiplyDimensions,
  subtractDimensions,
} from '../../../gpu-runner/tensor/dimension.ts';

const NAMES = ['batch', 'time', 'past'] as const;

/** A dimension's size for given sizes of the names, by the text alone. */
function evaluate(dimension: Dimension, sizes: readonly number[]): number {
  if (typeof dimension === 'number') return dimension;
  return dimension
    .replaceAll('-', '+-')
    .split('+')
    .filter((term) => term !== '')
    .map((term) => {
      const factors = term.replace('-', '').split('*');
      const product = factors.map(
        (factor) => sizes[NAMES.findIndex((name) => name === factor)] ?? Number(factor),
      );
      return (term.startsWith('-') ? -1 : 1) * product.reduce((a, b) => a * b, 1);
    })
    .reduce((a, b) => a + b, 0);
}

const factor = fc.oneof(fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 5 }).map(String));
const dimensions = fc
  .array(fc.array(factor, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 })
  .map((terms) => terms.map((factors) => factors.join('*')).join('+'));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 3, maxLength: 3 });

describe('symbolic dimensions', () => {
  it('calculate as their sizes do', () => {
    fc.assert(
      fc.property(dimensions, dimensions, sizes, (a, b, values) => {
        const [left, right] = [evaluate(a, values), evaluate(b, values)];
        expect(evaluate(canonical(a), values)).toBe(left);
        expect(evaluate(addDimensions(a, b), values)).toBe(left + right);
        expect(evaluate(multiplyDimensions(a, b), values)).toBe(left * right);
        expect(canonical(subtractDimensions(addDimensions(a, b), b))).toBe(canonical(a));
      }),
    );
  });

  it('have one spelling', () => {
    expect(canonical('time*batch')).toBe('batch*time');
    expect(canonical('2*3*time + 1 + batch')).toBe('batch+6*time+1');
    expect(canonical('time-1+1')).toBe('time');
    expect(elementCount(['time', 2, 'batch', 3])).toBe('6*batch*time');
    expect(subtractDimensions('time', 'time')).toBe(0);
  });

  it('refuse what is no size', () => {
    for (const bad of ['', 'a b*', 'a**b', 'a(b)', '1.5', '3-5', -1, 0.5, Number.NaN]) {
      expect(() => canonical(bad), String(bad)).toThrow(Error);
    }
  });

  it('broadcast as numpy, and say what does not', () => {
    expect(broadcastShapes('Add', ['batch', 1, 3], ['time', 1])).toEqual(['batch', 'time', 3]);
    expect(broadcastShapes('Add', [], [2])).toEqual([2]);
    expect(() => broadcastShapes('Add', ['batch', 3], ['time', 3])).toThrow(
      'Add: shapes [batch, 3] and [time, 3] do not broadcast: dimension batch against time',
    );
  });
});
