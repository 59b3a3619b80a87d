/** Curves as SVG: thin lines, and the letter of each at its points; across in square roots, since points crowd near 0. */
import * as Plot from '@observablehq/plot';
import type { CurvePlot } from '../sections/blocks.ts';
import { BLUE, draw, ORANGE } from './plots.ts';

const HEIGHT = 340;

export function curvePlot({ curves, marks, reference, x, y }: CurvePlot): string {
  const points = curves.flatMap(({ letter, points: own }, curve) =>
    own.map((point) => ({ ...point, letter, curve })),
  );
  const lines = curves.flatMap(({ points: own }, curve) =>
    [{ x: 0, y: reference }, ...own].map((point) => ({ x: point.x, y: point.y, curve })),
  );
  const values = [reference, ...points.map((point) => point.y)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(2, (most - least) * 0.08);
  return draw(
    {
      height: HEIGHT,
      marginBottom: 40,
      marginLeft: 40,
      marginRight: 12,
      marginTop: 24,
      x: { label: x, labelOffset: 36, grid: true, ticks: 5, type: 'sqrt', nice: true },
      y: { label: y, grid: true, ticks: 6, domain: [least - room, most + room] },
      marks: [
        Plot.ruleY([reference], { stroke: 'currentColor', strokeDasharray: '3 3' }),
        Plot.ruleX(marks, { stroke: ORANGE, strokeDasharray: '6 3' }),
        Plot.line(lines, { x: 'x', y: 'y', z: 'curve', stroke: BLUE, strokeOpacity: 0.55 }),
        Plot.text(points, {
          x: 'x',
          y: 'y',
          text: 'letter',
          fill: 'currentColor',
          stroke: 'var(--ground)',
          strokeWidth: 4,
          fontWeight: 600,
        }),
      ],
    },
    `${y} by ${x}`,
  );
}
