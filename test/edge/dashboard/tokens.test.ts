/** Tokens of a sample: their texts make up the response whatever a runner tells, and each has the class of its figures. */
import { assert, array, integer, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  levelOf,
  likelihood,
  meanOf,
  SCALES,
  titleOf,
  tokensOf,
} from '../../../edge/dashboard/components/token-levels.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');
const detailOf = (ends: readonly number[]) => ({
  tokens: {
    ends,
    logProbabilities: ends.map(() => -1),
    referenceLogProbabilities: ends.map(() => -2),
  },
});
const token = (policy: number, base = policy) => ({ text: 'a', policy, base });

describe('tokens of a sample', () => {
  it('cut the response where the runner says, the end token having no text', () => {
    const found = tokensOf({ response: 'They smiled. More', detail: detailOf([4, 11, 12, 12]) });
    expect(found?.tokens.map(({ text }) => text)).toEqual(['They', ' smiled', '.', '']);
    expect(found?.rest).toBe(' More');
    expect(meanOf(found?.tokens ?? [], 'policy')).toBe(-1);
  });

  it('lose no text and cut no character, whatever ends there are', () => {
    assert(
      property(string({ unit: 'grapheme' }), array(integer({ min: 0, max: 30 })), (response, ends) => {
        const found = tokensOf({ response, detail: detailOf(ends) });
        if (found === undefined) return;
        const parts = [...found.tokens.map(({ text }) => text), found.rest];
        expect(parts.join('')).toBe(response);
        expect(parts.every((part) => part.isWellFormed())).toBe(true);
      }),
    );
  });

  it('are none where figures lack, are too many, or lie outside the text', () => {
    const response = 'x'.repeat(10_000);
    const { tokens } = detailOf([1, 2]);
    for (const detail of [
      null,
      {},
      { tokens: 'many' },
      { tokens: { ...tokens, logProbabilities: [-1] } },
      detailOf(Array.from({ length: 513 }, (_, index) => index)),
      detailOf([10_001]),
      detailOf([9000]),
    ]) {
      expect(tokensOf({ response, detail })).toBeUndefined();
    }
  });

  it('have a colour by how likely they were, and by how far the policy has moved', () => {
    const likely = [0, -0.6, -0.7, -2.2, -2.4, -4.5, -4.7, -300];
    expect(likely.map((value) => levelOf(token(value), 'likely'))).toEqual([
      'plain',
      'plain',
      'rare-1',
      'rare-1',
      'rare-2',
      'rare-2',
      'rare-3',
      'rare-3',
    ]);
    const moved = [1.2, 0.5, 0.1, -0.2, -0.5, -1.2];
    expect(moved.map((value) => levelOf(token(value - 2, -2), 'moved'))).toEqual([
      'more-2',
      'more-1',
      'plain',
      'plain',
      'less-1',
      'less-2',
    ]);
    for (const scale of ['likely', 'moved'] as const) {
      const names = SCALES[scale].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('are plain, and say nothing of another model, where that was not asked', () => {
    const alone = token(-1, Number.NaN);
    expect([levelOf(alone, 'model'), levelOf(alone, 'likely')]).toEqual(['plain', 'rare-1']);
    expect(plain(titleOf(alone, 'model'))).toBe('log-probability −1.00 (36.8 %)');
    expect(likelihood(Number.NaN)).toBe('not known');
  });

  it('say their figures in words', () => {
    expect(plain(likelihood(Math.log(0.8)))).toBe('−0.22 (80.0 %)');
    expect(plain(titleOf(token(-1, -2), 'policy'))).toBe(
      'log-probability −1.00 (36.8 %); base model −2.00 (13.5 %); difference +1.00 nats',
    );
  });
});
