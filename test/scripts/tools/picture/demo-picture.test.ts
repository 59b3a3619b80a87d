/** The README's picture: every figure of the result in it, the chosen cell marked, one well-formed SVG. */
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { demoPicture } from '../../../../scripts/tools/picture/demo-picture.ts';
import { demoResult } from '../../../../scripts/tools/picture/demo-result.ts';

const interval = { lower: 0.6, upper: 0.8, confidence: 0.95 };
const cells = [
  [0.02, 8, 0.1],
  [0.02, 15, 0.4],
  [0.1, 8, 0.2],
  [0.1, 15, 0.3],
] as const;
const result = demoResult.parse({
  format: 'rlcd-demo-1',
  resultSha256: 'x',
  result: {
    principle: 'kind & <gentle>',
    scale: 'small',
    seed: 7,
    experiments: [
      {
        method: 'rlcd',
        results: {
          judge: [
            {
              judgements: [
                {
                  judge: 'sentiment',
                  n: 400,
                  winRate: 0.7,
                  interval,
                  lengthControlled: { rate: 0.65, interval },
                },
              ],
            },
          ],
          select: [
            {
              chosen: { klCoefficient: 0.02, steps: 15 },
              table: cells.map(([klCoefficient, steps, meanReward]) => ({
                klCoefficient,
                steps,
                meanReward,
                kl: 3.25,
              })),
            },
          ],
        },
      },
      { method: 'base' },
    ],
  },
});

describe('demoPicture', () => {
  const svg = demoPicture(result);
  const { document } = parseHTML(`<html><body>${svg}</body></html>`);

  it('shows the grid with its figures and marks the chosen cell alone', () => {
    const text = document.body.textContent ?? '';
    for (const [, , reward] of cells) expect(text).toContain(reward.toFixed(2));
    expect(text.match(/•/g)).toHaveLength(2); // the legend and the cell
    expect(text).toContain('KL 3.3 •');
    expect(text).toContain('400 test prompts');
  });

  it('places both rates, and escapes what it is given', () => {
    expect(document.querySelectorAll('circle')).toHaveLength(2);
    expect(svg).toContain('kind &amp; &lt;gentle&gt;');
    expect(document.querySelectorAll('script')).toHaveLength(0);
    expect(demoPicture(result)).toBe(svg);
  });

  it('refuses what is no result of the demo', () => {
    expect(() => demoResult.parse({ format: 'rlcd-report-1' })).toThrow('format');
  });
});
