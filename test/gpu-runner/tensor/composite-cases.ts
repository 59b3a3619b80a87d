/** Gradient cases of the composites. */
import { rmsNorm, rotary } from '../../../gpu-runner/tensor/composites.ts';
import { at, fold, map, type NumberArray, sum, tabulate } from '../../oracle/array.ts';
import { argument, type GradientCase, MISSING, value } from './gradient-case.ts';

/** Rotates pairs of the last axis: x [batch, heads, time, size]. */
function rotated(
  x: NumberArray,
  angles: NumberArray,
  positions: NumberArray,
  interleaved: boolean,
): NumberArray {
  const half = (x.shape[3] ?? 0) / 2;
  return tabulate(x.shape, ([b = 0, h = 0, t = 0, i = 0]) => {
    const pair = interleaved ? Math.floor(i / 2) : i % half;
    const second = interleaved ? i % 2 === 1 : i >= half;
    const partner = interleaved ? i + (second ? -1 : 1) : i + (second ? -half : half);
    const angle = at(angles, [at(positions, [b, t]), pair]);
    const [self, other] = [at(x, [b, h, t, i]), at(x, [b, h, t, partner])];
    return Math.cos(angle) * self + (second ? 1 : -1) * Math.sin(angle) * other;
  });
}

function rotaryCase(interleaved: boolean): GradientCase {
  return {
    covers: ['Rotary'],
    knownSizes: true,
    name: interleaved ? 'Rotary, interleaved pairs' : 'Rotary, halves',
    float32Only: true,
    make: (draws) => {
      const [batch, heads, time, size] = [draws.integer(1, 2), draws.integer(1, 3), draws.integer(1, 4), 6];
      const angles = draws.array([9, size / 2]);
      const positions = tabulate([batch, time], () => draws.integer(0, 8));
      return {
        arguments_: [draws.array([batch, heads, time, size])],
        build: (values, graph) =>
          rotary(value(values, 0), {
            positions: graph.constant('int64', [...positions.data], [batch, time]),
            cosine: graph.constant('float32', [...map(Math.cos, angles).data], angles.shape),
            sine: graph.constant('float32', [...map(Math.sin, angles).data], angles.shape),
            interleaved,
          }),
        oracle: (arrays) => rotated(argument(arrays, 0), angles, positions, interleaved),
      };
    },
  };
}

export const COMPOSITE_CASES: readonly GradientCase[] = [
  {
    covers: ['RmsNorm'],
    name: 'RmsNorm',
    make: (draws) => {
      const [batch, time, size] = [draws.integer(1, 2), draws.integer(1, 3), draws.integer(4, 8)];
      return {
        arguments_: [draws.array([batch, time, size]), draws.array([size])],
        build: (values) => rmsNorm(value(values, 0), value(values, 1), 1e-5),
        oracle: ([x = MISSING, weight = MISSING]) => {
          const mean = fold(
            x,
            [2],
            true,
            (elements) => sum(elements.map((element) => element ** 2)) / elements.length,
          );
          return map((a, m, w) => (a / Math.sqrt(m + 1e-5)) * w, x, mean, weight);
        },
      };
    },
  },
  rotaryCase(true),
  rotaryCase(false),
];
