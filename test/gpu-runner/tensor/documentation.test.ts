import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMPOSITE_FORMULAS } from '../../../gpu-runner/tensor/composites.ts';
import { GRADIENT_RULES } from '../../../gpu-runner/tensor/gradient.ts';

/** Rows of the table under a heading cell, as [name, formula]. */
function tableRows(document: string, heading: string): [string, string][] {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.replaceAll(' ', '').startsWith(`|${heading}|gradient|`));
  const rest = lines.slice(start + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) => {
    const [, name = '', formula = ''] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
    return [name, formula];
  });
}

describe('docs/engine.md', () => {
  const document = readFileSync(new URL('../../../docs/engine.md', import.meta.url), 'utf8');

  it('has the gradient table of the source', () => {
    expect(tableRows(document, 'operator')).toEqual(
      Object.entries(GRADIENT_RULES).map(([name, { formula }]) => [name, formula]),
    );
  });

  it('has the composites of the source', () => {
    expect(tableRows(document, 'composite')).toEqual(Object.entries(COMPOSITE_FORMULAS));
  });
});
