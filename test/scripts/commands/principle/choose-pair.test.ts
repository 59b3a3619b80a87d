/** Which pair of affixes is written, by what a person types at the question. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeContrast } from '../../../../gpu-runner/algorithms/contrast/describe-contrast.ts';
import { answered } from '../../../../scripts/commands/principle/choose-pair.ts';

function found(name: string) {
  const side = { text: `said by ${name}`, tokens: 3, refused: null, truncated: false, nats: 1 };
  const answers = [{ prompt: 'p', positive: side, negative: side }];
  return {
    pair: { positive: `(${name})`, negative: `(not ${name})`, by: 'template' },
    measured: { ...describeContrast(answers), leftOut: undefined, rates: { sampled: 1, read: 1 } },
  } as const;
}

/** Types these one after another. */
async function typed(...words: string[]) {
  const shown = vi.spyOn(console, 'error').mockImplementation(() => {});
  const asked: string[] = [];
  const pair = await answered([found('kind'), found('brief')], 1, async (question) => {
    asked.push(question);
    return words.shift() ?? '';
  });
  return { pair: pair?.positive ?? null, asked, shown: shown.mock.calls.flat().join('\n') };
}

describe('the pair that is taken', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is the offered one at a yes, and none at anything else', async () => {
    expect((await typed('y')).pair).toBe('(brief)');
    expect((await typed(' Yes ')).pair).toBe('(brief)');
    for (const word of ['', 'n', 'yesterday', '0', '3', '-1', '1.5']) {
      expect((await typed(word)).pair, word).toBeNull();
    }
  });

  it('is another one, whose answers are shown before it is asked of again', async () => {
    const { pair, asked, shown } = await typed('1', 'y');
    expect(pair).toBe('(kind)');
    expect(asked).toEqual([
      'Use 2, (brief) against (not brief)? [y/N, or the number of another] ',
      'Use 1, (kind) against (not kind)? [y/N, or the number of another] ',
    ]);
    expect(shown.indexOf('said by brief')).toBeLessThan(shown.indexOf('said by kind'));
  });
});
