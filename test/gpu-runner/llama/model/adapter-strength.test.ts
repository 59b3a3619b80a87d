/** An adapter at another strength: its change of every weight times a number, and nothing else. */
import { describe, expect, it } from 'vitest';
import { atStrength } from '../../../../gpu-runner/llama/model/adapter-strength.ts';
import {
  adapterFromVector,
  adapterLayout,
  initialAdapter,
} from '../../../../gpu-runner/llama/model/lora-layout.ts';
import { projections } from '../../../../gpu-runner/llama/model/adapter.ts';
import { normal } from '../../../../shared/random.ts';
import { tinyConfiguration } from '../../algorithms/tiny-model.ts';

const layout = adapterLayout(tinyConfiguration, 3, 5);
const vector = Float32Array.from({ length: layout.length }, (_, index) => 0.1 * normal(7, 1, index));

/** (alpha / rank) B A of every projection of the first layer, in float64. */
function changes(of: Float32Array): Float64Array[] {
  const { rank, alpha, layers } = adapterFromVector(layout, of, true);
  return projections.map((projection) => {
    const pair = layers[0]?.[projection];
    if (pair === undefined) throw new Error(`no ${projection}`);
    const inputs = pair.a.length / rank;
    return Float64Array.from({ length: (pair.b.length / rank) * inputs }, (_, index) => {
      const [output, input] = [Math.floor(index / inputs), index % inputs];
      let sum = 0;
      for (let r = 0; r < rank; r++) {
        sum += (pair.b[output * rank + r] ?? 0) * (pair.a[r * inputs + input] ?? 0);
      }
      return (alpha / rank) * sum;
    });
  });
}

describe('an adapter at a strength', () => {
  it('is itself at 1, to the byte, and leaves what it was given as it was', () => {
    const before = Float32Array.from(vector);
    expect(atStrength(layout, vector, 1)).toEqual(vector);
    atStrength(layout, vector, 0.3);
    expect(vector).toEqual(before);
  });

  it('changes nothing at 0, and keeps its head', () => {
    const none = atStrength(layout, vector, 0);
    for (const change of changes(none)) expect(change.every((value) => value === 0)).toBe(true);
    expect(adapterFromVector(layout, none, true).head).toEqual(adapterFromVector(layout, vector, true).head);
    const untrained = initialAdapter(layout, 1, 1);
    expect(changes(atStrength(layout, untrained, 4))).toEqual(changes(untrained));
  });

  it.each([0.25, 0.5, 2, 8])('%d times the change, without rounding, for a power of two', (strength) => {
    const own = changes(vector);
    changes(atStrength(layout, vector, strength)).forEach((change, place) => {
      expect(change).toEqual(own[place]?.map((value) => strength * value));
    });
  });

  it.each([0.3, 1.5])('%d times the change, to the rounding of float32', (strength) => {
    const own = changes(vector);
    changes(atStrength(layout, vector, strength)).forEach((change, place) => {
      const largest = Math.max(...(own[place] ?? []).map(Math.abs));
      change.forEach((value, index) => {
        expect(Math.abs(value - strength * (own[place]?.[index] ?? Number.NaN))).toBeLessThan(1e-6 * largest);
      });
    });
  });

  it.each([-1, Number.NaN, Infinity])('refuses %d, and a vector of another layout', (strength) => {
    expect(() => atStrength(layout, vector, strength)).toThrow(/must be a finite number from 0/);
    expect(() => atStrength(layout, vector.subarray(1), 1)).toThrow(/its layout/);
  });
});
