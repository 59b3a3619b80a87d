/** The cells of docs/results/coverage.md that take seconds, drawn anew by the same seeds: what stands there is what comes out. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { percent } from '../../../shared/report/figures.ts';
import { CELLS } from './cells.ts';
import { measure } from './measure.ts';

const SEED = 1;
const document = readFileSync(new URL('../../../docs/results/coverage.md', import.meta.url), 'utf8');
console.log(`coverage: seed ${SEED}`);

describe('nominal 95 % intervals', () => {
  it.each(['Corrected win rate, a judge that ties in 40 %', 'Win rate at equal length'])(
    'hold the truth in 93 to 98 of 100, as the table says: %s',
    (table) => {
      const lines = document
        .slice(document.indexOf(`## ${table}\n`))
        .split('\n## ')[0]
        ?.replaceAll('**', '');
      const own = [...CELLS.entries()].filter(
        ([, cell]) => cell.table === table && cell.column.includes('2 seeds'),
      );
      for (const [index, cell] of own.slice(0, 8)) {
        const { coverage, meanWidth } = measure(cell, index, SEED, 1000);
        expect(coverage).toBeGreaterThanOrEqual(0.93);
        expect(coverage).toBeLessThanOrEqual(0.98);
        expect(lines).toContain(`${percent(coverage)} (${meanWidth.toFixed(2)})`);
      }
    },
  );
});
